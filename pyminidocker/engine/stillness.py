"""Let running containers stand still while their files are read.

Files that belong together are consistent only when nobody writes between the first and the last of
them.  ``docker commit`` therefore pauses the container.  The freezer does it, where this host has
one for us; where it has none, all processes of the container are stopped by SIGSTOP, which holds
them as surely, but which a process can notice afterwards (its parent is told, a timer has run out).

See: moby daemon/commit.go; signal(7), SIGSTOP; cgroups(7), freezer.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from signal import SIGCONT, SIGSTOP
from typing import TYPE_CHECKING

from pyminidocker.errors import Conflict, MiniDockerError, NotImplementedHere
from pyminidocker.kernel import procfs
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.pidfd import pidfd_open, pidfd_send_signal

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

# A process that waits in the kernel for another one (vfork) never stops by itself; it does nothing
# meanwhile either.
_PATIENCE_S = 0.2
_ENDED = "ZXx"
_STOPPED = "Tt"


@asynccontextmanager
async def still(engine: "Engine", containers: "Sequence[Container]") -> AsyncIterator[None]:
    """Hold those of ``containers`` that run; what was paused before stays so."""
    async with AsyncExitStack() as stack:
        for container in containers:
            if container.status == "running":
                await stack.enter_async_context(_held(engine, container))
        yield


@asynccontextmanager
async def _held(engine: "Engine", container: "Container") -> AsyncIterator[None]:
    try:
        await engine.containers.pause(container.id)
    except NotImplementedHere:  # no freezer for us on this host
        async with _stopped(container):
            yield
        return
    except Conflict:  # it ended, or somebody else paused it just now
        yield
        return
    try:
        yield
    finally:
        try:
            await engine.containers.unpause(container.id)
        except MiniDockerError:
            pass  # somebody else let it go on, or ended it


@asynccontextmanager
async def _stopped(container: "Container") -> AsyncIterator[None]:
    """Hold a container by signals."""
    if container.health is not None:
        container.health.hold()  # its probes would be new processes
    stopped = await asyncio.to_thread(stop_all, container.record.state.pid)
    try:
        yield
    finally:
        release(stopped)
        if container.health is not None and container.is_running:
            container.health.go_on()


def stop_all(first_pid: int) -> list[int]:
    """Stop every process of a container; returns handles (pidfds) of those that were running.

    Args:
        first_pid: the container's first process as our /proc shows it.
    """
    stopped: dict[int, int] = {}  # pid -> pidfd
    try:
        namespace = os.readlink(f"/proc/{first_pid}/ns/pid")
    except OSError:
        return []
    while True:  # until a look finds nobody new: a process may have started another
        new = [pid for pid in procfs.processes_in(namespace) if pid not in stopped]
        for pid in new:
            stopped[pid] = _stop(pid, namespace)
        if not new:
            break
    deadline = time.monotonic() + _PATIENCE_S
    while any(_runs(pid) for pid, fd in stopped.items() if fd >= 0):
        if time.monotonic() > deadline:
            break
        time.sleep(0.001)
    return [fd for fd in stopped.values() if fd >= 0]


def release(stopped: list[int]) -> None:
    """Let processes go on, children before those who might look after them."""
    for pidfd in reversed(stopped):
        try:
            pidfd_send_signal(pidfd, SIGCONT)
        except SyscallError:
            pass  # it was killed meanwhile
        os.close(pidfd)


def _stop(pid: int, namespace: str) -> int:
    """Stop one process; -1 when it is gone or was stopped before."""
    try:
        if procfs.stat(pid).state in _STOPPED + _ENDED:
            return -1
        pidfd = pidfd_open(pid)
    except SyscallError:
        return -1
    try:
        if os.readlink(f"/proc/{pid}/ns/pid") != namespace:  # the number is somebody else's now
            raise ProcessLookupError
        pidfd_send_signal(pidfd, SIGSTOP)
    except OSError:
        os.close(pidfd)
        return -1
    return pidfd


def _runs(pid: int) -> bool:
    try:
        return procfs.stat(pid).state not in _STOPPED + _ENDED
    except SyscallError:
        return False
