"""Which stages there are, which one is wanted, and which ones it needs.

A stage needs the stage it starts FROM, and those it copies or mounts files from.  What the wanted
stage does not need, directly or through others, is not built.
"""

from collections.abc import Callable, Iterator
from typing import NoReturn

from msgspec import Struct

from pyminidocker.build.args import BuildArguments
from pyminidocker.build.records import PlannedStep
from pyminidocker.dockerfile.errors import DockerfileError
from pyminidocker.dockerfile.instructions import (
    Copy,
    Dockerfile,
    From,
    Instruction,
    Label,
    Pair,
    Run,
    Stage,
)
from pyminidocker.dockerfile.shell_words import expand
from pyminidocker.errors import InvalidArgument
from pyminidocker.spelling import nearest

SCRATCH = "scratch"


class StagePlan(Struct):
    """A stage as this build sees it.

    Attributes:
        stage: as parsed.
        base: of its FROM, variables put in.
        platform: likewise.
        base_stage: index of the stage it starts from; None for an image.
        instructions: the stage's, and the command line's labels behind those of the last stage.
        needs: indices of the stages it uses, by the number of the step that does so.
        is_needed: the wanted stage uses it, or it is the wanted one.
    """

    stage: Stage
    base: str
    platform: str
    base_stage: int | None
    instructions: tuple[Instruction, ...]
    needs: dict[int, set[int]]
    is_needed: bool = False

    @property
    def title(self) -> str:
        """Its name, or its number."""
        return self.stage.name or str(self.stage.index)


