"""What containers use, as Docker's clients read it, and as rows of our own.

Docker's document gives counters and leaves the arithmetic to its clients; theirs needs the
processor time of the whole machine, which is given here by the clock: /proc/stat, where dockerd
reads it, counts in steps of 10 ms and leaves out what a hypervisor has taken away.

See: moby api/types.StatsJSON; docker/cli cli/command/container/stats_helpers.go.
"""

import os
from typing import Any

from pyminidocker.api.schema.times import NEVER, rfc3339_padded
from pyminidocker.engine.container import Container
from pyminidocker.engine.stats_reading import Pair, Reading

Json = dict[str, Any]

_BLKIO = (
    "io_service_bytes_recursive", "io_serviced_recursive", "io_queue_recursive",
    "io_service_time_recursive", "io_wait_time_recursive", "io_merged_recursive",
    "io_time_recursive", "sectors_recursive",
)  # fmt: skip
_NO_CPU: Json = {
    "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
    "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
}


def docker_stats(container: Container, pair: Pair | None) -> Json:
    """Return what GET /containers/{name}/stats says.

    Args:
        container: which.
        pair: its readings; None when it does not run.
    """
    name = f"/{container.name}"
    if pair is None:
        return {
            "read": NEVER,
            "preread": NEVER,
            "pids_stats": {},
            "blkio_stats": dict.fromkeys(_BLKIO),
            "num_procs": 0,
            "storage_stats": {},
            "cpu_stats": _NO_CPU,
            "precpu_stats": _NO_CPU,
            "memory_stats": {},
            "name": name,
            "id": container.id,
        }
    now, before = pair
    usage = now.usage
    memory: Json = {"usage": usage.memory_total_bytes, "stats": usage.memory_stat}
    if usage.memory_peak_bytes:
        memory["max_usage"] = usage.memory_peak_bytes
    pids = {"current": usage.pids}
    if usage.pids_limit:
        pids["limit"] = usage.pids_limit
    found: Json = {
        "read": rfc3339_padded(now.time_ns),
        "preread": NEVER if before is None else rfc3339_padded(before.time_ns),
        "pids_stats": pids,
        "blkio_stats": {**{name: [] for name in _BLKIO}, **_block_io(now)},
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": _cpu(now),
        "precpu_stats": _NO_CPU if before is None else _cpu(before),
        "memory_stats": {**memory, "limit": now.memory_limit_bytes},
        "name": name,
        "id": container.id,
    }
    if now.interfaces:
        found["networks"] = {name: one._asdict() for name, one in now.interfaces.items()}
    if now.estimated:
        found["Minidocker"] = {"Estimated": now.estimated}
    return found


def _cpu(reading: Reading) -> Json:
    usage = reading.usage
    cpus = len(os.sched_getaffinity(0))
    times: Json = {
        "total_usage": usage.cpu_ns,
        "usage_in_kernelmode": usage.cpu_system_ns,
        "usage_in_usermode": usage.cpu_user_ns,
    }
    if usage.cpu_by_core_ns:
        times["percpu_usage"] = usage.cpu_by_core_ns
    return {
        "cpu_usage": times,
        "system_cpu_usage": reading.clock_ns * cpus,
        "online_cpus": cpus,
        "throttling_data": {
            "periods": usage.cpu_periods,
            "throttled_periods": usage.throttled_periods,
            "throttled_time": usage.throttled_ns,
        },
    }


def _block_io(reading: Reading) -> Json:
    bytes_moved, operations = [], []
    for (major, minor), (read, written, reads, writes) in reading.usage.io_devices.items():
        device = {"major": major, "minor": minor}
        bytes_moved += [
            {**device, "op": "read", "value": read},
            {**device, "op": "write", "value": written},
        ]
        operations += [
            {**device, "op": "read", "value": reads},
            {**device, "op": "write", "value": writes},
        ]
    return {"io_service_bytes_recursive": bytes_moved, "io_serviced_recursive": operations}


def row(container: Container, pair: Pair | None) -> Json:
    """Return one container of GET /minidocker/stats: sums made, names plain.

    Of a container that does not run, only its id, name and status are there.
    """
    found: Json = {"Id": container.id, "Name": container.name, "Status": container.status}
    if pair is None:
        return found
    now, usage = pair.now, pair.now.usage
    return {
        **found,
        "Time": now.time_ns,
        "CpuPercent": pair.cpu_percent,
        "CpuNanoseconds": usage.cpu_ns,
        "Cpus": now.cpus,
        "CpuPeriods": usage.cpu_periods,
        "ThrottledPeriods": usage.throttled_periods,
        "ThrottledNanoseconds": usage.throttled_ns,
        "Memory": usage.memory_bytes,
        "MemoryWithCache": usage.memory_total_bytes,
        "MemoryLimit": now.memory_limit_bytes,
        "MemoryLimited": bool(usage.memory_limit_bytes),
        "MemoryPeak": usage.memory_peak_bytes,
        "Swap": usage.swap_bytes,
        "OomKills": usage.oom_kills,
        "Pids": usage.pids,
        "PidsLimit": usage.pids_limit,
        "NetworkReceived": sum(one.rx_bytes for one in now.interfaces.values()),
        "NetworkSent": sum(one.tx_bytes for one in now.interfaces.values()),
        "DiskRead": usage.io_read_bytes,
        "DiskWritten": usage.io_write_bytes,
        "Estimated": now.estimated,
    }
