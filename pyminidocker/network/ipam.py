"""Address management: which container has which address of a network's subnet.

Docker's IPAM hands out the lowest free address of the pool, never the network address, the
broadcast address or the gateway.  A container holds its address only while it runs; ``docker
inspect`` of a stopped one shows none.  The same rule here gives lessons the same numbers each time.
"""

import re
import socket
from collections.abc import Mapping
from typing import NamedTuple

from pyminidocker.errors import InvalidArgument, PermissionDenied, Unavailable
from pyminidocker.units import whole_number

DEFAULT_SUBNET = "172.17.0.0/16"
DEFAULT_GATEWAY = "172.17.0.1"

_IPV4 = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})", re.ASCII)
NO_ADDRESSES: Mapping[str, str] = {}


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

    @property
    def last(self) -> int:
        """The highest address; in IPv4 the one that reaches all."""
        return self.base | (1 << self.bits - self.prefix) - 1

    @property
    def cidr(self) -> str:
        """The subnet as people write it."""
        return f"{format_ip(self.base, self.bits)}/{self.prefix}"


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
    """Read CIDR ``text`` of either family; bits after the prefix are cut off.

    Raises:
        InvalidArgument: moby's "invalid subnet x: invalid CIDR block notation".
    """
    address, slash, length = text.partition("/")
    try:
        number, bits = parse_ip(address)
    except InvalidArgument:
        slash, number, bits = "", 0, 32
    kept = whole_number(length)
    if not slash or not 0 <= kept <= bits:
        raise InvalidArgument(
            f"invalid subnet {text}: invalid CIDR block notation",
            hint="write it as 172.20.0.0/16 or fd00:20::/64",
        )
    shift = bits - kept
    return Network(number >> shift << shift, kept, bits)


def check_subnet(text: str) -> Network:
    """Read CIDR ``text`` of either family; bits after the prefix must be zero.

    Raises:
        InvalidArgument: moby's "invalid subnet 10.0.0.1/8: it should be 10.0.0.0/8".
    """
    network = parse_network(text)
    number, _ = parse_ip(text.partition("/")[0])
    if number != network.base:
        raise InvalidArgument(
            f"invalid subnet {text}: it should be {network.cidr}",
            hint="the bits after the prefix length must be zero",
        )
    return network


def mac_address(ip: str) -> str:
    """Return the MAC address Docker derives from ``ip``: 172.17.0.2 has 02:42:ac:11:00:02.

    From an IPv6 address the last four bytes are taken.
    """
    number, _ = parse_ip(ip)
    return f"02:42:{(number & 0xFFFFFFFF).to_bytes(4, 'big').hex(':')}"


