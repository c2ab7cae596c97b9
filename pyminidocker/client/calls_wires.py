"""Wires and static routes, as one host sees them."""

from __future__ import annotations

from pyminidocker.client.transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


class WireCalls(Transport):
    """Calls about this host's end of its wires, and about its routes."""

    def plug_list(self) -> list[Json]:
        """GET /minidocker/plugs: Link, Address, Subnet, Mtu, Wire, Peer of each."""
        listed: list[Json] = self.call("GET", "/minidocker/plugs")
        return listed

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
