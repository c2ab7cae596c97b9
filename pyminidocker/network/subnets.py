"""Which subnet a network gets when nobody says, and which subnets cannot live side by side.

Docker's default address pools: 172.17.0.0/16 to 172.31.0.0/16, of which the first is docker0's,
then 192.168.0.0/20 to 192.168.240.0/20.  IPv6 networks without a subnet get a /64 of their own out
of the unique local addresses (RFC 4193), derived from the network's id.
"""

from collections.abc import Iterable, Iterator

from pyminidocker.errors import PermissionDenied, SystemFailure
from pyminidocker.network.ipam import format_ip, parse_network

_ULA = 0xFD << 120


def default_pools() -> Iterator[str]:
    """Yield Docker's default subnets, as CIDR text, in its order."""
    for second in range(18, 32):
        yield f"172.{second}.0.0/16"
    for third in range(0, 256, 16):
        yield f"192.168.{third}.0/20"


def overlap(first: str, second: str) -> bool:
    """Tell whether two subnets (CIDR, either family) have an address in common."""
    a, b = parse_network(first), parse_network(second)
    if a.bits != b.bits:
        return False
    shift = a.bits - min(a.prefix, b.prefix)
    return a.base >> shift == b.base >> shift


def check_free(subnet: str, taken: Iterable[str]) -> None:
    """Refuse a subnet that overlaps with one that is in use.

    Args:
        subnet: CIDR text.
        taken: the subnets of the other networks.

    Raises:
        PermissionDenied: moby's "Pool overlaps with other one on this address space" (403).
    """
    for other in taken:
        if overlap(subnet, other):
            raise PermissionDenied(
                "Pool overlaps with other one on this address space",
                hint=f"{subnet} overlaps with {other}; leave --subnet out to get a free one",
            )


def choose_subnet(taken: Iterable[str]) -> str:
    """Return the first of Docker's default subnets that overlaps with none in ``taken``.

    Raises:
        SystemFailure: moby's words (and its 500) when there is none left.
    """
    used = list(taken)
    for candidate in default_pools():
        if not any(overlap(candidate, other) for other in used):
            return candidate
    raise SystemFailure(
        "could not find an available, non-overlapping IPv4 address pool among the defaults to"
        " assign to the network",
        hint="remove a network you no longer need ('minidocker network prune'), or give --subnet",
    )


def choose_subnet6(network_id: str, taken: Iterable[str]) -> str:
    """Return a unique local /64 for a network, the same each time for the same id.

    Args:
        network_id: hex digits, at least 14.
        taken: subnets in use; should ours be among them, the next free one is taken.
    """
    used = list(taken)
    number = int(network_id[:14], 16)
    while True:
        candidate = f"{format_ip(_ULA | number << 64, 128)}/64"
        if not any(overlap(candidate, other) for other in used):
            return candidate
        number = (number + 1) & 0xFFFFFFFFFFFFFF
