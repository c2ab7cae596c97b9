"""Networks: list, inspect, create, connect, disconnect, remove."""

from __future__ import annotations

from pyminidocker.client.transport import Transport, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Json = dict[str, Any]


class NetworkCalls(Transport):
    """Calls about networks."""

    def network_list(self, filters: Mapping[str, list[str]] | None = None) -> list[Json]:
        """GET /networks."""
        listed: list[Json] = self.call("GET", "/networks", {"filters": filters or None})
        return listed

    def network_inspect(self, ref: str) -> Json:
        """GET /networks/{ref}."""
        inspected: Json = self.call("GET", f"/networks/{quote(ref)}")
        return inspected

    def network_create(self, body: Mapping[str, Any]) -> Json:
        """POST /networks/create: ``{"Id": ..., "Warning": ...}``.

        Args:
            body: Docker's request: Name, Driver, Internal, EnableIPv6, IPAM, Options, Labels.
        """
        made: Json = self.call("POST", "/networks/create", body=dict(body))
        return made

    def network_remove(self, ref: str) -> None:
        """DELETE /networks/{ref}."""
        self.call("DELETE", f"/networks/{quote(ref)}")

    def network_connect(
        self, ref: str, container: str, endpoint: Mapping[str, Any] | None = None
    ) -> None:
        """POST /networks/{ref}/connect.

        Args:
            ref: the network.
            container: the container's name or id.
            endpoint: Docker's EndpointConfig: Aliases, Links, IPAMConfig, MacAddress, DriverOpts.
        """
        body = {"Container": container, "EndpointConfig": dict(endpoint or {})}
        self.call("POST", f"/networks/{quote(ref)}/connect", body=body)

    def network_disconnect(self, ref: str, container: str, *, force: bool = False) -> None:
        """POST /networks/{ref}/disconnect."""
        body = {"Container": container, "Force": force}
        self.call("POST", f"/networks/{quote(ref)}/disconnect", body=body)

    def network_prune(self, filters: Mapping[str, list[str]] | None = None) -> Json:
        """POST /networks/prune: ``{"NetworksDeleted": [names]}``."""
        pruned: Json = self.call("POST", "/networks/prune", {"filters": filters or None})
        return pruned
