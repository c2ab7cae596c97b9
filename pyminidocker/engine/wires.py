"""This host's end of its wires, and the static routes that lead over them.

A wire's end (a *plug*) lasts as long as the API connection it was asked for on: the relay process
(``network/wire.py``) holds that connection, so when the relay, the other host or this engine dies,
the link goes away with everything that pointed to it.  Nothing is kept on disk.

See: docs/decisions/0012; veth(4), packet(7).
"""

import socket
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from pyminidocker.errors import Conflict, InvalidArgument, NotFound
from pyminidocker.network.ipam import format_ip, parse_ip, parse_network
from pyminidocker.network.subnets import overlap

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

PlugList = list["Plug"]
RouteList = list["StaticRoute"]
Strings = list[str]
# RFC 791: every host forwards packets of 68 bytes; a veth(4) pair takes up to 65535.
MIN_MTU_BYTES, MAX_MTU_BYTES = 68, 65_535


class PlugRequest(NamedTuple):
    """What a wire asks of one of the hosts it joins.

    Attributes:
        address: the host's address on the wire with prefix length, e.g. ``192.168.50.1/24``.
        mtu_bytes: longest packet.
        wire: the wire's name.
        peer: who is at the other end, for people.
    """

    address: str
    mtu_bytes: int = 1500
    wire: str = ""
    peer: str = ""


class Plug(NamedTuple):
    """A wire's end that is plugged in.

    Attributes:
        link: the interface in the lab: ``eth1``, ``eth2`` ...
        address: with prefix length.
        subnet: the network of that address.
        mtu_bytes: longest packet.
        wire: the wire's name.
        peer: who is at the other end.
    """

    link: str
    address: str
    subnet: str
    mtu_bytes: int
    wire: str
    peer: str


class StaticRoute(NamedTuple):
    """A route that somebody set by hand."""

    destination: str
    gateway: str


