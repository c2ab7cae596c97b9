import json
from pathlib import Path
from types import SimpleNamespace

from pyminidocker.api.schema.stats import docker_stats, row
from pyminidocker.engine.stats_reading import Interface, Pair, Reading
from pyminidocker.kernel.cgroup.usage import Usage

BOX = SimpleNamespace(id="0123", name="box", status="running")
USAGE = Usage(
    memory_bytes=3 << 20,
    memory_total_bytes=5 << 20,
    memory_limit_bytes=64 << 20,
    memory_peak_bytes=6 << 20,
    memory_stat={"total_inactive_file": 2 << 20},
    cpu_ns=2_000_000_000,
    cpu_user_ns=1_500_000_000,
    cpu_system_ns=500_000_000,
    cpu_by_core_ns=[1, 2],
    cpu_periods=10,
    throttled_periods=4,
    throttled_ns=77,
    pids=3,
    pids_limit=20,
    io_read_bytes=4096,
    io_write_bytes=8192,
    io_devices={(8, 0): (4096, 8192, 1, 2)},
)
BEFORE = Reading(1_000_000_000, 5_000_000_000, Usage(cpu_ns=1_500_000_000), 64 << 20, 0.5)
NOW = Reading(
    2_000_000_000,
    6_000_000_000,
    USAGE,
    64 << 20,
    0.5,
    {"eth0": Interface(1, 2, 3, 4, 5, 6, 7, 8), "eth1": Interface(10, 0, 0, 0, 20, 0, 0, 0)},
)
RECORDED = json.loads(Path(__file__).with_name("dockerd_stats.json").read_text())


def keys(value):
    """Return the names in a document, and how they are nested."""
    return {key: keys(inner) for key, inner in value.items()} if isinstance(value, dict) else None


def test_a_document_has_the_keys_of_dockerd_s():
    found = docker_stats(BOX, Pair(NOW, BEFORE))
    for document in (found, RECORDED["running"]):
        document["memory_stats"]["stats"] = {}
        document.pop("networks", None)
        document["precpu_stats"]["cpu_usage"].pop("percpu_usage", None)
        document["pids_stats"].pop("limit", None)
    assert keys(found) == keys(RECORDED["running"])


def test_of_a_container_that_does_not_run_everything_is_blank():
    recorded = {**RECORDED["stopped"], "name": "/box", "id": "0123"}
    assert json.loads(json.dumps(docker_stats(BOX, None))) == recorded


def test_docker_s_arithmetic_gives_our_numbers():
    """As docker/cli does it: cli/command/container/stats_helpers.go."""
    found = docker_stats(BOX, Pair(NOW, BEFORE))
    cpu, before = found["cpu_stats"], found["precpu_stats"]
    used = cpu["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    machine = cpu["system_cpu_usage"] - before["system_cpu_usage"]
    ours = row(BOX, Pair(NOW, BEFORE))
    assert used / machine * cpu["online_cpus"] * 100 == ours["CpuPercent"] == 50
    memory = found["memory_stats"]
    assert memory["usage"] - memory["stats"]["total_inactive_file"] == ours["Memory"] == 3 << 20
    assert memory["limit"] == ours["MemoryLimit"] == 64 << 20
    moved = {one["op"]: one["value"] for one in found["blkio_stats"]["io_service_bytes_recursive"]}
    assert moved == {"read": ours["DiskRead"], "write": ours["DiskWritten"]}
    received = sum(one["rx_bytes"] for one in found["networks"].values())
    assert received == ours["NetworkReceived"] == 11
    assert ours["NetworkSent"] == 25
    assert found["pids_stats"] == {"current": 3, "limit": 20}
    assert cpu["throttling_data"]["throttled_periods"] == ours["ThrottledPeriods"] == 4


def test_what_was_not_counted_is_named():
    estimated = Reading(1, 1, Usage(), estimated=("memory",))
    assert docker_stats(BOX, Pair(estimated))["Minidocker"] == {"Estimated": ("memory",)}
    assert row(BOX, Pair(estimated))["Estimated"] == ("memory",)
    assert "Minidocker" not in docker_stats(BOX, Pair(NOW))


def test_a_row_of_a_container_that_does_not_run():
    assert row(BOX, None) == {"Id": "0123", "Name": "box", "Status": "running"}
