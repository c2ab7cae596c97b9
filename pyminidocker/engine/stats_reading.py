"""What one container uses at one moment, from its group, its processes and its network.

The group counts memory, processor time, processes and disks.  What it cannot count on this host is
counted from /proc, process by process, and ``Reading.estimated`` names it.

Network counters come from /proc/<pid>/net/dev: one file in the container's own network namespace
has all its interfaces under their names, and both directions the right way round.  It takes 9 us,
less than our share of a dump of all the lab's links.

See: moby daemon/stats_unix.go; proc_pid_net(5).
"""

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pyminidocker.engine.limits import kernel_limits
from pyminidocker.engine.stats_processes import ProcessTotals
from pyminidocker.kernel.cgroup.usage import Usage

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

_HOST_MEMORY = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
_PERIOD_US = 100_000


class Interface(NamedTuple):
    """Counters of one interface since the container started."""

    rx_bytes: int
    rx_packets: int
    rx_errors: int
    rx_dropped: int
    tx_bytes: int
    tx_packets: int
    tx_errors: int
    tx_dropped: int


@dataclass(slots=True)
class Reading:
    """One reading of one container.

    Attributes:
        time_ns: when, nanoseconds since the epoch.
        clock_ns: the same moment on a clock that nobody sets.
        usage: what it uses.
        memory_limit_bytes: what it may use: its own limit, or else the machine's memory.
        cpus: how many processors it may use at once, as its quota has it.
        interfaces: its network's counters by interface, without ``lo``.
        estimated: what no group counted: ``memory``, ``cpu``, ``pids``.
    """

    time_ns: int
    clock_ns: int
    usage: Usage
    memory_limit_bytes: int = _HOST_MEMORY
    cpus: float = 0.0
    interfaces: dict[str, Interface] = field(default_factory=dict)
    estimated: tuple[str, ...] = ()


class Pair(NamedTuple):
    """A reading, and the one before it."""

    now: Reading
    before: Reading | None = None

    @property
    def cpu_percent(self) -> float:
        """Processor time between the two in percent of one processor; 0 without an earlier one."""
        if self.before is None:
            return 0.0
        used = self.now.usage.cpu_ns - self.before.usage.cpu_ns
        return max(0.0, 100.0 * used / max(1, self.now.clock_ns - self.before.clock_ns))


def read(
    engine: "Engine", container: "Container", totals: ProcessTotals | None = None
) -> Reading | None:
    """Read what a container uses; None when it does not run.

    Args:
        engine: whose.
        container: which.
        totals: what was found in /proc at this moment, to be used for several containers.
    """
    pid = container.record.state.pid
    if not container.is_running or not pid:
        return None
    usage, time_ns, clock_ns = Usage(), time.time_ns(), time.monotonic_ns()
    group = engine.cgroups.group_of(container)
    if group is not None:
        try:
            usage = group.usage()
        except OSError:
            return None  # it ends at this moment
    estimated = uncounted(engine, has_group=group is not None)
    if estimated:
        found = (totals or ProcessTotals()).of(pid)
        for name in estimated:
            if name == "memory":
                usage.memory_bytes = usage.memory_total_bytes = found.memory_bytes
            elif name == "pids":
                usage.pids = found.pids
            elif not usage.cpu_ns:  # version 2 counts time without its controller too
                usage.cpu_user_ns, usage.cpu_system_ns = found.user_ns, found.system_ns
                usage.cpu_ns = found.user_ns + found.system_ns
    return Reading(
        time_ns,
        clock_ns,
        usage,
        min(usage.memory_limit_bytes or _HOST_MEMORY, _HOST_MEMORY),
        _processors(container),
        {} if container.record.host.network_mode == "host" else interfaces(pid),
        estimated,
    )


def uncounted(engine: "Engine", *, has_group: bool = True) -> tuple[str, ...]:
    """Return what no group counts on this host: ``memory``, ``cpu``, ``pids``."""
    names = ("memory", "cpu", "pids")
    if not has_group:
        return names
    return tuple(name for name in names if engine.cgroups.why_not(name) is not None)


def _processors(container: "Container") -> float:
    """Return how many processors' time a container may use, at most those it may run on."""
    available = float(len(os.sched_getaffinity(0)))
    limits = kernel_limits(container.record.host.resources)
    if limits.cpu_quota_us > 0:
        return min(available, limits.cpu_quota_us / (limits.cpu_period_us or _PERIOD_US))
    return available


def interfaces(pid: int) -> dict[str, Interface]:
    """Return the counters of a process' network namespace, without ``lo``; empty when it is gone.

    See: proc_pid_net(5) "net/dev".
    """
    try:
        with open(f"/proc/{pid}/net/dev", "rb", buffering=0) as file:
            lines = file.read(1 << 16).decode("ascii", "replace").splitlines()[2:]
    except OSError:
        return {}
    found = {}
    for line in lines:
        name, _, counters = line.partition(":")
        if (name := name.strip()) != "lo":
            numbers = [int(number) for number in counters.split()]
            found[name] = Interface(*numbers[:4], *numbers[8:12])
    return found