class Wires:
    """The plugs and static routes of one host."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._plugs: dict[str, Plug] = {}
        self._routes: dict[str, str] = {}  # destination -> gateway

    # -- plugs ---------------------------------------------------------------------------------

    def list(self) -> PlugList:
        """Return what is plugged in now."""
        return list(self._plugs.values())

    def has_address(self, address: str) -> bool:
        """Tell whether this host has ``address`` on one of its wires."""
        return any(plug.address.partition("/")[0] == address for plug in self._plugs.values())

    def subnets(self) -> Strings:
        """Return the subnets of wires and behind routes: no network of this host can have them."""
        return [*(plug.subnet for plug in self._plugs.values()), *self._routes]

    def check(self, request: PlugRequest) -> str:
        """Make sure that a wire can be plugged in like this; return its subnet.

        Raises:
            InvalidArgument: an address or MTU that makes no sense.
            Conflict: the subnet overlaps with a network or wire of this host.
        """
        if not MIN_MTU_BYTES <= request.mtu_bytes <= MAX_MTU_BYTES:
            raise InvalidArgument(
                f"invalid MTU {request.mtu_bytes}: a wire carries packets of"
                f" {MIN_MTU_BYTES} to {MAX_MTU_BYTES} bytes"
            )
        subnet = _subnet_of(request.address)
        for plug in self._plugs.values():
            if overlap(subnet, plug.subnet):
                raise Conflict(
                    f"{subnet} overlaps with the wire on {plug.link}, {plug.address}",
                    hint="choose another --subnet, or cut that wire: minidocker wire rm"
                    f" {plug.wire}".rstrip(),
                )
        self._check_beside_networks(subnet)
        return subnet

    def _check_beside_networks(self, subnet: str) -> None:
        for network in self.engine.networks.list():
            for taken in filter(None, (network.subnet, network.subnet6)):
                if overlap(subnet, taken):
                    raise Conflict(
                        f"{subnet} overlaps with this host's network {network.name}, {taken}",
                        hint="hosts that shall reach each other's containers need different"
                        " subnets: minidocker network create --subnet ...",
                    )

    def plug(self, request: PlugRequest) -> tuple[Plug, socket.socket]:
        """Plug a wire in: the next free ``eth``, and the packet socket of its far end.

        Raises:
            MiniDockerError: as ``check``; or the kernel refused.
        """
        subnet = self.check(request)
        lab = self.engine.lab_network
        link = next(link for n in count(1) if (link := f"eth{n}") not in self._plugs)
        sock = lab.make_plug(link, request.address, request.mtu_bytes)
        plug = Plug(link, request.address, subnet, request.mtu_bytes, request.wire, request.peer)
        self._plugs[link] = plug
        try:
            self.engine.overlays.refresh()
        except BaseException:
            sock.close()
            self.unplug(link)
            raise
        return plug, sock

    def unplug(self, link: str) -> None:
        """Take a wire's end away, with the routes that lead over it; a missing one is fine."""
        plug = self._plugs.pop(link, None)
        if plug is None or self.engine.is_stopping:  # the lab goes, and the link with it
            return
        self.engine.lab_network.remove_plug(link)
        for destination, gateway in list(self._routes.items()):
            if _contains(plug.subnet, gateway):  # the kernel has dropped it with the link
                del self._routes[destination]
        self.engine.overlays.refresh()

    def way_to(self, address: str) -> Plug | None:
        """Return the wire over which ``address`` is reached, on it or behind a static route."""
        for plug in self._plugs.values():
            if _contains(plug.subnet, address):
                return plug
        for destination, gateway in self._routes.items():
            if _contains(destination, address):
                return self.way_to(gateway)
        return None

    # -- static routes -------------------------------------------------------------------------

    def routes(self) -> RouteList:
        """Return the static routes."""
        return [StaticRoute(*pair) for pair in self._routes.items()]

    def add_route(self, destination: str, gateway: str) -> StaticRoute:
        """Send packets for ``destination`` to ``gateway``; an earlier such route is replaced.

        Args:
            destination: CIDR text; bits after the prefix are cut off.
            gateway: an address on one of this host's wires.

        Raises:
            InvalidArgument: no subnet, no address, or no wire leads to the gateway.
            Conflict: the destination is one of this host's own networks.
        """
        destination = parse_network(destination).cidr
        parse_ip(gateway)
        if destination.endswith("/0"):
            raise InvalidArgument(
                "a wire cannot be the way to everywhere: the way out of the lab is its uplink",
                hint="name the other host's network: minidocker route add 172.18.0.0/16 via"
                f" {gateway}",
            )
        if not any(_contains(plug.subnet, gateway) for plug in self._plugs.values()):
            raise InvalidArgument(
                f"no wire of this host leads to {gateway}", hint=self._hint_about_wires()
            )
        self._check_beside_networks(destination)
        self.engine.lab_network.add_route(destination, gateway)
        self._routes[destination] = gateway
        self.engine.overlays.refresh()
        return StaticRoute(destination, gateway)

    def _hint_about_wires(self) -> str:
        if not self._plugs:
            return "join this host with another first: minidocker wire create HOST HOST"
        subnets = ", ".join(plug.subnet for plug in self._plugs.values())
        return f"its wires are {subnets}"

    def delete_route(self, destination: str, gateway: str = "") -> None:
        """Take a static route away.

        Raises:
            InvalidArgument: not a subnet.
            NotFound: there is no such route.
        """
        destination = parse_network(destination).cidr
        known = self._routes.get(destination)
        if known is None or (gateway and gateway != known):
            via = f" via {gateway}" if gateway else ""
            raise NotFound(
                f"no such route: {destination}{via}", hint="see them with: minidocker route ls"
            )
        del self._routes[destination]
        self.engine.lab_network.delete_route(destination)
        self.engine.overlays.refresh()


def _contains(subnet: str, address: str) -> bool:
    number, bits = parse_ip(address)
    return overlap(subnet, f"{format_ip(number, bits)}/{bits}")


def _subnet_of(address: str) -> str:
    """Return the subnet of a host's address on a wire.

    Raises:
        InvalidArgument: none, or not a host's.
    """
    try:
        network = parse_network(address)
    except InvalidArgument:
        raise InvalidArgument(
            f"invalid wire address {address!r}", hint="write it as 192.168.50.1/24"
        ) from None
    number, _ = parse_ip(address.partition("/")[0])
    spare_bits = network.bits - network.prefix
    if network.prefix == 0 or spare_bits == 0:
        raise InvalidArgument(f"invalid wire address {address}: no room for another host")
    if spare_bits > 1 and number in (network.base, network.last):
        first = format_ip(network.base + 1, network.bits)
        raise InvalidArgument(
            f"invalid wire address {address}: it is not a host's in {network.cidr}",
            hint=f"the first host's is {first}/{network.prefix}",
        )
    return network.cidr
