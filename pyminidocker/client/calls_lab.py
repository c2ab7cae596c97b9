"""The lab as a whole: limits around all containers."""

from __future__ import annotations

from pyminidocker.client.transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


class LabCalls(Transport):
    """Calls about all containers together."""

    def lab_limits(self) -> Json:
        """GET /minidocker/lab/limits: the limits, and what is used now."""
        found: Json = self.call("GET", "/minidocker/lab/limits")
        return found

    def lab_limit(self, changes: Json) -> Json:
        """POST /minidocker/lab/limits: 0 leaves a limit as it is, -1 takes it away."""
        found: Json = self.call("POST", "/minidocker/lab/limits", None, changes)
        return found
