"""Builds as a service: one call makes an image, others look at the cache and empty it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.build.options import BuildOptions
from pyminidocker.build.records import Record
from pyminidocker.errors import NotImplementedHere

if TYPE_CHECKING:
    from pyminidocker.build.context import Context
    from pyminidocker.engine.engine import Engine


class Builder:
    """What the API asks to build.

    Args:
        engine: whose images, containers and cache.
    """

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    async def build(self, options: BuildOptions, context: "Context") -> AsyncIterator[Record]:
        """Carry a build out and tell of it; see ``records`` for what is yielded.

        The context is closed at the end.  Closing the iterator ends the build, and nothing is left.
        """
        raise NotImplementedHere(f"{options.dockerfile} cannot be built yet from {context}")
        yield {}

    async def prune(self, filters: Mapping[str, Sequence[str]] | None = None) -> Record:
        """Forget cached steps that no image needs, and cache mounts (POST /build/prune)."""
        raise NotImplementedHere(f"the cache cannot be pruned yet: {filters}")

    def cache_rows(self) -> list[Record]:
        """Return every cached step and cache mount (GET /minidocker/build/cache)."""
        raise NotImplementedHere("the cache cannot be listed yet")
