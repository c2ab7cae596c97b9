"""Wires and static routes, as one host sees them."""

from __future__ import annotations

from pyminidocker.client.calls_handles import receive_socket
from pyminidocker.client.transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    Json = dict[str, Any]


class WireCalls(Transport):
    """Calls about this host's end of its wires, and about its routes."""

    def plug_list(self) -> list[Json]:
        """GET /minidocker/plugs: Link, Address, Subnet, Mtu, Wire, Peer of each."""
        listed: list[Json] = self.call("GET", "/minidocker/plugs")
        return listed

    def plug(
        self, address: str, *, mtu: int = 1500, wire: str = "", peer: str = ""
    ) -> tuple[Json, socket.socket, socket.socket]:
        """POST /minidocker/plugs: plug a wire in, for as long as a connection lasts.

        Args:
            address: the host's address on the wire with prefix length.
            mtu: longest packet, bytes.
            wire: the wire's name.
            peer: who is at the other end, for people.

        Returns:
            Link, Address and so on; the connection, which must be kept; and the packet socket,
            whose frames begin with a ``struct virtio_net_hdr`` of 10 bytes.

        Raises:
            Conflict: the subnet overlaps with a network or wire of the host.
            InvalidArgument: the address or MTU makes no sense.
            SystemFailure: the kernel refused.
        """
        from socket import socket as Socket  # noqa: N812 - a class

        body = {"Address": address, "Mtu": mtu, "Wire": wire, "Peer": peer}
        with self.upgrade("/minidocker/plugs", body=body) as stream:
            made, plug = receive_socket(stream)
            return made, Socket(fileno=stream.detach()), plug

    def route_list(self) -> list[Json]:
        """GET /minidocker/routes: the static ones, Destination and Gateway of each."""
        listed: list[Json] = self.call("GET", "/minidocker/routes")
        return listed

    def route_add(self, destination: str, gateway: str) -> None:
        """POST /minidocker/routes: reach ``destination`` (CIDR) through ``gateway``."""
        body = {"Destination": destination, "Gateway": gateway}
        self.call("POST", "/minidocker/routes", body=body)

    def route_remove(self, destination: str, gateway: str = "") -> None:
        """DELETE /minidocker/routes."""
        body = {"Destination": destination, "Gateway": gateway}
        self.call("DELETE", "/minidocker/routes", body=body)
