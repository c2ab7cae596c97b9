"""How nft(8) writes values: addresses, ports, names of states and protocols.

A *kind* names what the bytes of a register mean; nft's own word for it is data type.

See: nft(8) "Data types"; ip-route(8) for address types.
"""

import socket
import sys
from collections.abc import Callable

_PROTOCOLS = {
    1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 47: "gre", 50: "esp",
    51: "ah", 58: "ipv6-icmp", 108: "ipcomp", 132: "sctp", 136: "udplite",
}  # fmt: skip
_NFPROTOS = {2: "ipv4", 10: "ipv6"}
_ADDRESS_TYPES = {
    0: "unspec", 1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast",
    6: "blackhole", 7: "unreachable", 8: "prohibit",
}  # fmt: skip
_ETHER_TYPES = {0x0800: "ip", 0x0806: "arp", 0x86DD: "ip6", 0x8100: "8021q"}
_PACKET_TYPES = {0: "host", 1: "broadcast", 2: "multicast", 3: "other"}
_ICMP_TYPES = {
    0: "echo-reply", 3: "destination-unreachable", 4: "source-quench", 5: "redirect",
    8: "echo-request", 9: "router-advertisement", 10: "router-solicitation", 11: "time-exceeded",
    12: "parameter-problem", 13: "timestamp-request", 14: "timestamp-reply", 15: "info-request",
    16: "info-reply", 17: "address-mask-request", 18: "address-mask-reply",
}  # fmt: skip
_ICMPV6_TYPES = {
    1: "destination-unreachable", 2: "packet-too-big", 3: "time-exceeded", 4: "parameter-problem",
    128: "echo-request", 129: "echo-reply", 130: "mld-listener-query", 131: "mld-listener-report",
    132: "mld-listener-done", 133: "nd-router-solicit", 134: "nd-router-advert",
    135: "nd-neighbor-solicit", 136: "nd-neighbor-advert", 137: "nd-redirect",
    138: "router-renumbering", 143: "mld2-listener-report",
}  # fmt: skip
# Bits in the order in which nft(8) writes them.
CT_STATES = ((1, "invalid"), (8, "new"), (2, "established"), (4, "related"), (64, "untracked"))
_CT_STATUSES = (
    (1, "expected"), (2, "seen-reply"), (4, "assured"), (8, "confirmed"), (16, "snat"),
    (32, "dnat"), (512, "dying"),
)  # fmt: skip
_TCP_FLAGS = (
    (1, "fin"), (2, "syn"), (4, "rst"), (8, "psh"), (16, "ack"), (32, "urg"), (64, "ecn"),
    (128, "cwr"),
)  # fmt: skip
_CT_DIRECTIONS = {0: "original", 1: "reply"}

# Kinds that are sets of bits, and those whose bytes are in the machine's order.
BITS = {"ct_state": CT_STATES, "ct_status": _CT_STATUSES, "tcp_flag": _TCP_FLAGS}
_NATIVE = frozenset(
    ("ct_state", "ct_status", "mark", "ifindex", "fib_addrtype", "native", "iftype")
)
# nft(8)'s numbers of data types, as sets have them.
SET_KINDS = {
    2: "nfproto", 4: "integer", 7: "ipv4_addr", 8: "ipv6_addr", 9: "ether_addr", 10: "ether_type",
    12: "inet_proto", 13: "inet_service", 14: "icmp_type", 15: "tcp_flag", 19: "mark",
    20: "ifindex", 26: "ct_state", 28: "ct_status", 29: "icmpv6_type", 31: "pkt_type",
    38: "fib_addrtype", 41: "ifname",
}  # fmt: skip
KIND_BYTES = {
    "nfproto": 1, "ipv4_addr": 4, "ipv6_addr": 16, "ether_addr": 6, "ether_type": 2,
    "inet_proto": 1, "inet_service": 2, "icmp_type": 1, "icmpv6_type": 1, "tcp_flag": 1, "mark": 4,
    "ifindex": 4, "ct_state": 4, "ct_status": 4, "pkt_type": 1, "fib_addrtype": 4, "ifname": 16,
}  # fmt: skip
_TYPE_BITS = 6


