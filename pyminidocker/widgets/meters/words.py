"""What the page says about each meter: what it means, and in which files of the kernel it stands.

See: kernel Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, cgroup-v1/cpuacct.rst.
"""

MEANINGS = {
    "memory": (
        "Memory of all its processes together, and the page cache of files they read or write. At"
        " the limit the kernel first takes page cache away; when that is not enough, it kills the"
        " process that has most."
    ),
    "cpu": (
        "Processor time, in percent of one processor. At the limit nobody is killed: the kernel"
        " makes its processes wait for the rest of each period (100 ms)."
    ),
    "pids": (
        "Processes and threads. At the limit fork and clone fail with EAGAIN; who runs already goes"
        " on."
    ),
}
COURSE = (
    "Each point is one reading. The dashed red line is the limit. A cross on it says that the"
    " kernel killed a process there; the level at the last reading may be lower, because a program"
    " can take a lot of memory between two readings."
)
_FILES = {
    "v1": {
        "memory": ["memory.limit_in_bytes", "memory.usage_in_bytes", "memory.oom_control"],
        "cpu": ["cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.stat", "cpuacct.usage"],
        "pids": ["pids.max", "pids.current"],
    },
    "v2": {
        "memory": ["memory.max", "memory.current", "memory.events"],
        "cpu": ["cpu.max", "cpu.stat"],
        "pids": ["pids.max", "pids.current"],
    },
}


def files_of(key: str, version: str) -> list[str]:
    """Return the kernel's files behind a meter; none where no group counts."""
    return _FILES.get(version, {}).get(key, [])
