"""What ``run``, ``exec``, ``start`` and ``attach`` have in common once they take part."""

from __future__ import annotations

import os

from pyminidocker.cli.failures import Failure
from pyminidocker.cli.keys import parse
from pyminidocker.cli.prompt import nobody_types
from pyminidocker.errors import MiniDockerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyminidocker.client.calls_containers import PendingWait
    from pyminidocker.client.connection import Stream
    from pyminidocker.client.engine_client import EngineClient

NO_TTY = 1
GIVE_UP = 1


def check_input(path: str, target: str, command: list[str], *, tty: bool, stdin: bool) -> None:
    """Make sure that somebody can type when input is wanted.

    Args:
        path: the verb, e.g. ``"run"``.
        target: image or container.
        command: what is to run there, for the advice.
        tty: a terminal was asked for.
        stdin: standard input was asked for.

    Raises:
        Failure: nobody can: stdin is no terminal, or it is a notebook cell's.
    """
    if not stdin:
        return
    if nobody_types():
        raise Failure(
            f"minidocker: a notebook's ! cell passes no keystrokes on: {_flags(path, tty=tty)}"
            " would wait for ever",
            hint=_advice(path, target, command),
        )
    if tty and not os.isatty(0):
        raise Failure("the input device is not a TTY", NO_TTY)


def _flags(path: str, *, tty: bool) -> str:
    verb = path.rsplit(maxsplit=1)[-1]
    return f"{verb} {'-it' if tty else '-i'}" if verb in ("run", "exec") else verb


def _advice(path: str, target: str, command: list[str]) -> str:
    """Return what to type instead, as the text of a hint."""
    verb = path.rsplit(maxsplit=1)[-1]
    shell = command[0] if command else "sh"
    words = " ".join([target, *command]) if len(command) > 1 else f"{target} ls /"
    feed, start = "!printf 'ls /\\n' | minidocker", "run -i --rm"
    lines = [f"run one command:         !minidocker run --rm {words}"]
    page = f'engine.terminal("{target}", "{shell}")'
    if verb == "exec":
        start = "exec -i"
        lines = [f"run one command:         !minidocker exec {words}"]
        page = f'engine.container("{target}").terminal("{shell}")'
    elif verb in ("attach", "start"):
        lines = [
            f"read its output:         !minidocker logs {target}",
            f"run a command in it:     !minidocker exec {target} ls /",
        ]
        page = f'engine.container("{target}").terminal()'
    if verb not in ("attach", "start"):
        lines.append(f"feed input from a pipe:  {feed} {start} {target} {shell}")
    lines.append(f"a terminal in the page:  {page}")
    return "\n      ".join(lines)


def detach_keys(text: str) -> bytes:
    """Return the bytes that detach.

    Raises:
        Failure: an unknown key.
    """
    try:
        return parse(text)
    except ValueError as error:
        raise Failure(str(error)) from None


def proxy_to(engine: EngineClient, container: str) -> Callable[[str], None]:
    """Return a function that sends a container the signal it is called with."""
    return lambda name: engine.container_kill(container, signal=name)


def resize_quietly(resize: Callable[[int, int], None]) -> None:
    """Give a new process our terminal's size; it may have ended already."""
    from pyminidocker.cli.terminal import size

    rows, columns = size()
    if rows:
        try:
            resize(rows, columns)
        except MiniDockerError:
            pass


def say_detached() -> None:
    """Say that the keys were understood, as Docker does."""
    print("read escape sequence")


def say_given_up() -> int:
    """Say why we end although the container goes on; return the exit code."""
    import sys

    print("got 3 SIGTERM/SIGINTs, forcefully exiting", file=sys.stderr)
    return GIVE_UP


def converse(
    engine: EngineClient,
    container: str,
    stream: Stream,
    wait: PendingWait,
    *,
    tty: bool,
    stdin: bool,
    keys: bytes,
    proxied: bool,
    redraw: bool = False,
) -> int:
    """Move bytes between a container's main process and us until one of the two has enough.

    Args:
        engine: where it runs.
        container: its id.
        stream: the attached connection.
        wait: the request for its exit code, made before the start.
        tty: it has a terminal.
        stdin: pass our standard input on.
        keys: the bytes that detach from a terminal.
        proxied: pass our signals on.
        redraw: change the size twice, which makes full-screen programs draw themselves again.

    Returns:
        The exit code of the container, or of having left it.
    """
    from pyminidocker.cli.session import DETACHED, GIVEN_UP, Session

    def resize(rows: int, columns: int) -> None:
        engine.container_resize(container, rows, columns)

    if tty:
        if redraw:
            resize_quietly(lambda rows, columns: resize(rows + 1, columns + 1))
        resize_quietly(resize)
    session = Session(
        stream,
        tty=tty,
        stdin=stdin,
        detach_keys=keys if tty else b"",
        proxy=proxy_to(engine, container) if proxied else None,
        resize=resize if tty else None,
    )
    end = session.run()
    if end == DETACHED:
        say_detached()
        return 0
    if end == GIVEN_UP:
        return say_given_up()
    stream.close()
    return wait.result()