def number_of(kind: str, value: bytes) -> int:
    """Return the number in a register's bytes."""
    return int.from_bytes(value, sys.byteorder if kind in _NATIVE else "big")


def _named(table: dict[int, str]) -> Callable[[int], str]:
    return lambda number: table.get(number, str(number))


def _link(number: int) -> str:
    try:
        return f'"{socket.if_indextoname(number)}"'
    except OSError:
        return str(number)


_NUMBER_WRITERS: dict[str, Callable[[int], str]] = {
    "ct_dir": _named(_CT_DIRECTIONS),
    "ether_type": _named(_ETHER_TYPES),
    "fib_addrtype": _named(_ADDRESS_TYPES),
    "icmp_type": _named(_ICMP_TYPES),
    "icmpv6_type": _named(_ICMPV6_TYPES),
    "ifindex": _link,
    "inet_proto": _named(_PROTOCOLS),
    "mark": lambda number: f"0x{number:08x}",
    "nfproto": _named(_NFPROTOS),
    "pkt_type": _named(_PACKET_TYPES),
    "raw": lambda number: f"0x{number:x}",
}


def write_bits(kind: str, number: int) -> str:
    """Write a number as names of its bits, ``established,related``."""
    names = [name for bit, name in BITS[kind] if number & bit]
    known = sum(bit for bit, _ in BITS[kind])
    if number & ~known:
        names.append(f"0x{number & ~known:x}")
    return ",".join(names) or "0x0"


def write(kind: str, value: bytes) -> str:
    """Write a value as nft(8) does."""
    if kind == "ipv4_addr" and len(value) == 4:
        return socket.inet_ntop(socket.AF_INET, value)
    if kind == "ipv6_addr" and len(value) == 16:
        return socket.inet_ntop(socket.AF_INET6, value)
    if kind == "ether_addr":
        return ":".join(f"{byte:02x}" for byte in value)
    if kind == "ifname":
        name = value.split(b"\0", 1)[0].decode(errors="replace")
        return f'"{name}"' if b"\0" in value or len(value) == 16 else f'"{name}*"'
    number = number_of(kind, value)
    if kind in BITS:
        return write_bits(kind, number)
    return _NUMBER_WRITERS.get(kind, str)(number)


def prefix_of(mask: bytes) -> int:
    """Return the prefix length that a mask stands for, or -1 if its ones are not together."""
    bits = "".join(f"{byte:08b}" for byte in mask)
    ones = bits.rstrip("0")
    return len(ones) if "0" not in ones else -1


def split_type(number: int) -> list[str]:
    """Return the kinds of a set's key: several for a key of several parts."""
    kinds: list[str] = []
    while number:
        kinds.insert(0, SET_KINDS.get(number & ((1 << _TYPE_BITS) - 1), "raw"))
        number >>= _TYPE_BITS
    return kinds


def split_key(kinds: list[str], key: bytes) -> list[bytes]:
    """Take the key of a set's element apart; each part begins at a multiple of four bytes."""
    if len(kinds) == 1:
        return [key]
    parts, offset = [], 0
    for kind in kinds:
        length = KIND_BYTES.get(kind, len(key) - offset)
        parts.append(key[offset : offset + length])
        offset += (length + 3) & ~3
    return parts


def write_interval(kind: str, first: bytes, after: bytes) -> str:
    """Write what lies from ``first`` up to but not including ``after`` (empty: up to the end)."""
    begin = int.from_bytes(first, "big")
    end = int.from_bytes(after, "big") if any(after) else 1 << len(first) * 8
    size = end - begin
    if size == 1:
        return write(kind, first)
    if size & (size - 1) == 0 and begin % size == 0 and kind in ("ipv4_addr", "ipv6_addr"):
        return f"{write(kind, first)}/{len(first) * 8 - size.bit_length() + 1}"
    last = (end - 1).to_bytes(len(first), "big")
    return f"{write(kind, first)}-{write(kind, last)}"


def write_time(seconds: float) -> str:
    """Write a time as ``1h30m``."""
    words, rest = "", int(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, rest = divmod(rest, size)
        words += f"{count}{unit}" if count else ""
    return words or f"{int(seconds * 1000)}ms"
