"""What an engine can do as a host among others: wires, routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyminidocker.client.table import Table

if TYPE_CHECKING:
    from pyminidocker.client.engine_client import EngineClient
    from pyminidocker.client.wires import Wire

PLUG_COLUMNS = [
    ("LINK", lambda plug: str(plug["Link"])),
    ("ADDRESS", lambda plug: str(plug["Address"])),
    ("MTU", lambda plug: str(plug["Mtu"])),
    ("WIRE", lambda plug: str(plug["Wire"])),
    ("TO", lambda plug: str(plug["Peer"])),
]
ROUTE_COLUMNS = [
    ("DESTINATION", lambda route: str(route["Destination"])),
    ("VIA", lambda route: str(route["Gateway"])),
]


class Wired:
    """Methods of ``Engine`` about this host and its neighbours."""

    api: EngineClient

    def wire(self, *others: Any, **options: Any) -> Wire:
        """Join this host with others by a wire; see ``pyminidocker.wire``."""
        from pyminidocker.client.wires import wire

        return wire(self, *others, **options)  # type: ignore[arg-type]  # self is an Engine

    def plugs(self) -> Table[dict[str, Any]]:
        """Return this host's end of each of its wires."""
        return Table(self.api.plug_list(), PLUG_COLUMNS)

    def add_route(self, destination: str, *, via: str) -> Table[dict[str, Any]]:
        """Send packets for a subnet over a wire; returns the static routes.

        The other host must know the way back, or see this host's own address (masquerade).

        Args:
            destination: the other host's network, CIDR: ``172.18.0.0/16``.
            via: that host's address on the wire.

        Raises:
            InvalidArgument: no wire of this host leads there.
            Conflict: this host has a network with that subnet itself.
        """
        self.api.route_add(destination, via)
        return self.routes()

    def remove_route(self, destination: str) -> Table[dict[str, Any]]:
        """Take a static route away; returns those that are left.

        Raises:
            NotFound: there is no such route.
        """
        self.api.route_remove(destination)
        return self.routes()

    def routes(self) -> Table[dict[str, Any]]:
        """Return the static routes of this host; they go with the wire they lead over."""
        return Table(self.api.route_list(), ROUTE_COLUMNS)
