"""Instructions that hold a command: RUN, CMD, ENTRYPOINT, SHELL, HEALTHCHECK."""

from __future__ import annotations

from pyminidocker.dockerfile.flags import Flags
from pyminidocker.dockerfile.heredocs import read_mark
from pyminidocker.dockerfile.instructions import (
    Cmd,
    CommandLine,
    Entrypoint,
    HealthCheck,
    Run,
    Shell,
)
from pyminidocker.dockerfile.mounts import read_mount
from pyminidocker.dockerfile.words import Problem, json_array, plain_words
from pyminidocker.spelling import nearest
from pyminidocker.units import parse_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyminidocker.dockerfile.source import Statement

NETWORKS = ("default", "none", "host")
SECURITY = ("sandbox", "insecure")
_SHORTEST_NS = 1_000_000  # what Docker takes for a check's times
_MOST_RETRIES = 2**31 - 1


def common(statement: Statement) -> dict[str, Any]:
    """Return the fields that every instruction has."""
    return {
        "keyword": statement.keyword,
        "line": statement.line,
        "end_line": statement.end_line,
        "text": statement.full_text,
    }


def _command(statement: Statement) -> CommandLine:
    words = json_array(statement.rest, statement.rest_offset)
    if words is not None:
        return CommandLine(words=words)
    return CommandLine(words=(statement.rest,) if statement.rest else (), is_shell=True)


def run(statement: Statement) -> Run:
    """Read a RUN."""
    flags = Flags("RUN", statement.flags)
    command = _command(statement)
    if not command.words or not statement.rest:
        raise Problem("RUN requires at least one argument")
    network = _one_of(flags, "network", NETWORKS, "invalid network mode")
    security = _one_of(flags, "security", SECURITY, "security")
    script, program = "", None
    heredocs = statement.heredocs
    if command.is_shell:
        script = command.words[0]
        if heredocs and read_mark(script) is not None:  # nothing but <<EOF
            script = heredocs[0].content
            if script.startswith("#!"):
                script, program = "", heredocs[0]
        else:
            script += "".join([f"\n{one.raw}{one.name}" for one in heredocs])
    return Run(
        command=command,
        heredocs=heredocs,
        script=script,
        program=program,
        mounts=tuple(read_mount(word) for word in flags.words("mount")),
        network=network,
        security=security,
        **common(statement),
    )


def _one_of(flags: Flags, name: str, known: tuple[str, ...], what: str) -> str:
    words = flags.words(name)
    if not words:
        return known[0]
    value = words[0].text
    if value not in known:
        close = nearest(value, known)
        end = f" (did you mean {close}?)" if close else ""
        hint = f"one of: {' '.join(known)}"
        raise Problem.with_word(f'{what}: "{value}" is not valid{end}', words[0], hint=hint)
    return value


def cmd(statement: Statement) -> Cmd:
    """Read a CMD."""
    Flags("CMD", statement.flags)
    return Cmd(command=_command(statement), **common(statement))


def entrypoint(statement: Statement) -> Entrypoint:
    """Read an ENTRYPOINT."""
    Flags("ENTRYPOINT", statement.flags)
    return Entrypoint(command=_command(statement), **common(statement))


def shell(statement: Statement) -> Shell:
    """Read a SHELL, which has the exec form only."""
    Flags("SHELL", statement.flags)
    words = json_array(statement.rest, statement.rest_offset)
    if words == () or not statement.rest:
        raise Problem("SHELL requires at least one argument")
    if words is None:
        raise Problem(
            "SHELL requires the arguments to be in JSON form",
            statement.rest_offset,
            len(statement.rest),
            hint='for example: SHELL ["/bin/sh", "-c"]',
        )
    return Shell(words=words, **common(statement))


def healthcheck(statement: Statement) -> HealthCheck:
    """Read a HEALTHCHECK."""
    words = plain_words(statement.rest, statement.rest_offset)
    if not words:
        raise Problem("HEALTHCHECK requires at least one argument")
    kind = words[0].text.upper()
    if kind == "NONE":
        if len(words) > 1:
            raise Problem.with_word("HEALTHCHECK NONE takes no arguments", words[1])
        return HealthCheck(test=("NONE",), **common(statement))
    flags = Flags("HEALTHCHECK", statement.flags)
    if kind != "CMD":
        text = f'Unknown type "{kind}" in HEALTHCHECK (try CMD)'
        raise Problem.with_word(text, words[0])
    if len(words) == 1:
        raise Problem("Missing command after HEALTHCHECK CMD")
    start = words[1].offset
    rest = statement.rest[start - statement.rest_offset :]
    argv = json_array(rest, start)
    if argv == ():
        raise Problem("Missing command after HEALTHCHECK CMD", start, len(rest))
    return HealthCheck(
        test=("CMD-SHELL", rest) if argv is None else ("CMD", *argv),
        interval_ns=_interval(flags, "interval"),
        timeout_ns=_interval(flags, "timeout"),
        start_period_ns=_interval(flags, "start-period"),
        start_interval_ns=_interval(flags, "start-interval"),
        retries=_retries(flags),
        **common(statement),
    )


def _interval(flags: Flags, name: str) -> int:
    text = flags.text(name)
    if not text:
        return 0
    word = flags.words(name)[0]
    try:
        length_ns = parse_duration(text)
    except ValueError as error:
        raise Problem.with_word(str(error), word, hint="for example 30s or 1m30s") from None
    if length_ns and length_ns < _SHORTEST_NS:
        raise Problem.with_word(f'Interval "{name}" cannot be less than 1ms', word)
    return length_ns


def _retries(flags: Flags) -> int:
    text = flags.text("retries")
    if not text:
        return 0
    word = flags.words("retries")[0]
    digits = text.removeprefix("-").removeprefix("+")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 15:
        text = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise Problem.with_word(text, word)
    if int(text) < 0:
        raise Problem.with_word(f"--retries cannot be negative ({int(text)})", word)
    if int(text) > _MOST_RETRIES:
        text = f'strconv.ParseInt: parsing "{text}": value out of range'
        raise Problem.with_word(text, word)
    return int(text)
