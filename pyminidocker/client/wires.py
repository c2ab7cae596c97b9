"""Wires between hosts, as objects to hold in a notebook.

    wire = pyminidocker.wire("a", "b", latency_ms=5)
    wire.change(loss_percent=10)
    print(wire.stats())
    wire.cut()

See: docs/decisions/0012.
"""

from __future__ import annotations

from typing import Any, Self

from pyminidocker.client.table import Table


class Wire:
    """A wire that joins two (or more) hosts.

    Attributes:
        name: its name, such as ``a-b``.
        hosts: the engines it joins.
    """

    def __init__(self, name: str, hosts: list[str]) -> None:
        self.name = name
        self.hosts = hosts

    def change(
        self,
        *,
        latency_ms: float | None = None,
        jitter_ms: float | None = None,
        loss_percent: float | None = None,
        mtu: int | None = None,
        bandwidth_mbit: float | None = None,
    ) -> Self:
        """Change what the wire does to packets; what is not named stays."""
        return self

    def stats(self) -> Table[dict[str, Any]]:
        """Return what went in and came out at each end, and what was lost and why."""
        return Table([], [])

    def cut(self) -> None:
        """Cut it: both hosts lose the link, the addresses and the routes over it."""
