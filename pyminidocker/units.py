"""Sizes and durations as Docker and Go read and print them.

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


def whole_number(text: str) -> int:
    """Read ASCII digits as a number; -1 when it is anything else, or has more than 18 of them.

    int() takes digits of all scripts, and refuses 4301 of them with an error of its own.
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else -1


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


_DIGITS = "0123456789."
_NANOSECONDS = {
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
    "m": 60_000_000_000, "h": 3_600_000_000_000,
}  # fmt: skip


def parse_duration(text: str) -> int:
    """Read Go's "1h30m", "10s", "1.5ms" or "0" as nanoseconds.

    Raises:
        ValueError: not a duration, in the words of time.ParseDuration.
    """
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    wrong = ValueError(f'time: invalid duration "{text}"')
    if not rest or len(rest) > 100:
        raise wrong
    total = 0
    while rest:
        after = rest.lstrip(_DIGITS)
        whole, _, fraction = rest[: len(rest) - len(after)].partition(".")
        if not (whole + fraction).isdecimal():
            raise wrong
        end = next((i for i, letter in enumerate(after) if letter in _DIGITS), len(after))
        unit, rest = after[:end], after[end:]
        if unit not in _NANOSECONDS:
            told = f'unknown unit "{unit}"' if unit else "missing unit"
            raise ValueError(f'time: {told} in duration "{text}"')
        scale = _NANOSECONDS[unit]
        total += int(whole or "0") * scale + int(fraction or "0") * scale // 10 ** len(fraction)
    if total >= 1 << 63:
        raise wrong
    return -total if text[0] == "-" else total


def go_duration(nanoseconds: int) -> str:
    """Write a duration as Go does: "1m30s", "1.5s", "250ms", "0s"."""
    sign, left = ("-" if nanoseconds < 0 else ""), abs(nanoseconds)
    if left < _NANOSECONDS["s"]:
        unit = next((u for u in ("ms", "µs", "ns") if left >= _NANOSECONDS[u]), "s")
        return f"{sign}{_decimal(left, _NANOSECONDS[unit])}{unit}"
    hours, left = divmod(left, _NANOSECONDS["h"])
    minutes, left = divmod(left, _NANOSECONDS["m"])
    text = f"{hours}h" if hours else ""
    text += f"{minutes}m" if hours or minutes else ""
    return f"{sign}{text}{_decimal(left, _NANOSECONDS['s'])}s"


def _decimal(value: int, scale: int) -> str:
    """Return ``value / scale`` exactly, without trailing zeros; ``scale`` is a power of ten."""
    whole, rest = divmod(value, scale)
    fraction = f"{rest:0{len(str(scale)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)
