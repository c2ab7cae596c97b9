"""The lab's packet filter, its table of connections, its switches, and faults made to order."""

from __future__ import annotations

from pyminidocker.client.transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


class RuleCalls(Transport):
    """Calls about rules, flows, switches and faults."""

    def rules(self) -> Json:
        """GET /minidocker/rules: ``Chains`` with their ``Rules``, and ``Text`` as nft writes it."""
        found: Json = self.call("GET", "/minidocker/rules")
        return found

    def flows(self) -> list[Json]:
        """GET /minidocker/flows: tracked connections, both directions of each."""
        found: list[Json] = self.call("GET", "/minidocker/flows")
        return found

    def switches(self) -> dict[str, bool]:
        """GET /minidocker/switches: ``ip_forward`` and ``masquerade``, as the kernel has them."""
        found: dict[str, bool] = self.call("GET", "/minidocker/switches")
        return found

    def switch(self, **switches: bool) -> dict[str, bool]:
        """POST /minidocker/switches: ``ip_forward=False``, ``masquerade=True``."""
        found: dict[str, bool] = self.call("POST", "/minidocker/switches", body=switches)
        return found

    def fault_names(self) -> list[str]:
        """GET /minidocker/faults."""
        found: list[str] = self.call("GET", "/minidocker/faults")
        return found

    def fault_look(self, name: str, target: str = "") -> Json:
        """GET /minidocker/fault: ``IsBroken`` and ``Evidence``, read from the kernel.

        Raises:
            NotFound: no such fault, container or network.
        """
        query = {"name": name, "target": target}
        found: Json = self.call("GET", "/minidocker/fault", query)
        return found

    def fault_inject(self, name: str, target: str = "") -> Json:
        """POST /minidocker/fault: break it.

        Raises:
            NotFound: no such fault, container or network.
            Conflict: the container does not run, or has nothing that could be broken so.
        """
        body = {"Name": name, "Target": target}
        found: Json = self.call("POST", "/minidocker/fault", body=body)
        return found

    def fault_repair(self, name: str, target: str = "") -> Json:
        """DELETE /minidocker/fault: repair it, the plain way."""
        query = {"name": name, "target": target}
        found: Json = self.call("DELETE", "/minidocker/fault", query)
        return found
