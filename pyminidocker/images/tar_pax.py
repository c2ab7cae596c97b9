"""Numbers and extended headers of tar archives.

See: tar(5), "Numeric Extensions"; POSIX pax, "pax Extended Header".
"""

from collections.abc import Iterator
from functools import lru_cache

from pyminidocker.errors import IntegrityError

XATTR = b"SCHILY.xattr."


@lru_cache(4096)
def number(text: bytes) -> int:
    """Read a number of a header: octal digits, or base 256 when the first bit is set.

    Raises:
        IntegrityError: it is neither.

    See: tar(5), "Numeric Extensions".
    """
    if text[0] & 0x80:
        value = int.from_bytes(text, "big")
        if text[0] & 0x40:  # two's complement over the whole field
            return value - (1 << 8 * len(text))
        return value & ~(0x80 << 8 * (len(text) - 1))
    digits = text.partition(b"\0")[0].strip()
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        raise IntegrityError(f"damaged archive: {text!r} is no number") from None


def decimal(text: bytes) -> int:
    """Read a number of an extended header.

    Raises:
        IntegrityError: it is none.

    See: POSIX pax, "pax Extended Header".
    """
    try:
        return int(text)
    except ValueError:
        raise IntegrityError(f"damaged archive: {text!r} is no number") from None


def records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the records ``length key=value newline`` of a PAX header.

    Raises:
        IntegrityError: they are malformed.

    See: POSIX pax, "pax Extended Header".
    """
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        if space < 0:
            if not data[at:].strip(b"\0"):
                return  # padded with zeros by writers that round up
            raise IntegrityError("damaged archive: a malformed extended header")
        end = at + decimal(data[at:space])
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not equals or not space < end <= len(data) or data[end - 1] != 0x0A:
            raise IntegrityError("damaged archive: a malformed extended header")
        yield key, value
        at = end


def collect(defaults: dict[bytes, bytes], data: bytes) -> dict[bytes, bytes]:
    """Return the keywords of one entry; the pairs of sparse format 0.0 become one map.

    Args:
        defaults: from global headers before it.
        data: the entry's own extended header.

    See: POSIX pax, "pax Extended Header Keyword Precedence".
    """
    found = dict(defaults)
    offset = b""
    pairs: list[bytes] = []
    for key, value in records(data):
        if key == b"GNU.sparse.offset":
            offset = value
        elif key == b"GNU.sparse.numbytes":
            pairs += (offset, value)
        elif not value and not key.startswith(XATTR):
            found.pop(key, None)  # an empty value takes a global one back
        else:
            found[key] = value
    if pairs:
        found[b"GNU.sparse.map"] = b",".join(pairs)
    return found


def nanoseconds(text: bytes) -> int:
    """Read a PAX time, exactly: a float would lose the last digits.

    See: POSIX pax, "pax Extended Header File Times".
    """
    whole, _, fraction = text.partition(b".")
    nanoseconds = decimal(whole or b"0") * 10**9
    part = decimal(fraction[:9].ljust(9, b"0")) if fraction else 0
    return nanoseconds - part if text.startswith(b"-") else nanoseconds + part
