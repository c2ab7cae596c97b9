"""Events, facts and the engine itself."""

from __future__ import annotations

import os

from pyminidocker.client.transport import Transport
from pyminidocker.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Json = dict[str, Any]

SHUTDOWN_TIMEOUT_S = 30  # containers get 10 of them to end


class SystemCalls(Transport):
    """Calls about the engine as a whole."""

    def ping(self) -> str:
        """GET /_ping: "OK"."""
        return self.call_bytes("/_ping").decode()

    def version(self) -> Json:
        """GET /version."""
        facts: Json = self.call("GET", "/version")
        return facts

    def info(self) -> Json:
        """GET /info."""
        facts: Json = self.call("GET", "/info")
        return facts

    def disk_usage(self) -> Json:
        """GET /system/df."""
        usage: Json = self.call("GET", "/system/df")
        return usage

    def events(
        self,
        *,
        since: str = "",
        until: str = "",
        filters: Mapping[str, list[str]] | None = None,
    ) -> Iterator[Json]:
        """GET /events: yields what happens, until ``until`` or for ever."""
        query = {"since": since, "until": until, "filters": filters or None}
        with self.open("GET", "/events", query) as response:
            yield from response.json_lines()

    def engine_facts(self) -> Json:
        """GET /minidocker/engine: process ids, id maps, namespaces of the lab, directories."""
        facts: Json = self.call("GET", "/minidocker/engine")
        return facts

    def shutdown(self) -> None:
        """POST /minidocker/shutdown: stop all containers, then the engine; returns when it is gone.

        Raises:
            Unavailable: it was told to, but is still there after ``SHUTDOWN_TIMEOUT_S``.
        """
        import select

        pidfd = os.pidfd_open(self.engine_facts()["Pid"])
        try:
            self.call("POST", "/minidocker/shutdown")
            ended = select.poll()
            ended.register(pidfd, select.POLLIN)
            if not ended.poll(SHUTDOWN_TIMEOUT_S * 1000):
                raise Unavailable(
                    f"the engine is still there {SHUTDOWN_TIMEOUT_S} s after it was told to stop",
                    hint="its log says why: daemon.log beside its socket",
                )
        finally:
            os.close(pidfd)

    def lab_limits(self) -> Json:
        """GET /minidocker/lab/limits: the limits, and what is used now."""
        found: Json = self.call("GET", "/minidocker/lab/limits")
        return found

    def lab_limit(self, changes: Json) -> Json:
        """POST /minidocker/lab/limits: 0 leaves a limit as it is, -1 takes it away."""
        found: Json = self.call("POST", "/minidocker/lab/limits", None, changes)
        return found
