"""Address management: which container has which address of a network's subnet.

Docker's IPAM hands out the lowest free address of the pool, never the network address, the
broadcast address or the gateway.  A container holds its address only while it runs; ``docker
inspect`` of a stopped one shows none.  The same rule here gives lessons the same numbers each time.
"""

import re
import socket
from collections.abc import Iterable
from typing import NamedTuple

from pyminidocker.errors import InvalidArgument, PermissionDenied, Unavailable

DEFAULT_SUBNET = "172.17.0.0/16"
DEFAULT_GATEWAY = "172.17.0.1"

_IPV4 = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})", re.ASCII)
# Room for a network, a broadcast, a gateway and at least one container address.
_LONGEST_PREFIX = 30


def parse_ipv4(text: str) -> int:
    """Read dotted-quad ``text`` as a number.

    Raises:
        InvalidArgument: "invalid IPv4 address: ...".
    """
    match = _IPV4.fullmatch(text)
    if match is None or any(int(part) > 255 for part in match.groups()):
        raise InvalidArgument(f"invalid IPv4 address: {text}")
    first, second, third, fourth = (int(part) for part in match.groups())
    return first << 24 | second << 16 | third << 8 | fourth


def format_ipv4(number: int) -> str:
    """Write a 32-bit number as a dotted quad."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class Network(NamedTuple):
    """A subnet as numbers: first address, prefix length, and the family's width (32 or 128)."""

    base: int
    prefix: int
    bits: int


def parse_ip(text: str) -> tuple[int, int]:
    """Read an address of either family; returns (number, 32 or 128).

    Raises:
        InvalidArgument: it is none.
    """
    if ":" not in text:
        return parse_ipv4(text), 32
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big"), 128
    except OSError:
        raise InvalidArgument(f"invalid IPv6 address: {text}") from None


def format_ip(number: int, bits: int) -> str:
    """Write an address; ``bits`` is 32 or 128."""
    if bits == 32:
        return format_ipv4(number)
    return socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))


def parse_network(text: str) -> Network:
    """Read CIDR ``text`` of either family; bits after the prefix are cut off, as dockerd does.

    Raises:
        InvalidArgument: moby's "Invalid subnet x : invalid CIDR address: x".
    """
    address, slash, length = text.partition("/")
    try:
        number, bits = parse_ip(address)
    except InvalidArgument:
        slash, number, bits = "", 0, 32
    if not slash or not (length.isascii() and length.isdecimal()) or int(length) > bits:
        raise InvalidArgument(
            f"Invalid subnet {text} : invalid CIDR address: {text}",
            hint="write it as 172.20.0.0/16 or fd00:20::/64",
        )
    shift = bits - int(length)
    return Network(number >> shift << shift, int(length), bits)


def parse_subnet(text: str) -> tuple[int, int]:
    """Read CIDR ``text``; returns (network address as a number, prefix length in bits).

    Raises:
        InvalidArgument: not a CIDR, host bits set, or no room for a gateway and a container.
    """
    address, slash, length = text.partition("/")
    if not slash or not length.isdecimal() or int(length) > 32:
        raise InvalidArgument(
            f"invalid subnet {text}: invalid CIDR block notation",
            hint="write it as 172.20.0.0/16",
        )
    network, prefix = parse_ipv4(address), int(length)
    masked = network >> (32 - prefix) << (32 - prefix)
    if masked != network:
        raise InvalidArgument(
            f"invalid subnet {text}: it should be {format_ipv4(masked)}/{prefix}",
            hint="the bits after the prefix length must be zero",
        )
    if prefix > _LONGEST_PREFIX:
        raise InvalidArgument(f"invalid subnet {text}: no room for a gateway and a container")
    return network, prefix


def mac_address(ip: str) -> str:
    """Return the MAC address Docker derives from ``ip``: 172.17.0.2 has 02:42:ac:11:00:02."""
    return f"02:42:{parse_ipv4(ip).to_bytes(4, 'big').hex(':')}"


class Pool:
    """The IPv4 addresses of one network.

    Args:
        subnet: CIDR text such as ``"172.17.0.0/16"``.
        gateway: the bridge's own address; empty takes the first host address.
        network: how errors call the network, e.g. ``"bridge (3f2a...)"``.

    Attributes:
        subnet: the subnet as CIDR text.
        gateway: the bridge's address.
        prefix: prefix length, bits.

    Raises:
        InvalidArgument: not a CIDR, host bits set, gateway outside of the subnet.
    """

    __slots__ = ("_first", "_last", "_lowest", "_taken", "gateway", "network", "prefix", "subnet")

    def __init__(
        self,
        subnet: str = DEFAULT_SUBNET,
        gateway: str = "",
        network: str = "",
        *,
        ip_range: str = "",
        aux_addresses: Iterable[str] = (),
    ) -> None:
        base, self.prefix = parse_subnet(subnet)
        self.subnet = subnet
        self.network = network or subnet
        self._first = base + 1
        self._last = base + (1 << (32 - self.prefix)) - 2
        own = parse_ipv4(gateway) if gateway else self._first
        if not self._first <= own <= self._last:
            raise InvalidArgument(f"no matching subnet for gateway {gateway}")
        self.gateway = format_ipv4(own)
        self._taken = {own}
        self._lowest = self._first  # nothing below is free

    def allocate(self) -> str:
        """Take the lowest free address.

        Raises:
            Unavailable: every address is taken.
        """
        candidate = self._lowest
        while candidate in self._taken:
            candidate += 1
        self._lowest = candidate
        if candidate > self._last:
            raise Unavailable(
                f"no available IPv4 addresses on this network's address pools: {self.network}",
                hint="stop a container of this network, or use a network with a larger subnet",
            )
        self._taken.add(candidate)
        return format_ipv4(candidate)

    def reserve(self, address: str) -> str:
        """Take ``address`` itself (``--ip``, or after an engine restart) and return it.

        Raises:
            InvalidArgument: not an address of the pool.
            PermissionDenied: taken already (moby answers 403).
        """
        number = parse_ipv4(address)
        if not self._first <= number <= self._last:
            raise InvalidArgument(
                f"Requested address is out of range: {address} is not in {self.subnet}"
            )
        if number in self._taken:
            raise PermissionDenied(f"Address already in use: {address}")
        self._taken.add(number)
        return format_ipv4(number)

    def release(self, address: str) -> None:
        """Give ``address`` back; the gateway's and free addresses stay as they are."""
        if not address or address == self.gateway:
            return
        number = parse_ipv4(address)
        self._taken.discard(number)
        if self._first <= number < self._lowest:
            self._lowest = number

    def allocated(self) -> list[str]:
        """Return the taken addresses, lowest first, without the gateway."""
        own = parse_ipv4(self.gateway)
        return [format_ipv4(number) for number in sorted(self._taken) if number != own]
