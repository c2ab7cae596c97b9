"""Netlink attributes read: type, length, value, one behind the other, nested in each other.

See: netlink(7); ``struct nlattr`` in linux/netlink.h.
"""

import struct
from collections.abc import Iterator

_HEADER = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER
_NETFILTER_HEADERS_BYTES = 20  # struct nlmsghdr, struct nfgenmsg
_FAMILY_OFFSET = 16

Attributes = dict[int, bytes]


def each(data: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (type, value) of every attribute from ``offset`` on; what is cut off ends it."""
    while offset + 4 <= len(data):
        length, kind = _HEADER.unpack_from(data, offset)
        if length < 4:
            return
        yield kind & _TYPE_MASK, data[offset + 4 : offset + length]
        offset += (length + 3) & ~3


def parse(data: bytes, offset: int = 0) -> Attributes:
    """Return the attributes by type; of several of one type the last."""
    return dict(each(data, offset))


def parse_netfilter(message: bytes) -> Attributes:
    """Return the attributes of a whole nfnetlink message."""
    return parse(message, _NETFILTER_HEADERS_BYTES)


def family(message: bytes) -> int:
    """Return the protocol family of a whole nfnetlink message (``nfgen_family``)."""
    return message[_FAMILY_OFFSET]


def number(value: bytes) -> int:
    """Return a number as netfilter sends it: network byte order, any length."""
    return int.from_bytes(value, "big")


def text(value: bytes) -> str:
    """Return a name without its closing zero."""
    return value.split(b"\0", 1)[0].decode(errors="replace")
