"""Sizes and durations as Docker reads and prints them.

Docker prints sizes of images in decimal units with three significant digits ("1.84kB", "131MB")
and reads memory in binary ones ("64m" is 64 MiB), as docker/go-units does.
"""

_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_SIZE = r"(\d+(?:\.\d+)?) ?([kmgtp])?i?b?"


def _scaled(value: float, base: float, names: tuple[str, ...], digits: int) -> str:
    index = 0
    while value >= base and index < len(names) - 1:
        value /= base
        index += 1
    return f"{value:.{digits}g}{names[index]}"


def human_size(size_bytes: float, digits: int = 3) -> str:
    """Format bytes in decimal units, as ``docker images`` does: 131000000 is "131MB"."""
    return _scaled(float(size_bytes), 1000.0, _DECIMAL, digits)


def binary_size(size_bytes: float) -> str:
    """Format bytes in binary units, as ``docker stats`` does: 67108864 is "64MiB"."""
    return _scaled(float(size_bytes), 1024.0, _BINARY, 4)


def parse_size(text: str) -> int:
    """Read "64m", "1.5g", "100kb" or "4096" as bytes, with binary multiples.

    Raises:
        ValueError: not a size.
    """
    import re  # 6 ms, which `minidocker ps` need not pay

    match = re.fullmatch(_SIZE, text.strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"invalid size: '{text}'")
    power = " kmgtp".index((match[2] or " ").lower())
    # A float holds 53 bits: whole numbers stay whole.
    count = float(match[1]) if "." in match[1] else int(match[1])
    return int(count * 1024**power)


_STEPS = (  # (below so many seconds, seconds in one unit, what to say), as go-units rounds
    (1, 0, "Less than a second"),
    (2, 0, "1 second"),
    (60, 1, "{} seconds"),
    (120, 0, "About a minute"),
    (3600, 60, "{} minutes"),
    (5400, 0, "About an hour"),
    (48 * 3600, 3600, "{} hours"),
    (14 * 86400, 86400, "{} days"),
    (60 * 86400, 7 * 86400, "{} weeks"),
    (730 * 86400, 30 * 86400, "{} months"),
)


def human_duration(seconds: float) -> str:
    """Say a duration as ``docker ps`` does: "3 hours", "About a minute"."""
    whole = int(seconds)
    for below, unit, words in _STEPS:
        if whole < below:
            if not unit:
                return words
            # go-units rounds hours to the nearest and cuts the others
            count = int(seconds / unit + 0.5) if unit == 3600 else whole // unit
            return words.format(count)
    return f"{whole // (365 * 86400)} years"
