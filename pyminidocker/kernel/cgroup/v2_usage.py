"""What a group of version 2 has used.

See: kernel Documentation/admin-guide/cgroup-v2.rst "Controllers".
"""

from collections.abc import Container

from pyminidocker.kernel.cgroup import files
from pyminidocker.kernel.cgroup.usage import Usage


def read(directory: str, controllers: Container[str]) -> Usage:
    """Read one group.

    Args:
        directory: the group's.
        controllers: which it has.

    Raises:
        OSError: the group is gone.

    See: usage.Usage.
    """
    usage = Usage()
    if "memory" in controllers:
        _read_memory(directory, usage)
    stat = files.table(directory, "cpu.stat")  # times are counted without the controller, too
    usage.cpu_ns = stat.get("usage_usec", 0) * 1000
    usage.cpu_user_ns = stat.get("user_usec", 0) * 1000
    usage.cpu_system_ns = stat.get("system_usec", 0) * 1000
    usage.cpu_periods = stat.get("nr_periods", 0)
    usage.throttled_periods = stat.get("nr_throttled", 0)
    usage.throttled_ns = stat.get("throttled_usec", 0) * 1000
    if "pids" in controllers:
        usage.pids = int(files.read(directory, "pids.current"))
        usage.pids_limit = files.number(directory, "pids.max")
    else:
        usage.pids = len(files.numbers(directory, "cgroup.threads"))
    if "io" in controllers:
        _read_io(directory, usage)
    return usage


def _read_memory(directory: str, usage: Usage) -> None:
    usage.memory_total_bytes = int(files.read(directory, "memory.current"))
    usage.memory_stat = files.table(directory, "memory.stat")
    cache = usage.memory_stat.get("inactive_file", 0)
    usage.memory_bytes = max(usage.memory_total_bytes - cache, 0)
    usage.memory_limit_bytes = files.number(directory, "memory.max")
    usage.memory_peak_bytes = files.number(directory, "memory.peak")  # since Linux 5.19
    usage.swap_bytes = files.number(directory, "memory.swap.current")
    usage.oom_kills = files.table(directory, "memory.events").get("oom_kill", 0)


def _read_io(directory: str, usage: Usage) -> None:
    try:
        text = files.read(directory, "io.stat")
    except OSError:
        return
    for line in text.split("\n"):
        head, _, rest = line.partition(" ")  # 8:0 rbytes=4096 wbytes=0 rios=1 wios=0
        major, colon, minor = head.partition(":")
        if not colon:
            continue
        found = dict(word.partition("=")[::2] for word in rest.split())
        read_bytes, write_bytes = int(found.get("rbytes", 0)), int(found.get("wbytes", 0))
        usage.io_devices[int(major), int(minor)] = (
            read_bytes, write_bytes, int(found.get("rios", 0)), int(found.get("wios", 0)),
        )  # fmt: skip
        usage.io_read_bytes += read_bytes
        usage.io_write_bytes += write_bytes
