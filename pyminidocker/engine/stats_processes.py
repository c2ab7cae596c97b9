"""What a container's processes use, added up from /proc, where no group counts it for us.

One look over all processes serves all containers of a moment.  A process belongs to the container
in whose pid namespace it is.  Time of children that have ended is in their parents' books.

See: proc_pid_stat(5), proc_pid_statm(5), pid_namespaces(7).
"""

import os
from typing import NamedTuple

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Totals(NamedTuple):
    """What the processes of one pid namespace use together.

    Attributes:
        memory_bytes: resident memory of their own; not programs' and libraries' pages, page cache
            and shared memory, of which nobody could say whose they are.
        user_ns: processor time in programs.
        system_ns: processor time in the kernel.
        pids: processes and threads.
    """

    memory_bytes: int = 0
    user_ns: int = 0
    system_ns: int = 0
    pids: int = 0


class ProcessTotals:
    """All processes at one moment; looked at when the first container is asked for."""

    def __init__(self) -> None:
        self._by_namespace: dict[str, Totals] | None = None

    def look(self) -> dict[str, Totals]:
        """Look at them, unless that was done: 20 us a process of the machine, best in a thread."""
        if self._by_namespace is None:
            self._by_namespace = _look()
        return self._by_namespace

    def of(self, pid: int) -> Totals:
        """Return what the processes in the pid namespace of ``pid`` use; zeros when it is gone."""
        try:
            return self.look().get(os.readlink(f"/proc/{pid}/ns/pid"), Totals())
        except OSError:
            return Totals()


def _look() -> dict[str, Totals]:
    own = os.readlink("/proc/self/ns/pid")  # of no container
    found: dict[str, Totals] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            namespace = os.readlink(f"/proc/{entry}/ns/pid")
            if namespace == own:
                continue
            with open(f"/proc/{entry}/stat", "rb", buffering=0) as file:
                fields = file.read().rpartition(b")")[2].split()
            with open(f"/proc/{entry}/statm", "rb", buffering=0) as file:
                _, resident, shared, *_ = map(int, file.read().split())
        except OSError:
            continue  # gone meanwhile, or not ours to look at
        before = found.get(namespace, Totals())
        user, system, user_of_children, system_of_children = map(int, fields[11:15])
        found[namespace] = Totals(
            before.memory_bytes + (resident - shared) * _PAGE,
            before.user_ns + (user + user_of_children) * _TICK_NS,
            before.system_ns + (system + system_of_children) * _TICK_NS,
            before.pids + int(fields[17]),
        )
    return found
