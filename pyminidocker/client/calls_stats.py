"""What containers use: the client's side of ``/minidocker/stats`` and Docker's ``stats``."""

from __future__ import annotations

from pyminidocker.client.transport import Transport, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    Json = dict[str, Any]


class StatsCalls(Transport):
    """Calls about what containers use."""

    def container_stats(self, ref: str, *, one_shot: bool = False) -> Json:
        """GET /containers/{ref}/stats, one document of Docker's.

        Args:
            ref: which container.
            one_shot: at once, without the reading before, of which a share of processors is made.
        """
        query = {"stream": False, "one-shot": one_shot or None}
        found: Json = self.call("GET", f"/containers/{quote(ref)}/stats", query)
        return found

    def container_stats_follow(self, ref: str) -> Iterator[Json]:
        """GET /containers/{ref}/stats: one of Docker's documents a second."""
        with self.open("GET", f"/containers/{quote(ref)}/stats", {"stream": True}) as response:
            yield from response.json_lines()

    def stats(
        self,
        names: Sequence[str] = (),
        *,
        all: bool = False,  # noqa: A002 - Docker's word
        one_shot: bool = False,
    ) -> list[Json]:
        """GET /minidocker/stats: a row for each container.

        Args:
            names: which; without any, all that run.
            all: without names, those too that do not run.
            one_shot: at once, without a share of processors.
        """
        query = {**_selection(names, everything=all), "one-shot": one_shot or None}
        rows: list[Json] = self.call("GET", "/minidocker/stats", query)
        return rows

    def stats_follow(
        self,
        names: Sequence[str] = (),
        *,
        all: bool = False,  # noqa: A002 - Docker's word
        interval_s: float = 1.0,
    ) -> Iterator[list[Json]]:
        """GET /minidocker/stats again and again: yields rows until the containers are removed."""
        query = {**_selection(names, everything=all), "stream": True, "interval": interval_s}
        with self.open("GET", "/minidocker/stats", query) as response:
            yield from response.json_lines()


def _selection(names: Sequence[str], *, everything: bool) -> Json:
    return {"name": "\n".join(names), "all": everything or None}
