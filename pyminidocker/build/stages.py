"""One stage, step by step: understand, look into the cache, do, remember, tell."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pyminidocker.build import bases, records
from pyminidocker.build.args import StageArguments
from pyminidocker.build.copy_step import CopyStep
from pyminidocker.build.directory_step import DirectoryStep
from pyminidocker.build.failures import BuildFailed, CopyError, StepFailed, named
from pyminidocker.build.graph import SCRATCH, StagePlan
from pyminidocker.build.ingredients import Ingredients, Prepared
from pyminidocker.build.records import Record
from pyminidocker.build.run_step import RunStep
from pyminidocker.build.state import State, moment
from pyminidocker.build.threads import in_thread
from pyminidocker.dockerfile import instructions as words
from pyminidocker.dockerfile.errors import DockerfileError, excerpt
from pyminidocker.dockerfile.expansion import expanded
from pyminidocker.dockerfile.parser import parse_trigger
from pyminidocker.dockerfile.shell_words import expand
from pyminidocker.engine.config_changes import apply
from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.images.records import Image, StoredLayer
from pyminidocker.oci.platform import host_platform

if TYPE_CHECKING:
    from pyminidocker.build.work import Origin, Work


class StageRun:
    """The making of one stage.

    Args:
        work: the build.
        plan: the stage.
    """

    def __init__(self, work: "Work", plan: StagePlan) -> None:
        self._work = work
        self._plan = plan
        self._index = plan.stage.index
        self._arguments = StageArguments(work.plan.arguments)
        self._redone = ""
        self._waited_s = 0.0  # for other stages, in this step

    async def run(self) -> State:
        """Make the stage.

        Raises:
            BuildFailed: a step of it, or of a stage it needs, could not be done.
        """
        from_id = f"{self._index}.1"
        async with self._telling(from_id, self._plan.stage.from_):
            state = await self._begin(from_id)
        triggers = state.run.on_build or []
        if triggers:
            state.run.on_build = None
            await self._pull_triggers(state, triggers)
        for number, instruction in enumerate(self._plan.instructions, start=2):
            async with self._telling(f"{self._index}.{number}", instruction):
                await self._do(f"{self._index}.{number}", number, instruction, state)
        state.arguments = self._arguments.known()
        return state

    # -- FROM ---------------------------------------------------------------------------------

    async def _begin(self, step_id: str) -> State:
        plan, work = self._plan, self._work
        began = time.perf_counter()
        await work.emit(records.started(step_id))
        code, is_hit = "base", True
        if plan.base_stage is not None:
            state = (await asyncio.shield(work.stage(plan.base_stage))).fork()
            reason = f"stage {work.graph.stages[plan.base_stage].title} of this Dockerfile"
            self._redone = state.redone
            self._arguments.inherit(state.arguments)
        elif plan.base.lower() == SCRATCH:
            state = State(host_platform().architecture)
            reason = "nothing: an empty root file system"
        else:
            known = work.engine.images.store.catalog.images.keys() | set()
            image = await self._image(step_id)
            descriptors = await in_thread(lambda: work.engine.images.store.manifest(image))
            state = State.of_image(image, descriptors.layers)
            is_hit = image.id in known
            how = "is" if is_hit else "was fetched: it is"
            reason = f"{plan.base} {how} {image.id.removeprefix('sha256:')[:12]}"
        state.begin()
        key = state.key.removeprefix("sha256:")
        await work.emit(records.cache(step_id, hit=is_hit, key=key, code=code, reasons=[reason]))
        await work.emit(
            records.finished(
                step_id,
                seconds=time.perf_counter() - began,
                size_bytes=0,
                layer="",
                image=state.image_id,
            )
        )
        return state

    async def _image(self, step_id: str) -> Image:
        plan, work = self._plan, self._work
        try:
            return await work.bases.get(plan.base, plan.platform, self._progress(step_id))
        except MiniDockerError as error:
            error.hint = work.hint(plan.base, self._index, error)
            raise

    def _progress(self, step_id: str) -> "bases.TellLater":
        totals: dict[str, tuple[int, int]] = {}

        async def tell(message: Record) -> None:
            detail = message.get("progressDetail") or {}
            if "total" in detail:
                totals[str(message.get("id"))] = (detail.get("current", 0), detail["total"])
            await self._work.emit(
                records.progress(
                    step_id,
                    current=sum(current for current, _ in totals.values()),
                    total=sum(total for _, total in totals.values()),
                    message=message,
                )
            )

        return tell

    async def _pull_triggers(self, state: State, triggers: list[str]) -> None:
        """Do what the base image asks of whoever builds on it."""
        from_ = self._plan.stage.from_
        async with self._telling(f"{self._index}.1", from_):
            parsed = [parse_trigger(text) for text in triggers]
        self._work.triggers[self._index] = parsed
        await self._work.tell_plan()
        for place, trigger in enumerate(parsed, start=1):
            async with self._telling(f"{self._index}.1.{place}", from_):
                await self._do(f"{self._index}.1.{place}", 1, trigger, state)

    # -- all others ---------------------------------------------------------------------------

    async def _do(
        self, step_id: str, number: int, instruction: words.Instruction, state: State
    ) -> None:
        work = self._work
        began = time.perf_counter()
        self._waited_s = 0.0
        await work.emit(records.started(step_id))
        ingredients = Ingredients(
            parent=state.key,
            keyword=instruction.keyword,
            instruction=instruction.text,
            place=f"{work.plan.project}/{self._plan.title}/{number}",
            stage=self._plan.title,
            is_first=not state.is_changed,
        )
        prepared = await self._prepare(
            step_id, self._expanded(instruction, state), state, ingredients
        )
        if prepared.act is not None and work.plan.epoch_s is not None:
            ingredients.parts["SOURCE_DATE_EPOCH"] = str(work.plan.epoch_s)
        try:
            await self._finish(step_id, instruction, state, prepared, began)
        finally:
            if prepared.close is not None:
                prepared.close()

    async def _finish(
        self,
        step_id: str,
        instruction: words.Instruction,
        state: State,
        prepared: Prepared,
        began: float,
    ) -> None:
        """Find the step's result or make it, and let the state have it."""
        work = self._work
        found = work.cache.look(prepared.ingredients, self._redone)
        told = found.explanation
        is_hit = found.step is not None
        await work.emit(
            records.cache(step_id, hit=is_hit, key=found.key, code=told.code, reasons=told.reasons)
        )
        stored: StoredLayer | None = None
        if found.step is not None:
            created = found.step.created
            if found.layer is not None:
                stored = StoredLayer(found.layer, found.step.blob, found.step.size)
        else:
            self._redone = state.redone = self._redone or instruction.text
            if prepared.act is not None:
                stored = await prepared.act()
            created = moment(time.time())
        if work.plan.epoch_s is not None:
            created = moment(work.plan.epoch_s)
        state.add(created=created, created_by=prepared.created_by, key=found.key, stored=stored)
        seconds = time.perf_counter() - began - self._waited_s
        if found.step is None:
            step = (found, prepared.ingredients, state, stored, seconds)
            await in_thread(lambda: work.cache.remember(*step))
        await work.emit(
            records.finished(
                step_id,
                seconds=seconds,
                size_bytes=stored.layer.size if stored is not None else 0,
                layer=stored.layer.diff_id if stored is not None else "",
                image=state.image_id,
            )
        )

    def _expanded(self, instruction: words.Instruction, state: State) -> words.Instruction:
        if instruction.line == 0 and isinstance(instruction, words.Label):
            return instruction  # of the command line: its values are meant as they are
        lookup = self._arguments.lookup(state.run.env)
        escape = self._work.dockerfile.directives.escape
        return expanded(instruction, lookup, escape, dockerfile=self._work.dockerfile)

    async def _prepare(
        self,
        step_id: str,
        instruction: words.Instruction,
        state: State,
        ingredients: Ingredients,
    ) -> Prepared:
        if isinstance(instruction, words.Transfer):
            origin = None
            if isinstance(instruction, words.Copy) and instruction.from_:
                origin = await self._origin(instruction.from_)
            return await CopyStep(self._work, state, instruction, origin).prepare(ingredients)
        if isinstance(instruction, words.Run):
            origins: dict[str, Origin] = {
                mount.from_: await self._origin(mount.from_)
                for mount in instruction.mounts
                if mount.from_
            }
            run = RunStep(self._work, state, instruction, self._arguments, origins, step_id)
            return await run.prepare(ingredients)
        if isinstance(instruction, words.Workdir):
            return DirectoryStep(self._work, state, instruction).prepare(ingredients)
        if isinstance(instruction, words.Arg):
            text = self._declare(instruction, state)
        else:
            text = apply(state, instruction)
        ingredients.instruction = text
        return Prepared(ingredients, f"{' '.join(state.shell)} #(nop)  {text}")

    async def _origin(self, name: str) -> "Origin":
        began = time.perf_counter()
        found = await self._work.origin(name, self._index)
        self._waited_s += time.perf_counter() - began
        return found

    def _declare(self, given: words.Arg, state: State) -> str:
        """Put an ARG's names into scope; each default may use those before it.

        Returns what the history says of it.
        """
        escape = self._work.dockerfile.directives.escape
        outer = self._arguments.lookup(state.run.env)
        own: dict[str, str | None] = {}

        def lookup(name: str) -> str | None:
            return own[name] if name in own else outer(name)

        shown = []
        for item in given.arguments:
            default = None if item.default is None else expand(item.default, lookup, escape)
            own[item.key] = self._arguments.declare(item.key, default)
            shown.append(item.key if default is None else f"{item.key}={default}")
        return "ARG " + " ".join(shown)

    @asynccontextmanager
    async def _telling(self, step_id: str, instruction: words.Instruction) -> AsyncIterator[None]:
        """Tell of a failure once, with the line; whoever waits gets a ``BuildFailed``."""
        try:
            yield
        except BuildFailed:
            raise  # of another stage, and told there
        except (MiniDockerError, OSError) as error:
            failure = self._failure(named(error), instruction)
            await self._work.emit(records.failed(step_id, failure))
            raise failure from error

    def _failure(self, error: MiniDockerError, instruction: words.Instruction) -> BuildFailed:
        line, column = instruction.line, 0
        lines = excerpt(self._work.dockerfile.source, line)
        message = error.message
        if isinstance(error, DockerfileError) and error.line:
            line, column, lines = error.line, error.column, error.excerpt
        elif isinstance(error, CopyError) and error.source and lines:
            source = self._work.dockerfile.source
            column = source[line - 1].find(error.source) + 1  # 0 when a variable stands for it
            lines = excerpt(source, line, column, len(error.source))
        elif isinstance(error, InvalidArgument) and line == 0:  # a label of the command line
            message = f"{instruction.text}: {message}"
        return BuildFailed(
            message,
            hint=error.hint,
            exit_code=error.exit_code if isinstance(error, StepFailed) else 1,
            line=line,
            column=column,
            excerpt=lines,
        )
