"""A whole Dockerfile: bytes in, stages with typed instructions out.

    source     lines -> statements (continuation, comments, heredocs, directives)
    words      what stands behind the name -> words;  flags, heredocs, mounts: parts of that
    read_*     a statement -> a typed instruction
    parser     instructions -> stages
    checks     what is allowed but doubtful -> warnings

See: https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

from pyminidocker.dockerfile import read_commands, read_settings, read_transfer
from pyminidocker.dockerfile.checks import warnings_of
from pyminidocker.dockerfile.errors import DockerfileError
from pyminidocker.dockerfile.instructions import Arg, Dockerfile, From, Instruction, Stage
from pyminidocker.dockerfile.source import Source, Statement
from pyminidocker.dockerfile.words import Problem
from pyminidocker.spelling import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_READERS: dict[str, Callable[[Statement], Instruction]] = {
    "ADD": read_transfer.add,
    "CMD": read_commands.cmd,
    "COPY": read_transfer.copy,
    "ENTRYPOINT": read_commands.entrypoint,
    "EXPOSE": read_settings.expose,
    "FROM": read_settings.from_,
    "HEALTHCHECK": read_commands.healthcheck,
    "MAINTAINER": read_settings.maintainer,
    "ONBUILD": read_settings.onbuild,
    "RUN": read_commands.run,
    "SHELL": read_commands.shell,
    "STOPSIGNAL": read_settings.stopsignal,
    "USER": read_settings.user,
    "VOLUME": read_settings.volume,
    "WORKDIR": read_settings.workdir,
}
_QUOTED_READERS: dict[str, Callable[[Statement, str], Instruction]] = {
    "ARG": read_settings.arg,
    "ENV": read_settings.env,
    "LABEL": read_settings.label,
}
KEYWORDS = tuple(sorted((*_READERS, *_QUOTED_READERS)))


def parse(text: bytes | str, name: str = "Dockerfile") -> Dockerfile:
    """Read a Dockerfile.

    Args:
        text: the file's content; bytes must be UTF-8, with or without a byte order mark.
        name: what to call it in messages.

    Raises:
        DockerfileError: with the line, the column and an excerpt.
    """
    source = Source(text, name)
    escape = source.directives.escape
    statements: list[Statement] = []
    instructions: list[Instruction] = []
    has_stage = False
    for statement in source.statements():
        try:
            instruction = _read(statement, escape)
            has_stage = has_stage or isinstance(instruction, From)
            if not has_stage and not isinstance(instruction, Arg):
                raise Problem(
                    "no build stage in current context",
                    hint="begin with FROM IMAGE; only ARG may stand before it",
                )
        except Problem as problem:
            _hint_at_continuation(problem, statement, statements, escape)
            raise source.error(problem, statement) from None
        statements.append(statement)
        instructions.append(instruction)
    if not instructions:
        raise source.error(Problem("file with no instructions", hint="begin with FROM IMAGE"))
    global_args, stages = _stages(instructions)
    if not stages:
        text = "dockerfile contains no stages to build"
        raise source.error(Problem(text, hint="begin with FROM IMAGE"))
    dockerfile = Dockerfile(
        name=name,
        directives=source.directives,
        global_args=global_args,
        stages=stages,
        source=source.lines,
    )
    return _with_warnings(dockerfile, statements)


def parse_trigger(text: str) -> Instruction:
    """Read one instruction of an image's ``OnBuild``.

    Args:
        text: such as ``COPY . /app``.

    Raises:
        DockerfileError: it is no instruction, or one that must not be there (FROM, ONBUILD).
    """
    return _one(Source(text, "ONBUILD"), ("FROM", "MAINTAINER", "ONBUILD"))


def parse_change(text: str) -> Instruction:
    """Read one instruction that is given for itself (``commit --change``).

    Raises:
        DockerfileError: it is no instruction.
    """
    return _one(Source(text, "--change"), ())


def _one(source: Source, refused: tuple[str, ...]) -> Instruction:
    statements = list(source.statements())
    if len(statements) != 1:
        raise source.error(Problem(f"{len(statements)} instructions instead of one"))
    try:
        if statements[0].keyword in refused:
            problem = f"{statements[0].keyword} isn't allowed as an ONBUILD trigger"
            raise Problem(problem)
        return _read(statements[0], source.directives.escape)
    except Problem as problem:
        raise source.error(problem, statements[0]) from None


def _read(statement: Statement, escape: str) -> Instruction:
    """Return the typed instruction.

    Raises:
        Problem: it makes no sense.
    """
    keyword = statement.keyword
    if keyword in _QUOTED_READERS:
        return _QUOTED_READERS[keyword](statement, escape)
    if keyword in _READERS:
        instruction = _READERS[keyword](statement)
        if keyword == "ONBUILD":
            _check_trigger(statement, escape)
        return instruction
    raise _unknown(statement.written, 0)


def _unknown(written: str, offset: int) -> Problem:
    close = nearest(written.upper(), KEYWORDS)
    end = f" (did you mean {close}?)" if close else ""
    return Problem(f"unknown instruction: {written}{end}", offset, len(written))


def _check_trigger(statement: Statement, escape: str) -> None:
    """Make sure that an ONBUILD holds something that can be done later."""
    inner = statement.inner()
    try:
        _read(inner, escape)
    except Problem as problem:
        if problem.offset >= 0:
            problem.offset += statement.rest_offset
        raise


def _hint_at_continuation(
    problem: Problem, statement: Statement, before: list[Statement], escape: str
) -> None:
    """Say so when an unknown instruction looks like the rest of the command above it."""
    text = problem.text
    if not text.startswith("unknown instruction") or "did you mean" in text:
        return
    if before and before[-1].keyword == "RUN" and before[-1].end_line == statement.line - 1:
        above = before[-1].end_line
        problem.hint = f"if it belongs to the RUN above, end line {above} with {escape}"
    else:
        problem.hint = f"instructions are: {' '.join(KEYWORDS)}"


def _stages(instructions: list[Instruction]) -> tuple[tuple[Arg, ...], tuple[Stage, ...]]:
    """Return (the ARGs before the first FROM, the stages)."""
    global_args: list[Arg] = []
    groups: list[tuple[From, list[Instruction]]] = []
    for instruction in instructions:
        if isinstance(instruction, From):
            groups.append((instruction, []))
        elif groups:
            groups[-1][1].append(instruction)
        elif isinstance(instruction, Arg):
            global_args.append(instruction)
    stages = [
        Stage(
            index=index,
            name=first.name,
            base=first.base,
            platform=first.platform,
            from_=first,
            instructions=tuple(rest),
            line=first.line,
        )
        for index, (first, rest) in enumerate(groups)
    ]
    return tuple(global_args), tuple(stages)


def _with_warnings(dockerfile: Dockerfile, statements: list[Statement]) -> Dockerfile:
    """Add what the build checks say; with ``# check=error=true`` the first of them is an error."""
    import msgspec

    found = warnings_of(dockerfile, statements)
    if found and dockerfile.directives.is_error:
        first = found[0]
        raise DockerfileError(
            f"{first.rule}: {first.text}",
            file=dockerfile.name,
            line=first.line,
            source=dockerfile.source,
            hint="the file asks for it with # check=error=true",
        )
    return msgspec.structs.replace(dockerfile, warnings=found)
