"""One run of a health check: an exec with a time limit and a little room for its output.

See: moby daemon/health.go, cmdProbe.
"""

import asyncio
from typing import TYPE_CHECKING

from pyminidocker.engine.container import Container
from pyminidocker.engine.execs import Exec
from pyminidocker.engine.kill_family import kill_family
from pyminidocker.engine.records import ExecRecord
from pyminidocker.engine.streams import Subscription
from pyminidocker.units import go_duration

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

OUTPUT_BYTES = 4096
TIMED_OUT = -1
SHELL = ("/bin/sh", "-c")


def command(test: list[str]) -> list[str]:
    """Return what to execute, or nothing when there is no check to run.

    Args:
        test: ``["CMD", ...]``, ``["CMD-SHELL", line]``, ``["NONE"]``; anything else is no check,
            as with dockerd.
    """
    kind, *words = test or [""]
    if kind == "CMD":
        return words
    if kind == "CMD-SHELL":
        return [*SHELL, *words]
    return []


async def run(
    engine: "Engine", container: Container, argv: list[str], timeout_ns: int
) -> tuple[int, str]:
    """Run a probe in a container and return its exit code and output.

    A probe that takes longer is killed with all its processes; its exit code is -1.

    Args:
        engine: whose.
        container: which.
        argv: what to execute.
        timeout_ns: how long it may take, counted from its execve.

    Raises:
        MiniDockerError: it could not be run.
    """
    execs = engine.execs
    record = execs.create(container.id, ExecRecord("", "", argv))
    try:
        found = execs.find(record.id)
        output = asyncio.ensure_future(_beginning(found.hub.subscribe()))
        try:
            await execs.start(record.id)
            in_time = await _ends_in_time(found, timeout_ns / 1e9)
        except BaseException:
            output.cancel()
            raise
        text = await output
    finally:
        execs.discard(record.id)
    if in_time:
        return int(record.exit_code or 0), text
    told = f"Health check exceeded timeout ({go_duration(timeout_ns)})"
    return TIMED_OUT, f"{told}: {text}" if text else told


async def _ends_in_time(found: Exec, timeout_s: float) -> bool:
    """Wait for the end of a process that has started; kill it when it is late."""
    assert found.process is not None
    end = found.process.end
    await asyncio.wait([end], timeout=timeout_s)
    if end.done():
        return True
    await asyncio.to_thread(kill_family, found.record.pid)
    await end
    return False


async def _beginning(subscription: Subscription) -> str:
    """Return the beginning of what a process writes; the rest is read and forgotten."""
    kept, is_cut = bytearray(), False
    async for _, data in subscription:
        room = OUTPUT_BYTES - len(kept)
        kept += data[:room]
        is_cut = is_cut or len(data) > room
    return kept.decode("utf-8", "replace") + ("..." if is_cut else "")
