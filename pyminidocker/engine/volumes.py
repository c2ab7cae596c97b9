"""Volumes: named directories whose data outlives containers.

On disk: ``<state>/volumes/<name>/{_data/,volume.json}``.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine.records import VolumeRecord
from pyminidocker.engine.results import PruneReport

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]


class Volumes:
    """All volumes of an engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def get(self, name: str) -> VolumeRecord:
        """Return a volume.

        Raises:
            NotFound: "get x: no such volume".
        """
        raise NotImplementedError

    def list(self, filters: Filters | None = None) -> "list[VolumeRecord]":
        """Return volumes by name (filters: name, label, driver, dangling)."""
        raise NotImplementedError

    def create(
        self,
        name: str = "",
        *,
        driver: str = "local",
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> VolumeRecord:
        """Make a volume, or return the one of this name; an empty name makes an anonymous one.

        Raises:
            InvalidArgument: bad name or options.
            NotFound: another driver than ``local``.
        """
        raise NotImplementedError

    async def remove(self, name: str, *, force: bool = False) -> None:
        """Delete a volume and its data; ``force`` forgives that there is none.

        Raises:
            NotFound: there is none.
            Conflict: a container uses it.
        """
        raise NotImplementedError

    async def prune(self, filters: Filters | None = None) -> PruneReport:
        """Delete anonymous volumes no container uses (filter all=1: named ones too; label)."""
        raise NotImplementedError

    def users(self, name: str) -> "list[str]":
        """Return the ids of the containers that mount volume ``name``."""
        raise NotImplementedError
