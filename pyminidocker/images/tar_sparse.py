"""The maps of sparse files in tar archives: which parts are stored, in four different formats.

See: GNU tar manual, "Storing Sparse Files" (old GNU format and PAX formats 0.0, 0.1 and 1.0).
"""

from collections.abc import Callable, Iterable

from pyminidocker.errors import IntegrityError

_BLOCK = 512
# Each part is a number pair in memory; a file in more pieces than this is no honest one.
_PARTS_MAX = 1 << 18
_DIGITS_MAX = 20
_IN_HEADER = (386, 4)  # where the first parts are, and how many
_IN_EXTENSION = (0, 21)
_MORE_IN_HEADER, _MORE_IN_EXTENSION = 482, 504
_REAL_SIZE = slice(483, 495)

Parts = list[tuple[int, int]]
Take = Callable[[int], bytes]


def _number(text: bytes) -> int:
    if text[:1] >= b"\x80":
        return int.from_bytes(text[-8:], "big") & 0x7FFF_FFFF_FFFF_FFFF
    digits = text.strip(b" \0")
    if digits.strip(b"01234567"):
        raise IntegrityError("damaged archive: a malformed map of a sparse file")
    return int(digits or b"0", 8)


def _checked(numbers: "Iterable[tuple[int, int]]", last: int | None = None) -> Parts:
    """Return the parts; they must follow each other."""
    parts: Parts = []
    end = 0
    for offset, size in numbers:
        if offset < end or size < 0 or offset + size >= 1 << 63:
            raise IntegrityError("damaged archive: the parts of a sparse file overlap")
        end = offset + size
        parts.append((offset, size))
    if last is not None and end > last:
        raise IntegrityError("damaged archive: the map of a sparse file does not fit it")
    return parts


def gnu_map(block: bytes, take: Take, stored: int) -> tuple[int, Parts]:
    """Read the old GNU format: parts in the header, and in blocks behind it.

    Args:
        block: the header.
        take: gives the next bytes of the archive.
        stored: bytes of content.

    Returns:
        The file's real size and its parts.

    Raises:
        IntegrityError: the map makes no sense.
    """
    pairs: list[tuple[int, int]] = []
    start, count = _IN_HEADER
    more = block[_MORE_IN_HEADER]
    size = _number(block[_REAL_SIZE])
    while True:
        pairs += [
            (_number(block[at : at + 12]), _number(block[at + 12 : at + 24]))
            for at in range(start, start + 24 * count, 24)
            if block[at]
        ]
        if not more:
            break
        block = take(_BLOCK)
        if len(block) < _BLOCK or len(pairs) > _PARTS_MAX:
            raise IntegrityError("damaged archive: the map of a sparse file is cut off or too long")
        start, count = _IN_EXTENSION
        more = block[_MORE_IN_EXTENSION]
    parts = _checked(pairs, size)
    if sum(length for _, length in parts) != stored:
        raise IntegrityError("damaged archive: the map of a sparse file does not fit it")
    return size, parts


def pax_map(extended: dict[bytes, bytes]) -> Parts | None:
    """Read the formats 0.0 and 0.1: the map is a keyword; None when there is none.

    Raises:
        IntegrityError: the map makes no sense.
    """
    text = extended.get(b"GNU.sparse.map")
    if text is None:
        return None
    fields = text.split(b",") if text else []
    if len(fields) % 2 or len(fields) > 2 * _PARTS_MAX:
        raise IntegrityError("damaged archive: a malformed map of a sparse file")
    return _checked(_pairs([_decimal(field) for field in fields]))


def pax_map_in_content(take: Take, stored: int) -> tuple[Parts, int]:
    """Read the format 1.0: decimal lines in front of the content, padded to a block.

    Args:
        take: gives the next bytes of the archive.
        stored: bytes of content, the map among them.

    Returns:
        The parts, and how many bytes of the content were the map.

    Raises:
        IntegrityError: the map makes no sense.
    """
    used = 0
    text = b""
    numbers: list[int] = []
    wanted = 1
    while len(numbers) < wanted:
        line, newline, rest = text.partition(b"\n")
        if newline:
            numbers.append(_decimal(line))
            text = rest
            if len(numbers) == 1:
                wanted = 1 + 2 * numbers[0]
                if numbers[0] > _PARTS_MAX:
                    raise IntegrityError("damaged archive: the map of a sparse file is too long")
            continue
        block = take(_BLOCK) if used + _BLOCK <= stored and len(text) <= _DIGITS_MAX else b""
        if len(block) < _BLOCK:
            raise IntegrityError("damaged archive: the map of a sparse file is cut off")
        used += _BLOCK
        text += block
    return _checked(_pairs(numbers[1:])), used


def _pairs(numbers: list[int]) -> Iterable[tuple[int, int]]:
    return zip(numbers[::2], numbers[1::2], strict=True)


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > _DIGITS_MAX:
        raise IntegrityError("damaged archive: a malformed map of a sparse file")
    return int(text)
