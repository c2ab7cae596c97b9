"""One build: what its stages share, and the tasks in which they are made side by side."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from pyminidocker.build import records
from pyminidocker.build.args import BuildArguments
from pyminidocker.build.bases import Bases
from pyminidocker.build.cache import Cache
from pyminidocker.build.cache_mounts import CacheMounts
from pyminidocker.build.context import Context
from pyminidocker.build.graph import Graph
from pyminidocker.build.options import BuildOptions
from pyminidocker.build.records import Record
from pyminidocker.build.state import State
from pyminidocker.dockerfile.instructions import Dockerfile, Instruction
from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.images.records import Layer

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Emit = Callable[[Record], Awaitable[None]]


class Plan(NamedTuple):
    """A Dockerfile understood.

    Attributes:
        dockerfile: as parsed.
        arguments: with the global scope filled in.
        graph: of its stages.
        epoch_s: SOURCE_DATE_EPOCH, None when it is not given.
        project: what a later build of the same thing has in common with this one.
    """

    dockerfile: Dockerfile
    arguments: BuildArguments
    graph: Graph
    epoch_s: int | None
    project: str


class Origin(NamedTuple):
    """Where ``--from`` leads.

    Attributes:
        title: for messages.
        layers: bottom first.
    """

    title: str
    layers: tuple[Layer, ...]


class Work:
    """One build under way.

    Attributes:
        engine: whose.
        options: of the build.
        context: what the client sent.
        plan: what is to be done; ``graph`` and ``dockerfile`` are its.
        cache: the build's hand on the cache.
        cache_mounts: the engine's.
        bases: images it uses.
        emit: takes records.
        triggers: ONBUILD instructions that stages have from their base, by stage.
    """

    def __init__(
        self,
        engine: "Engine",
        options: BuildOptions,
        context: Context,
        plan: Plan,
        cache_mounts: CacheMounts,
        emit: Emit,
    ) -> None:
        self.engine = engine
        self.options = options
        self.context = context
        self.plan = plan
        self.graph = plan.graph
        self.dockerfile = plan.dockerfile
        self.cache = Cache(engine.images.store, is_off=options.no_cache)
        self.cache_mounts = cache_mounts
        self.bases = Bases(engine, options)
        self.emit = emit
        self.triggers: dict[int, list[Instruction]] = {}
        self._stages: dict[int, asyncio.Task[State]] = {}

    async def run(self) -> State:
        """Make every stage that is needed; return the wanted one.

        Raises:
            BuildFailed: a step could not be done; the others have ended too.
        """
        await self.tell_plan()
        try:
            needed = [self.stage(x.stage.index) for x in self.graph.stages if x.is_needed]
            await asyncio.gather(*needed)
            return await self.stage(self.graph.wanted)
        finally:
            await self._end()

    def stage(self, index: int) -> "asyncio.Task[State]":
        """Return the task that makes a stage, beginning it when nobody has yet."""
        from pyminidocker.build.stages import StageRun

        if index not in self._stages:
            run = StageRun(self, self.graph.stages[index])
            self._stages[index] = asyncio.ensure_future(run.run())
        return self._stages[index]

    async def _end(self) -> None:
        for task in self._stages.values():
            task.cancel()
        if self._stages:
            await asyncio.wait(self._stages.values())
            for task in self._stages.values():
                if not task.cancelled():
                    task.exception()  # it was told when it happened
        await self.bases.close()
        self.cache.close()

    async def tell_plan(self) -> None:
        """Tell all steps, those of triggers too as far as they are known."""
        steps = self.graph.steps(lambda index: self.triggers.get(index, []))
        await self.emit(records.plan(steps))

    async def origin(self, name: str, before: int) -> Origin:
        """Return the files that ``--from=name`` means in stage number ``before``.

        Raises:
            InvalidArgument: neither a stage nor an image.
        """
        index = self.graph.stage_of(name, before)
        if index is not None:
            state = await asyncio.shield(self.stage(index))
            return Origin(f'stage "{self.graph.stages[index].title}"', state.layers)
        try:
            image = await self.bases.get(name, "", self._ignore)
        except MiniDockerError as error:
            what = f"invalid from flag value {name}: {error}"
            raise InvalidArgument(what, hint=self.hint(name, before, error)) from error
        return Origin(f'image "{name}"', image.layers)

    def hint(self, name: str, before: int, error: MiniDockerError) -> str:
        """Return what to try when stage number ``before`` names an image that cannot be had."""
        if near := self.graph.near(name, before):
            return f"did you mean the stage {near}?"
        return error.hint

    async def _ignore(self, message: Record) -> None:
        """Let the progress of a pull pass that no step of its own has asked for."""
