"""What a container tells about itself while it runs, and what holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from pyminidocker.client.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyminidocker.client.container import Container
    from pyminidocker.client.engine_client import EngineClient
    from pyminidocker.client.health import Health
    from pyminidocker.client.stats import Stats


class Watched:
    """Methods of ``Container`` about watching it run, and about pausing it."""

    api: EngineClient
    id: str

    @property
    def health(self) -> Health:
        """What its health check found, and when: asked now."""
        from pyminidocker.client.health import Health

        return Health(cast("Container", self).reload().attrs["State"].get("Health"))

    def wait_healthy(self, timeout_s: float = 60.0) -> Health:
        """Wait until its health check has succeeded; return at once when it is healthy.

        Raises:
            Conflict: it has no health check, is unhealthy, or has ended.
            TimeoutError: it is still starting.
        """
        from pyminidocker.client.health import wait_healthy

        return wait_healthy(cast("Container", self), timeout_s)

    def pause(self) -> Self:
        """Freeze all its processes where they are; return self.

        Raises:
            Conflict: it does not run, or is paused already.
            NotImplementedHere: this host has no freezer for us.
        """
        self.api.container_pause(self.id)
        return self

    def unpause(self) -> Self:
        """Let its processes go on; return self.

        Raises:
            SystemFailure: it is not paused, as Docker answers.
        """
        self.api.container_unpause(self.id)
        return self

    def top(self, ps_args: str = "") -> Table[list[str]]:
        """Return its processes, as the host's ps shows them."""
        listed = self.api.container_top(self.id, ps_args=ps_args)
        columns = [(title, _pick(index)) for index, title in enumerate(listed["Titles"])]
        return Table(listed["Processes"], columns)

    def stats(self) -> Stats:
        """Return what it uses now; takes half a second.

        Raises:
            Conflict: it does not run.
        """
        from pyminidocker.client.stats import read

        return read(self.api, self.id)

    def watch_stats(self, interval_s: float = 1.0) -> Iterator[Stats]:
        """Yield what it uses every ``interval_s`` seconds (0.1 or more), until it ends."""
        from pyminidocker.client.stats import watch

        return watch(self.api, self.id, interval_s)


def _pick(index: int) -> Any:
    return lambda row: row[index]
