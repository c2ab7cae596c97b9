"""This host's end of its wires, and the static routes that lead over them.

A wire's end (a *plug*) lasts as long as the API connection it was asked for on: the relay process
(``network/wire.py``) holds that connection, so when the relay, the other host or this engine dies,
the link goes away with everything that pointed to it.  Nothing is kept on disk.

See: docs/decisions/0012; veth(4), packet(7).
"""

import socket
from typing import TYPE_CHECKING, NamedTuple

from pyminidocker.errors import Conflict, InvalidArgument, NotFound

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

MIN_MTU_BYTES, MAX_MTU_BYTES = 68, 65535  # RFC 791: every host forwards 68 bytes


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
        self._routes: dict[str, str] = {}

    def list(self) -> "list[Plug]":
        """Return what is plugged in now."""
        return list(self._plugs.values())

    def routes(self) -> "list[StaticRoute]":
        """Return the static routes."""
        return [StaticRoute(*pair) for pair in self._routes.items()]
