"""``stop``, ``restart``, ``kill``, ``pause``, ``rm``, ``rename``: a container's state changes."""

from __future__ import annotations

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.commands.each import each
from pyminidocker.cli.exit_codes import sentence
from pyminidocker.cli.failures import Failure
from pyminidocker.errors import MiniDockerError, NotModified, Unavailable

MANY = "[OPTIONS] CONTAINER [CONTAINER...]"
SIGNAL = Option("-s, --signal", "string", "Signal to send to the container")
TIMEOUT = Option("-t, --timeout", "int", "Seconds to wait before killing the container")
OLD_TIMEOUT = Option("--time", "int", "")  # its name before Docker 28; not in help


def _timeout(call: Invocation) -> int | None:
    for name in ("timeout", "time"):
        if name in call.given:
            return int(call.options[name])
    return None


def stop(call: Invocation) -> int:
    """Send the stop signal, wait, then kill."""

    def act(name: str) -> None:
        try:
            call.engine.container_stop(
                name, timeout_s=_timeout(call), signal=call.options["signal"]
            )
        except NotModified:
            pass  # it was stopped already: what was asked for holds

    return each(call.arguments, act)


def restart(call: Invocation) -> int:
    """Stop and start."""

    def act(name: str) -> None:
        call.engine.container_restart(name, timeout_s=_timeout(call), signal=call.options["signal"])

    return each(call.arguments, act)


def kill(call: Invocation) -> int:
    """Send a signal."""
    return each(
        call.arguments,
        lambda name: call.engine.container_kill(name, signal=call.options["signal"]),
    )


def pause(call: Invocation) -> int:
    """Freeze all processes of containers."""
    return each(call.arguments, call.engine.container_pause)


def unpause(call: Invocation) -> int:
    """Let them go on."""
    return each(call.arguments, call.engine.container_unpause)


def rm(call: Invocation) -> int:
    """Remove containers."""
    options = call.options

    def act(name: str) -> str:
        name = name.strip("/")
        if not name:
            raise Failure("Container name cannot be empty")
        call.engine.container_remove(
            name, force=options["force"], volumes=options["volumes"], link=options["link"]
        )
        return name

    return each(call.arguments, act, forgive=options["force"])


def rename(call: Invocation) -> int:
    """Give a container another name."""
    old, new = (name.strip() for name in call.arguments)
    if not old or not new:
        raise Failure("Error: Neither old nor new names may be empty")
    try:
        call.engine.container_rename(old, new)
    except Unavailable:
        raise
    except MiniDockerError as error:
        raise Failure(
            f"{sentence(error)}\nError: failed to rename container named {old}", hint=error.hint
        ) from None
    return 0


STOP = Command(MANY, (SIGNAL, TIMEOUT, OLD_TIMEOUT), stop, 1, ANY)
RESTART = Command(MANY, (SIGNAL, TIMEOUT, OLD_TIMEOUT), restart, 1, ANY)
KILL = Command(
    MANY, (Option("-s, --signal", "string", "Signal to send to the container"),), kill, 1, ANY
)
PAUSE = Command("CONTAINER [CONTAINER...]", (), pause, 1, ANY)
UNPAUSE = Command("CONTAINER [CONTAINER...]", (), unpause, 1, ANY)
RM = Command(
    MANY,
    (
        Option("-f, --force", "bool", "Force the removal of a running container (uses SIGKILL)"),
        Option("-l, --link", "bool", "Remove the specified link"),
        Option("-v, --volumes", "bool", "Remove anonymous volumes associated with the container"),
    ),
    rm,
    1,
    ANY,
)
RENAME = Command("CONTAINER NEW_NAME", (), rename, 2, 2)
