"""Stats: what containers really use is what is told, to Docker's clients and to ours."""

import itertools
import json
import os
import time

import pytest

from pyminidocker.errors import Conflict, NotFound
from pyminidocker.kernel.cgroup.place import find_place
from tests.support.command_line import minidocker, succeeds
from tests.support.speed import SLOWNESS

pytestmark = pytest.mark.requires("userns", "busybox")
MIB = 1 << 20
BUSY = ["sh", "-c", "while :; do :; done"]
HOLD = (
    "import os, time; held = bytearray(os.urandom(40 << 20)); "
    "print('held', flush=True); time.sleep(1000)"
)
GROW = """
import time
held = []
while True:
    held.append(b"x" * (4 << 20))
    time.sleep(0.05)
"""


@pytest.fixture
def box(engine):
    """A container that sleeps."""
    made = engine.run("busybox", "sleep 1000", detach=True)
    with made:
        yield made


def held(engine, **options):
    """Return a container that holds 40 MiB."""
    box = engine.create("python", ["python3", "-c", HOLD], **options).start()
    next(box.follow())
    return box


def test_memory_in_use(engine):
    with held(engine) as box:
        found = box.stats()
        assert 40 * MIB < found.memory_bytes < 70 * MIB
        assert not found.is_memory_limited
        assert found.memory_limit_bytes == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.requires("cgroup-memory", "cgroup-pids", "cgroup-cpu")
def test_limits_are_told(engine):
    with held(engine, memory="100m", pids_limit=7, cpus=0.5) as box:
        found = box.stats()
        assert found.is_memory_limited
        assert found.memory_limit_bytes == 100 * MIB
        assert 40 < found.memory_percent < 70
        assert (found.pids, found.pids_limit) == (1, 7)
        assert found.cpus == 0.5
        assert found.memory_peak_bytes >= found.memory_bytes or not found.memory_peak_bytes
        assert found.estimated == ()
        cell = succeeds("stats", "--no-stream", "--format", "{{.MemUsage}}", box.id)
        assert cell.endswith(" / 100MiB")
        told = engine.api.container_stats(box.id, one_shot=True)
        assert told["memory_stats"]["limit"] == 100 * MIB
        assert told["pids_stats"] == {"current": 1, "limit": 7}
        assert "Minidocker" not in told


def test_processor_time_in_percent(engine):
    with engine.create("busybox", BUSY) as box:
        box.start()
        before = box.stats()
        time.sleep(0.3)
        after = box.stats()
        assert after.cpu_seconds > before.cpu_seconds + 0.1
        assert 10 < after.cpu_percent < 130  # the machine may have other things to do
        assert engine.api.container_stats(box.id)["cpu_stats"]["online_cpus"] == after.cpus


@pytest.mark.requires("cgroup-cpu")
def test_a_quota_throttles_and_is_told(engine):
    with engine.create("busybox", BUSY, cpus=0.2) as box:
        box.start()
        time.sleep(0.5)
        found = box.stats()
        assert 10 < found.cpu_percent < 35
        assert found.throttled_periods > 1
        assert found.periods >= found.throttled_periods
        assert found.throttled_seconds > 0
        assert "throttled" in repr(found)


def test_the_network_as_seen_from_inside(engine, box):
    before = box.stats()
    box.exec(["sh", "-c", "ping -c 1 -s 1000 172.17.0.1 >/dev/null; true"])
    after = box.stats()
    sent = after.network_sent_bytes - before.network_sent_bytes
    told = engine.api.container_stats(box.id, one_shot=True)["networks"]
    inside = box.exec("cat /proc/net/dev").stdout
    line = next(line for line in inside.splitlines() if "eth0" in line).split(":")[1].split()
    assert abs(told["eth0"]["rx_bytes"] - int(line[0])) < 500
    assert abs(told["eth0"]["tx_bytes"] - int(line[8])) < 500
    assert sent >= 1000
    assert "lo" not in told


def test_without_a_network_there_is_none(engine):
    with engine.create("busybox", "sleep 1000", network="none") as box:
        box.start()
        assert "networks" not in engine.api.container_stats(box.id, one_shot=True)