class Pool:
    """The addresses of one network in one family.

    As in libnetwork, the gateway is taken first, then the auxiliary addresses; containers get the
    lowest free one of the range.  Asked for by name, any address of the subnet can be had.

    Args:
        subnet: CIDR text such as ``"172.17.0.0/16"`` or ``"fd00:20::/64"``.
        gateway: the bridge's own address; empty takes the first free one of the range.
        network: how errors call the network, e.g. ``"backend (3f2a...)"``.
        ip_range: CIDR inside ``subnet`` that containers get their addresses from; empty: all.
        aux_addresses: name -> address that no container shall get.

    Attributes:
        subnet: the subnet as CIDR text.
        gateway: the bridge's address.
        prefix: prefix length, bits.

    Raises:
        InvalidArgument: not a CIDR, no room, gateway or auxiliary address outside of the subnet.
        PermissionDenied: an auxiliary address is the gateway's, or given twice.
    """

    __slots__ = (
        "_bits",
        "_first",
        "_last",
        "_lowest",
        "_range_last",
        "_start",
        "_taken",
        "gateway",
        "network",
        "prefix",
        "subnet",
    )

    def __init__(
        self,
        subnet: str = DEFAULT_SUBNET,
        gateway: str = "",
        network: str = "",
        *,
        ip_range: str = "",
        aux_addresses: Mapping[str, str] = NO_ADDRESSES,
    ) -> None:
        whole = check_subnet(subnet)
        base, self.prefix, self._bits = whole
        self.subnet = whole.cidr
        self.network = network or subnet
        # Never given out: the subnet's own address and, in IPv4, the one that reaches all.
        self._first = base + 1
        self._last = whole.last - 1 if self._bits == 32 else whole.last
        self._start, self._range_last = self._range(ip_range) if ip_range else (base, whole.last)
        self._start = max(self._start, self._first)
        self._range_last = min(self._range_last, self._last)
        self._taken: set[int] = set()
        self._lowest = self._start  # nothing below is free
        if self._first >= self._last:
            raise InvalidArgument(
                "failed to allocate gateway (): No available addresses on this pool",
                hint=f"{subnet} has no room for a gateway and a container: /{self._bits - 2} has",
            )
        own = self._inside(gateway, "gateway") if gateway else self._start
        self._taken.add(own)
        self.gateway = format_ip(own, self._bits)
        for name, address in aux_addresses.items():
            number = self._inside(address, "aux-address")
            if number in self._taken:
                raise PermissionDenied(
                    f"failed to allocate secondary ip address ({name}:{address}): Address already"
                    " in use"
                )
            self._taken.add(number)

    def _range(self, ip_range: str) -> tuple[int, int]:
        part = parse_network(ip_range)
        if (
            part.bits != self._bits
            or not self._first - 1 <= part.base <= part.last <= self._last + 1
        ):
            raise InvalidArgument(
                f"no matching subnet for range {ip_range}", hint=f"it must lie inside {self.subnet}"
            )
        return part.base, part.last

    def _inside(self, address: str, what: str) -> int:
        number, bits = parse_ip(address)
        if bits != self._bits or not self._first <= number <= self._last:
            raise InvalidArgument(
                f"no matching subnet for {what} {address}", hint=f"it must be inside {self.subnet}"
            )
        return number

    def allocate(self) -> str:
        """Take the lowest free address of the range.

        Raises:
            Unavailable: every address is taken.
        """
        candidate = self._lowest
        while candidate in self._taken:
            candidate += 1
        self._lowest = candidate
        if candidate > self._range_last:
            family = "IPv4" if self._bits == 32 else "IPv6"
            raise Unavailable(
                f"no available {family} addresses on this network's address pools: {self.network}",
                hint="stop a container of this network, or use a network with a larger subnet",
            )
        self._taken.add(candidate)
        return format_ip(candidate, self._bits)

    def reserve(self, address: str) -> str:
        """Take ``address`` itself (``--ip``, or after an engine restart) and return it.

        Raises:
            InvalidArgument: not an address of the pool.
            PermissionDenied: taken already (moby answers 403).
        """
        number, bits = parse_ip(address)
        if bits != self._bits or not self._first - 1 <= number <= self._last + 1:
            raise InvalidArgument(
                f"Invalid address {address}: It does not belong to any of this network's subnets",
                hint=f"the network has {self.subnet}",
            )
        if number in self._taken or not self._first <= number <= self._last:
            raise PermissionDenied(
                "Address already in use",
                hint=f"{address} is another container's, the gateway's, or the subnet's own",
            )
        self._taken.add(number)
        return format_ip(number, bits)

    def release(self, address: str) -> None:
        """Give ``address`` back; the gateway's and free addresses stay as they are."""
        if not address or address == self.gateway:
            return
        number, _ = parse_ip(address)
        self._taken.discard(number)
        if self._start <= number < self._lowest:
            self._lowest = number

    def allocated(self) -> list[str]:
        """Return the taken addresses, lowest first, without the gateway."""
        own, _ = parse_ip(self.gateway)
        return [format_ip(number, self._bits) for number in sorted(self._taken) if number != own]
