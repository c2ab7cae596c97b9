"""What a group of processes has used, in one vocabulary for both versions of cgroups.

See: kernel Documentation/admin-guide/cgroup-v1/, cgroup-v2.rst; moby daemon/stats_unix.go.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Usage:
    """One reading of a group; what its host does not count is 0 or empty.

    Attributes:
        memory_bytes: memory in use now, without the page cache that could go at once
            (inactive_file), as ``docker stats`` shows it.
        memory_total_bytes: memory in use now with all page cache: what the limit is about.
        memory_limit_bytes: the limit, this group's own; 0 = none.
        memory_peak_bytes: the most there ever was; 0 where the kernel does not keep it.
        memory_stat: the kernel's own breakdown, names and bytes (or counts) as in memory.stat.
        swap_bytes: swapped out now.
        cpu_ns: processor time used, in ns.
        cpu_user_ns: of it in programs.
        cpu_system_ns: of it in the kernel.
        cpu_by_core_ns: processor time by processor; version 1 only.
        cpu_periods: periods in which something ran, when a quota is set.
        throttled_periods: of these, in how many the quota was used up.
        throttled_ns: time that processes had to wait for the next period, in ns.
        pids: processes and threads now.
        pids_limit: how many there may be; 0 = no limit.
        io_read_bytes: read from block devices.
        io_write_bytes: written to block devices.
        io_devices: by device (major, minor): bytes read, bytes written, reads, writes.
        oom_kills: processes of this group that the kernel killed for want of memory.
    """

    memory_bytes: int = 0
    memory_total_bytes: int = 0
    memory_limit_bytes: int = 0
    memory_peak_bytes: int = 0
    memory_stat: dict[str, int] = field(default_factory=dict)
    swap_bytes: int = 0
    cpu_ns: int = 0
    cpu_user_ns: int = 0
    cpu_system_ns: int = 0
    cpu_by_core_ns: list[int] = field(default_factory=list)
    cpu_periods: int = 0
    throttled_periods: int = 0
    throttled_ns: int = 0
    pids: int = 0
    pids_limit: int = 0
    io_read_bytes: int = 0
    io_write_bytes: int = 0
    io_devices: dict[tuple[int, int], tuple[int, int, int, int]] = field(default_factory=dict)
    oom_kills: int = 0