def test_processes(engine, box):
    assert box.stats().pids == 1
    box.exec(["sh", "-c", "sleep 1000 & sleep 1000 & true"])
    assert box.stats().pids == 3


def test_one_that_does_not_run(engine):
    with engine.create("busybox", "sleep 1000") as box:
        with pytest.raises(Conflict, match="does not run, so it uses nothing"):
            box.stats()
        began = time.monotonic()
        told = engine.api.container_stats(box.id)
        assert time.monotonic() - began < 0.3 * SLOWNESS, "nothing to wait for"
        assert told["read"] == "0001-01-01T00:00:00Z"
        assert told["memory_stats"] == {}
        assert list(box.watch_stats()) == []
    with pytest.raises(NotFound, match="No such container: nix"):
        engine.api.container_stats("nix")
    with pytest.raises(NotFound, match="No such container: nix"):
        engine.api.stats(["nix"])


def test_docker_s_stream_goes_on_until_it_is_removed(engine, box):
    stream = engine.api.container_stats_follow(box.id)
    first = next(stream)
    assert first["preread"].startswith("0001-")
    second = next(stream)
    assert second["preread"] == first["read"]
    assert second["precpu_stats"] == first["cpu_stats"]
    assert second["id"] == box.id
    box.stop(0)
    blank = next(one for one in stream if one["read"].startswith("0001-"))
    assert blank["name"] == f"/{box.name}"
    box.remove()
    assert all(one["read"].startswith("0001-") for one in stream), "and then it ends"


def test_our_stream_in_its_own_rhythm(engine, box):
    readings = list(itertools.islice(box.watch_stats(0.1), 6))
    gaps = [b.time - a.time for a, b in itertools.pairwise(readings)]
    assert sorted(gaps)[2] == pytest.approx(0.1, abs=0.06)
    stream = box.watch_stats(0.1)
    next(stream)
    box.stop(0)
    assert len(list(stream)) < 5


def test_rows_of_all(engine, box):
    with engine.create("busybox", "true", name="stopped") as other:
        assert [row["Id"] for row in engine.api.stats()] == [box.id]
        rows = engine.api.stats(all=True)
        assert [row["Id"] for row in rows] == [other.id, box.id]
        assert "Memory" not in rows[0]
        named = engine.api.stats([other.id[:12], box.name])
        assert [row["Id"] for row in named] == [other.id, box.id]
        one_shot = engine.api.stats([box.id], one_shot=True)
        assert one_shot[0]["CpuPercent"] == 0


def test_the_command_line(box):
    head, line = succeeds("stats", "--no-stream").splitlines()
    assert head.split("  ")[0] == "CONTAINER ID"
    assert line.startswith(box.id[:12])
    assert line.split()[-1] == "1"
    told = json.loads(succeeds("container", "stats", "--no-stream", "--format", "json", box.name))
    assert told["Container"] == told["Name"] == box.name
    assert set(told) == {
        "BlockIO", "CPUPerc", "Container", "ID", "MemPerc", "MemUsage", "Name", "NetIO", "PIDs",
    }  # fmt: skip
    failed = minidocker("stats", "--no-stream", "nix")
    assert failed.returncode == 1
    assert "Error response from daemon: No such container: nix" in failed.stderr


def test_what_is_estimated_is_said(engine, box):
    missing = find_place().missing
    wanted = tuple(name for name in ("memory", "cpu", "pids") if name in missing)
    assert box.stats().estimated == wanted
    warned = minidocker("stats", "--no-stream").stderr
    assert ("added up from /proc" in warned) is bool(wanted)


@pytest.mark.requires("cgroup-memory")
def test_a_gauge_up_to_the_oom_kill(engine):
    pytest.importorskip("anywidget")
    from pyminidocker.widgets import gauge

    box = engine.create("python", ["python3", "-c", GROW], memory="48m", memory_swap="48m")
    with box:
        view = gauge(box, interval_s=0.1)
        box.start()
        view.until_end(20)
        run = view.run
        view.close()
        assert len(run.readings) > 2
        assert run.end is not None
        assert (run.end.exit_code, run.end.is_oom) == (137, True)
        assert run.memory_limit == 48 * MIB
        assert run.memory_peak <= 48 * MIB
        assert "the kernel killed it" in view.text()
