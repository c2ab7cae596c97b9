"""``attach``, ``logs``, ``wait``, ``resize``: watching a container and talking to it."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from pyminidocker.engine import detach_keys as keys
from pyminidocker.engine import states
from pyminidocker.engine.attachment import Attachment
from pyminidocker.engine.container import Container
from pyminidocker.engine.logs_read import LogReader
from pyminidocker.engine.records import LogRecord
from pyminidocker.engine.results import WaitResult
from pyminidocker.errors import InvalidArgument

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

CONDITIONS = ("", "not-running", "next-exit", "removed")


async def attach(
    engine: "Engine",
    container: Container,
    *,
    ref: str,
    stdin: bool,
    stdout: bool,
    stderr: bool,
    logs: bool,
    stream: bool,
    detach_keys: str,
) -> Attachment:
    """Connect to a container; see ``Containers.attach``."""
    sequence = keys.parse_keys(detach_keys)
    states.check(
        "attach", container.status, container_id=container.id, name=container.name, ref=ref
    )
    config = container.record.config
    replay = None
    if logs:
        wanted = {name for name, asked in (("stdout", stdout), ("stderr", stderr)) if asked}
        replay = LogReader(container, streams=frozenset(wanted))

    def tell_detached() -> None:
        engine.events.emit("container", "detach", container.id, container.event_attributes())

    engine.events.emit("container", "attach", container.id, container.event_attributes())
    return Attachment(
        container.hub,
        tty=config.tty,
        stdin=stdin and config.open_stdin,
        stdout=stdout,
        stderr=stderr,
        closes_stdin=config.stdin_once,
        keys=sequence,
        replay=replay,
        stream=stream,
        on_detach=tell_detached,
    )


def logs(
    container: Container,
    *,
    stdout: bool,
    stderr: bool,
    since: float,
    until: float,
    tail: int,
    follow: bool,
) -> AsyncIterator[LogRecord]:
    """Read a container's log; see ``Containers.logs``."""
    wanted = {name for name, asked in (("stdout", stdout), ("stderr", stderr)) if asked}
    if not wanted:
        raise InvalidArgument("Bad parameters: you must choose at least one stream")
    return LogReader(
        container,
        streams=frozenset(wanted),
        since_ns=int(since * 1e9),
        until_ns=int(until * 1e9),
        tail=tail,
        follow=follow,
    )


def wait(container: Container, condition: str) -> "asyncio.Future[WaitResult]":
    """Return a future of the container's end; see ``Containers.wait``."""
    if condition not in CONDITIONS:
        raise InvalidArgument(f'invalid condition: "{condition}"')
    if condition == "removed":
        return container.on_removal()
    if condition == "next-exit" or container.status in ("running", "paused", "restarting"):
        return container.on_exit()
    future: asyncio.Future[WaitResult] = asyncio.get_running_loop().create_future()
    future.set_result(container.result())
    return future


def resize(engine: "Engine", container: Container, rows: int, cols: int) -> None:
    """Set the terminal's size; see ``Containers.resize``."""
    states.check("resize", container.status, container_id=container.id, name=container.name)
    container.hub.resize(rows, cols)
    engine.events.emit(
        "container",
        "resize",
        container.id,
        {**container.event_attributes(), "height": str(rows), "width": str(cols)},
    )