class Graph:
    """All stages of a Dockerfile and how they hang together.

    Args:
        dockerfile: as parsed.
        arguments: gets the global ARGs.
        target: wanted stage, by name or number; "" is the last.
        labels: of the command line.

    Attributes:
        stages: in the order of the file.
        wanted: index of the stage that becomes the image.

    Raises:
        DockerfileError: no FROM, two stages of one name, a variable that has no value.
        InvalidArgument: there is no stage ``target``.
    """

    def __init__(
        self, dockerfile: Dockerfile, arguments: BuildArguments, target: str, labels: dict[str, str]
    ) -> None:
        self.dockerfile = dockerfile
        self._names: dict[str, int] = {}
        self.stages: list[StagePlan] = []
        declare_globals(dockerfile, arguments)
        for stage in dockerfile.stages:
            self._add(stage, arguments)
        self.wanted = self._target(target)
        wanted = self.stages[self.wanted]
        wanted.instructions += tuple(_label(key, labels[key]) for key in sorted(labels))
        self._mark(self.wanted)

    def _add(self, stage: Stage, arguments: BuildArguments) -> None:
        from_ = stage.from_
        lookup, escape = arguments.global_value, self.dockerfile.directives.escape
        try:
            base = expand(from_.base, lookup, escape)
            platform = expand(from_.platform, lookup, escape)
        except InvalidArgument as error:
            self.fail(from_, str(error), error.hint)
        if not base:
            self.fail(
                from_,
                f"base name ({from_.base}) should not be blank",
                "give the variable a value: an ARG before the first FROM, or --build-arg",
            )
        base_stage = self._names.get(base.lower())
        plan = StagePlan(stage, base, platform, base_stage, stage.instructions, {})
        if base_stage is not None:
            plan.needs[1] = {base_stage}
        for number, instruction in enumerate(stage.instructions, start=2):
            if found := set(self._sources(instruction, stage.index)):
                plan.needs[number] = found
        self.stages.append(plan)
        if stage.name:
            if stage.name in self._names:
                self.fail(from_, f"duplicate name {stage.name}", "give each stage its own name")
            self._names[stage.name] = stage.index

    def _sources(self, instruction: Instruction, index: int) -> Iterator[int]:
        for name in source_names(instruction):
            found = self.stage_of(name, before=index)
            if found is not None:
                yield found
            elif name.isdecimal() or self._is_later(name, index):
                self.fail(
                    instruction,
                    f"invalid from flag value {name}: refers to current build block or a later one",
                    "a stage can only use stages that stand before it",
                )

    def _is_later(self, name: str, index: int) -> bool:
        return any(stage.name == name.lower() for stage in self.dockerfile.stages[index:])

    def stage_of(self, name: str, before: int) -> int | None:
        """Return the stage that ``--from=name`` means in stage number ``before``."""
        if name.isdecimal() and int(name) < before:
            return int(name)
        found = self._names.get(name.lower())
        return found if found is not None and found < before else None

    def _target(self, target: str) -> int:
        if not self.stages:
            raise InvalidArgument("file with no instructions")
        if not target:
            return len(self.stages) - 1
        if target.lower() in self._names:
            return self._names[target.lower()]
        if target.isdecimal() and int(target) < len(self.stages):
            return int(target)
        near = nearest(target.lower(), self._names)
        known = ", ".join(self._names) or "none has a name"
        raise InvalidArgument(
            f"failed to reach build target {target} in Dockerfile",
            hint=f"did you mean {near}?" if near else f"stages here: {known}",
        )

    def _mark(self, index: int) -> None:
        plan = self.stages[index]
        if not plan.is_needed:
            plan.is_needed = True
            for needed in set().union(*plan.needs.values()):
                self._mark(needed)

    def near(self, name: str, index: int) -> str:
        """Return a stage's name that is much like ``name`` and may have been meant, or ""."""
        names = [known for known, number in self._names.items() if number < index]
        return nearest(name.lower(), names)

    def fail(self, instruction: Instruction, problem: str, hint: str = "") -> NoReturn:
        """Raise a ``DockerfileError`` about an instruction."""
        raise error_at(self.dockerfile, instruction, problem, hint)

    def steps(self, extra: Callable[[int], list[Instruction]]) -> list[PlannedStep]:
        """Return all steps for the plan.

        Args:
            extra: gives the ONBUILD triggers that a stage has from its base image.
        """
        found = []
        for plan in self.stages:
            triggers = extra(plan.stage.index)
            total = 1 + len(triggers) + len(plan.instructions)
            index = plan.stage.index
            rows: list[tuple[str, Instruction, set[int]]] = [
                (f"{index}.1", plan.stage.from_, plan.needs.get(1, set()))
            ]
            for place, trigger in enumerate(triggers, start=1):
                rows.append((f"{index}.1.{place}", trigger, set()))
            for place, instruction in enumerate(plan.instructions, start=2):
                rows.append((f"{index}.{place}", instruction, plan.needs.get(place, set())))
            for number, (step_id, instruction, needs) in enumerate(rows, start=1):
                found.append(
                    PlannedStep(
                        id=step_id,
                        stage=plan.stage.name,
                        stage_index=index,
                        number=number,
                        total=total,
                        line=plan.stage.line if step_id.count(".") == 2 else instruction.line,
                        text=instruction.text,
                        needs=tuple(self._last_step(needed) for needed in sorted(needs)),
                        skipped=not plan.is_needed,
                    )
                )
        return found

    def _last_step(self, index: int) -> str:
        return f"{index}.{1 + len(self.stages[index].instructions)}"


def declare_globals(dockerfile: Dockerfile, arguments: BuildArguments) -> None:
    """Put the ARGs before the first FROM into the global scope, each seeing those before it."""
    for arg in dockerfile.global_args:
        for item in arg.arguments:
            default = item.default
            if default is not None:
                try:
                    default = expand(default, arguments.global_value, dockerfile.directives.escape)
                except InvalidArgument as error:
                    raise error_at(dockerfile, arg, str(error), error.hint) from error
            arguments.declare_global(item.key, default)


def error_at(
    dockerfile: Dockerfile, instruction: Instruction, problem: str, hint: str = ""
) -> DockerfileError:
    """Return an error about an instruction, with the line and an excerpt."""
    return DockerfileError(
        problem, file=dockerfile.name, line=instruction.line, source=dockerfile.source, hint=hint
    )


def source_names(instruction: Instruction) -> list[str]:
    """Return what an instruction names behind ``--from=`` or ``from=``."""
    if isinstance(instruction, Copy):
        return [instruction.from_] if instruction.from_ else []
    if isinstance(instruction, Run):
        return [mount.from_ for mount in instruction.mounts if mount.from_]
    if isinstance(instruction, From):
        return [instruction.base]
    return []


def _label(key: str, value: str) -> Label:
    text = f"LABEL {key}={value}"
    return Label(keyword="LABEL", line=0, end_line=0, text=text, pairs=(Pair(key, value),))
