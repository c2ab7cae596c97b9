"""Facts for checks: what the engine records and what the kernel shows, side by side.

Checks compare the two, so that neither a wrong record nor a lucky guess passes for an observation.

See: namespaces(7), proc_pid_ns(5), pid_namespaces(7).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import Conflict, NotFound

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

KINDS = ("pid", "mnt", "net", "uts", "ipc", "cgroup", "user", "time")


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


def namespace(pid: int, kind: str) -> int:
    """Return the inode number of namespace ``kind`` of process ``pid``: equal numbers, same one.

    Raises:
        NotFound: there is no such process.
    """
    try:
        link = str(Path(f"/proc/{pid}/ns/{kind}").readlink())
    except FileNotFoundError:
        raise NotFound(f"there is no process {pid} on this machine") from None
    return int(link.partition("[")[2].rstrip("]"))


def shared_kinds(one: int, other: int) -> set[str]:
    """Return the kinds of namespaces that processes ``one`` and ``other`` are both in."""
    return {kind for kind in KINDS if namespace(one, kind) == namespace(other, kind)}


def pids_in(pid_namespaces: Iterable[int]) -> list[int]:
    """Return the host pids of all processes whose own pid namespace is one of these."""
    wanted = set(pid_namespaces)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # A process of another user, or one that ends just now, cannot be one of ours.
        with suppress(OSError, NotFound):
            if namespace(int(entry.name), "pid") in wanted:
                found.append(int(entry.name))
    return sorted(found)


def mounts_under(directory: str) -> list[str]:
    """Return this machine's mount points that show or use ``directory`` (proc_pid_mountinfo(5))."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return [line.split()[4] for line in lines if directory in line]


def numbers(pid: int) -> list[int]:
    """Return the numbers of one process, one per pid namespace, the innermost last (NSpid).

    Raises:
        NotFound: there is no such process.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        raise NotFound(f"there is no process {pid} on this machine") from None
    line = next(row for row in status.splitlines() if row.startswith("NSpid:"))
    return [int(number) for number in line.split()[1:]]
