"""Facts for checks: what the engine records and what the kernel shows, side by side.

Checks compare the two, so that neither a wrong record nor a lucky guess passes for an observation.

See: namespaces(7), proc_pid_ns(5), pid_namespaces(7).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import Conflict, NotFound
from pyminidocker.kernel import procfs
from pyminidocker.kernel.libc import SyscallError

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine
    from pyminidocker.teach.lesson import Lesson

# OCI's words for namespaces where they are not those of /proc/PID/ns, which lessons use.
PROC_NAMES = {"mount": "mnt", "network": "net"}


def inspect(lesson: Lesson, name: str) -> dict[str, Any]:
    """Return the engine's record of container ``name``.

    Raises:
        NotFound: there is no such container; the hint says how to make it.
    """
    try:
        return dict(lesson.calls.container_inspect(name))
    except NotFound:
        raise NotFound(
            f"there is no container called {name!r}",
            hint=f"Which cell makes {name!r}? `!minidocker ps -a` lists what is there.",
        ) from None


def running_pid(lesson: Lesson, name: str) -> int:
    """Return the host's pid of the first process of container ``name``.

    Raises:
        NotFound: no such container.
        Conflict: it does not run.
    """
    state = inspect(lesson, name)["State"]
    if not state["Running"]:
        raise Conflict(
            f"container {name!r} does not run: its state is {state['Status']}",
            hint=f"`!minidocker ps -a` shows its state, `!minidocker start {name}` starts it.",
        )
    return int(state["Pid"])


def namespaces(pid: int) -> dict[str, int]:
    """Return the inode numbers of a process's namespaces by /proc's names.

    Raises:
        NotFound: there is no such process.
    """
    try:
        found = procfs.namespace_inodes(pid)
    except SyscallError as error:
        raise NotFound(f"there is no process {pid} on this machine") from error
    return {PROC_NAMES.get(kind, kind): inode for kind, inode in found.items()}


def namespace(pid: int, kind: str) -> int:
    """Return the inode number of namespace ``kind`` of process ``pid``: equal numbers, same one.

    Raises:
        NotFound: there is no such process.
    """
    return namespaces(pid)[kind]


def shared_kinds(one: int, other: int) -> set[str]:
    """Return the kinds of namespaces that processes ``one`` and ``other`` are both in."""
    left, right = namespaces(one), namespaces(other)
    return {kind for kind, inode in left.items() if right.get(kind) == inode}


def pids_in(pid_namespaces: Iterable[int]) -> list[int]:
    """Return the host pids of all processes whose own pid namespace is one of these."""
    wanted = set(pid_namespaces)
    found = []
    for pid in procfs.processes():
        # A process of another user, or one that ends just now, cannot be one of ours.
        with suppress(NotFound):
            if namespaces(pid).get("pid") in wanted:
                found.append(pid)
    return found


def started(pid: int) -> int | None:
    """Return when process ``pid`` started (clock ticks since the boot), or None if it is gone.

    A pid, and also a namespace's inode number, is given to somebody else after a while; pid and
    start together name one process for ever.
    """
    try:
        return procfs.stat(pid).start_ticks
    except SyscallError:
        return None


def mounts_under(directory: str) -> list[str]:
    """Return this machine's mount points that show or use ``directory``."""
    return [
        mount.mount_point
        for mount in procfs.mounts()
        if mount.mount_point.startswith(directory)
        or any(directory in option for option in mount.super_options)
    ]


def answers(engine: Engine, source: str, target: str) -> bool:
    """Tell whether container ``source`` gets an answer to one ping.

    Raises:
        NotFound: no such container.
        Conflict: it does not run.
    """
    command = ["ping", "-c", "1", "-W", "1", target]
    return engine.container(source).exec(command).exit_code == 0


def numbers(pid: int) -> list[int]:
    """Return the numbers of one process, one per pid namespace, the innermost last.

    Raises:
        NotFound: there is no such process.
    """
    try:
        return procfs.pids_in_namespaces(pid)
    except SyscallError as error:
        raise NotFound(f"there is no process {pid} on this machine") from error
