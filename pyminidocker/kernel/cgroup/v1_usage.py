"""What a group of version 1 has used: a dozen files in six trees.

See: kernel Documentation/admin-guide/cgroup-v1/memory.rst, cpuacct.rst, blkio-controller.rst.
"""

from pyminidocker.kernel.cgroup import files
from pyminidocker.kernel.cgroup.usage import Usage

_TICK_NS = 10_000_000  # USER_HZ, in which cpuacct.stat counts, is 100 on all our processors
_NO_LIMIT = 1 << 62


def read(paths: dict[str, str]) -> Usage:
    """Read one group.

    Args:
        paths: {controller: directory}.

    Raises:
        OSError: the group is gone.

    See: usage.Usage.
    """
    usage = Usage()
    if directory := paths.get("memory"):
        _read_memory(directory, usage)
    if directory := paths.get("cpuacct"):
        _read_cpuacct(directory, usage)
    if directory := paths.get("cpu"):
        stat = files.table(directory, "cpu.stat")
        usage.cpu_periods = stat.get("nr_periods", 0)
        usage.throttled_periods = stat.get("nr_throttled", 0)
        usage.throttled_ns = stat.get("throttled_time", 0)
    if directory := paths.get("pids"):
        usage.pids = int(files.read(directory, "pids.current"))
        usage.pids_limit = files.number(directory, "pids.max")
    if directory := paths.get("io"):
        _read_io(directory, usage)
    return usage


def _read_memory(directory: str, usage: Usage) -> None:
    usage.memory_total_bytes = int(files.read(directory, "memory.usage_in_bytes"))
    usage.memory_stat = stat = files.table(directory, "memory.stat")
    cache = stat.get("total_inactive_file", 0)
    usage.memory_bytes = max(usage.memory_total_bytes - cache, 0)
    limit = files.number(directory, "memory.limit_in_bytes")
    usage.memory_limit_bytes = limit if limit < _NO_LIMIT else 0
    usage.memory_peak_bytes = files.number(directory, "memory.max_usage_in_bytes")
    usage.swap_bytes = stat.get("total_swap", 0)
    usage.oom_kills = files.table(directory, "memory.oom_control").get("oom_kill", 0)


def _read_cpuacct(directory: str, usage: Usage) -> None:
    usage.cpu_by_core_ns = [int(word) for word in files.words(directory, "cpuacct.usage_percpu")]
    usage.cpu_ns = int(files.read(directory, "cpuacct.usage"))
    stat = files.table(directory, "cpuacct.stat")
    usage.cpu_user_ns = stat.get("user", 0) * _TICK_NS
    usage.cpu_system_ns = stat.get("system", 0) * _TICK_NS


def _read_io(directory: str, usage: Usage) -> None:
    counts: dict[tuple[int, int], dict[str, int]] = {}
    for name, suffix in (
        ("blkio.throttle.io_service_bytes", " bytes"), ("blkio.throttle.io_serviced", ""),
    ):  # fmt: skip
        try:
            text = files.read(directory, name)
        except OSError:
            continue
        for line in text.split("\n"):
            words = line.split()  # 8:0 Read 4096
            if len(words) == 3:
                major, _, minor = words[0].partition(":")
                device = counts.setdefault((int(major), int(minor)), {})
                device[words[1] + suffix] = int(words[2])
    for device_id, found in counts.items():
        usage.io_devices[device_id] = (
            found.get("Read bytes", 0), found.get("Write bytes", 0),
            found.get("Read", 0), found.get("Write", 0),
        )  # fmt: skip
    usage.io_read_bytes = sum(device[0] for device in usage.io_devices.values())
    usage.io_write_bytes = sum(device[1] for device in usage.io_devices.values())
