"""Limits: each one set, enforced by the kernel, and seen from where it is enforced.

The same on both versions of cgroups: what is read, is read through the container's own group
(``container.cgroup``), or measured on its processes.
"""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from pyminidocker.errors import Conflict, InitError, InvalidArgument, NotFound, NotImplementedHere
from tests.support import command_line
from tests.support.command_line import LAUNCHER, minidocker, succeeds
from tests.support.speed import SLOWNESS

pytestmark = pytest.mark.requires("userns", "busybox")
memory, cpu, cpuset, pids, io = (
    pytest.mark.requires(f"cgroup-{name}") for name in ("memory", "cpu", "cpuset", "pids", "io")
)
MB = 1 << 20
HOG = ["sh", "-c", "x=a; while :; do x=$x$x; done"]
SPIN = ["sh", "-c", "while :; do :; done"]
BOMB = ["sh", "-c", "bomb() { bomb | bomb & }; bomb; sleep 1000"]
PATIENCE_S = 20


def until(condition, what):
    """Wait for something that the kernel does in its own time."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.01)
    return found


def events_of(engine, box):
    """Return the actions of a container's events so far."""
    told = engine.events(since="1", until=f"{time.time():.9f}", filters={"container": [box.id]})
    return [event["Action"] for event in told]


class Pinger:
    """Asks the engine all the time how it is, and remembers the longest answer."""

    def __init__(self, engine):
        self.worst_s, self.count, self.ended = 0.0, 0, threading.Event()
        self.thread = threading.Thread(target=self._ask, args=(engine.api.socket_path,))

    def _ask(self, socket_path):
        import pyminidocker

        with pyminidocker.connect(f"unix://{socket_path}") as engine:
            while not self.ended.is_set():
                begin = time.monotonic()
                engine.api.ping()
                engine.containers(all=True)
                self.worst_s = max(self.worst_s, time.monotonic() - begin)
                self.count += 1
                self.ended.wait(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


# ------------------------------------------------------------------------------------------ memory


@memory
def test_out_of_memory_is_137_and_told(engine):
    with Pinger(engine) as pinger, engine.create("busybox", HOG, memory="16m") as box:
        assert box.start().wait(PATIENCE_S) == 137
        assert box.oom_killed
        state = box.reload().attrs["State"]
        assert (state["Status"], state["OOMKilled"], state["ExitCode"]) == ("exited", True, 137)
        actions = events_of(engine, box)
        assert actions.index("oom") < actions.index("die")
    assert pinger.count
    assert pinger.worst_s < 1.0 * SLOWNESS


@memory
def test_a_new_life_forgets_the_oom_kill(engine):
    script = ["sh", "-c", "test -e /tmp/again && exit 3; touch /tmp/again; " + HOG[2]]
    with engine.create("busybox", script, memory="16m", tmpfs=[]) as box:
        assert box.start().wait(PATIENCE_S) == 137
        assert box.oom_killed
        assert box.start().wait(PATIENCE_S) == 3
        assert not box.oom_killed


@memory
def test_the_kernel_takes_one_process_and_the_container_goes_on(engine):
    script = f'({HOG[2]}); echo "it was $?"; read line; exit 4'
    with engine.create("busybox", ["sh", "-c", script], memory="16m", stdin_open=True) as box:
        box.start()
        until(lambda: box.logs().stdout == "it was 137\n", "the child's end")
        until(lambda: box.oom_killed, "OOMKilled while it runs")
        assert box.status == "running"
        assert "oom" in events_of(engine, box)
        assert box.cgroup.oom_kills == 1
        box.kill()


@memory
def test_memory_is_limited_and_the_limit_can_be_seen(engine):
    with engine.run("busybox", "sleep 1000", detach=True, memory="64m") as box:
        assert box.cgroup.limit == 64 * MB
        assert 0 < box.cgroup.usage < 64 * MB
        assert box.pid in box.cgroup.pids
        host = box.attrs["HostConfig"]
        assert (host["Memory"], host["MemorySwap"]) == (64 * MB, 128 * MB)


@memory
def test_a_process_that_joins_is_limited_too(engine):
    with engine.run("busybox", "sleep 1000", detach=True, memory="16m") as box:
        assert box.exec(HOG).exit_code == 137
        assert box.status == "running"
        assert box.cgroup.oom_kills == 1


@memory
def test_swap_and_reservation(engine):
    options = {"memory": "64m", "memory_swap": "96m", "memory_reservation": "32m"}
    with engine.run("busybox", "sleep 1000", detach=True, **options) as box:
        group = box.cgroup
        if group.version == "v2":
            assert int(group.read("memory.swap.max")) == 32 * MB
            assert int(group.read("memory.low")) == 32 * MB
        else:
            assert int(group.read("memory.memsw.limit_in_bytes")) == 96 * MB
            assert int(group.read("memory.soft_limit_in_bytes")) == 32 * MB


@memory
def test_a_policy_starts_it_again(engine):
    options = {"memory": "16m", "restart": "on-failure:1"}
    with engine.create("busybox", HOG, **options) as box:
        box.start()
        until(lambda: box.reload().attrs["RestartCount"] == 1, "its second life")
        until(lambda: box.status == "exited", "its end")
        assert box.exit_code == 137
        assert events_of(engine, box).count("oom") == 2


@memory
def test_a_build_s_commands_are_limited_too(engine):
    dockerfile = f"FROM busybox\nRUN {HOG[2]}\n"
    done = minidocker("build", "-m", "16m", "-", stdin=dockerfile)
    assert done.returncode == 137, done.stderr
    refused = minidocker("build", "-m", "1m", "-", stdin="FROM busybox\n")
    assert "Minimum memory limit allowed is 6MB" in refused.stderr


# --------------------------------------------------------------------------------------- processes


@pids
def test_a_fork_bomb_is_held_and_the_engine_answers(engine):
    with engine.run("busybox", BOMB, detach=True, pids_limit=30, memory="64m") as box:
        group = box.cgroup
        assert group.pids_limit == 30
        with Pinger(engine) as pinger:
            until(lambda: "can't fork" in box.logs().stderr, "the limit")
            assert len(group.pids) <= 30
            begin = time.monotonic()
            box.kill()
            assert box.wait(PATIENCE_S) == 137
            assert time.monotonic() - begin < 1.0 * SLOWNESS
        assert pinger.worst_s < 1.0 * SLOWNESS


@pids
def test_threads_count_as_processes(engine):
    program = (
        "import threading, time\n"
        "made = 0\n"
        "try:\n"
        "    for _ in range(50):\n"
        "        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "        made += 1\n"
        "except RuntimeError as error:\n"
        "    print(made, error)\n"
    )
    done = engine.run("python", ["python3", "-c", program], pids_limit=10)
    assert done.stdout == "9 can't start new thread\n"


@pids
def test_no_limit_is_no_limit(engine):
    for spelling in (-1, 0):
        with engine.create("busybox", "true", pids_limit=spelling) as box:
            assert box.attrs["HostConfig"]["PidsLimit"] is None


# --------------------------------------------------------------------------------------- processor


@cpu
def test_a_tenth_of_a_processor_means_waiting(engine):
    with engine.run("busybox", SPIN, detach=True, cpus=0.1) as box:
        group = box.cgroup
        throttled, periods = until(
            lambda: group.throttled[1] >= 5 and group.throttled, "five periods"
        )
        assert throttled >= periods - 2
        before_ns, begin = group.cpu_ns, time.monotonic()
        time.sleep(0.3)  # what is measured is what it gets of this
        share = (group.cpu_ns - before_ns) / 1e9 / (time.monotonic() - begin)
        assert share < 0.3


@cpu
@cpuset
def test_shares_are_weighed_where_two_want_the_same_processor(engine):
    options = {"detach": True, "cpuset_cpus": "0"}
    with (
        engine.run("busybox", SPIN, cpu_shares=2048, **options) as much,
        engine.run("busybox", SPIN, cpu_shares=256, **options) as little,
    ):
        groups = much.cgroup, little.cgroup
        before = [group.cpu_ns for group in groups]
        time.sleep(0.5)
        used = [group.cpu_ns - old for group, old in zip(groups, before, strict=True)]
        assert used[0] > 2 * used[1]


@cpuset
def test_a_set_of_processors(engine):
    with engine.run("busybox", "sleep 1000", detach=True, cpuset_cpus="0", cpuset_mems="0") as box:
        assert os.sched_getaffinity(box.pid) == {0}
        assert "Cpus_allowed_list:\t0\n" in box.exec("cat /proc/self/status").stdout
        assert box.cgroup.read("cpuset.cpus") == "0"


# ------------------------------------------------------------------------------------------- disks


def disk_of(directory):
    """Return the path of the whole disk below a directory, or None: memory is none."""
    device = directory.stat().st_dev
    name = Path(os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")).name
    path = Path("/dev", name)
    is_whole = Path("/sys/block", name).exists()
    return path if is_whole and path.is_block_device() else None


@memory
def test_page_cache_is_given_back_before_anybody_dies(engine):
    if disk_of(Path(engine.info()["DockerRootDir"])) is None:
        pytest.skip("the engine's files are in memory themselves")
    script = "dd if=/dev/zero of=/big bs=1M count=40 2>/dev/null; wc -c </big"
    with engine.create("busybox", ["sh", "-c", script], memory="16m") as box:
        assert box.start().wait(PATIENCE_S) == 0
        assert box.logs().stdout.strip() == str(40 * MB)
        assert not box.oom_killed


@io
def test_rates_are_written_where_the_kernel_reads_them(engine):
    disks = [Path("/dev", path.name) for path in sorted(Path("/sys/block").glob("[svx]d[a-z]"))]
    disk = next((path for path in disks if path.is_block_device()), None)
    if disk is None:
        pytest.skip("this machine has no disk")
    rates = {"device_read_bps": {str(disk): "1m"}, "device_write_iops": {str(disk): 70}}
    with engine.run("busybox", "sleep 1000", detach=True, **rates) as box:
        group, number = box.cgroup, os.stat(disk).st_rdev
        name = f"{os.major(number)}:{os.minor(number)}"
        if group.version == "v2":
            assert f"{name} rbps={MB} wbps=max riops=max wiops=70" in group.read("io.max")
        else:
            assert group.read("blkio.throttle.read_bps_device") == f"{name} {MB}"
            assert group.read("blkio.throttle.write_iops_device") == f"{name} 70"


@io
def test_a_disk_is_read_no_faster_than_that(engine):
    disk = disk_of(Path(engine.info()["DockerRootDir"]))
    if disk is None:
        pytest.skip("the engine's files are on no disk of their own")
    script = "dd if=/dev/zero of=/file bs=256k count=4 oflag=direct 2>&1"
    with engine.create("busybox", ["sh", "-c", script], device_write_bps={str(disk): "2m"}) as box:
        begin = time.monotonic()
        assert box.start().wait(PATIENCE_S) == 0, box.logs().stdout
        assert time.monotonic() - begin > 0.35
        assert box.attrs["HostConfig"]["BlkioDeviceWriteBps"] == [
            {"Path": str(disk), "Rate": 2 * MB}
        ]


@io
def test_a_weight_that_nobody_looks_at_is_refused(engine):
    schedulers = Path("/sys/block").glob("*/queue/scheduler")
    if any("[bfq]" in path.read_text() for path in schedulers):
        pytest.skip("a disk of this machine uses bfq")
    with pytest.raises(NotImplementedHere, match="bfq") as refused:
        engine.create("busybox", "true", blkio_weight=500)
    assert "echo bfq >" in refused.value.hint


# ---------------------------------------------------------------------------------- what needs none


def test_ulimits_sysctls_and_oom_score(engine):
    options = {
        "ulimits": {"nofile": (40, 50)},
        "sysctls": {"net.core.somaxconn": 321, "kernel.msgmax": 4000},
        "oom_score_adj": 500,
    }
    files = "/proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax /proc/self/oom_score_adj"
    script = f"ulimit -n; ulimit -Hn; cat {files}"
    with engine.run("busybox", "sleep 1000", detach=True, **options) as box:
        assert box.exec(["sh", "-c", script]).stdout.split() == ["40", "50", "321", "4000", "500"]
        assert Path(f"/proc/{box.pid}/oom_score_adj").read_text() == "500\n"
        assert box.exec("sh -c 'echo 1 >/proc/sys/net/core/somaxconn'").exit_code != 0
    assert Path("/proc/sys/net/core/somaxconn").read_text() != "321\n"


def test_a_sysctl_that_is_none_fails_at_the_start(engine):
    with engine.create("busybox", "true", sysctls={"net.core.nosuch": 1}) as box:
        with pytest.raises((InvalidArgument, InitError, NotFound)) as failed:
            box.start()
        assert "/proc/sys/net/core/nosuch" in str(failed.value)


@pytest.mark.parametrize("option", [["--oom-kill-disable"], ["--kernel-memory", "64m"]])
def test_what_nobody_should_have(engine, option):
    done = minidocker("create", *option, "-m", "64m", "busybox", "true")
    assert done.returncode == 1
    assert option[0] in done.stderr
    assert "hint: " in done.stderr


# ------------------------------------------------------------------------------------------- update


@memory
@pids
@cpu
def test_an_update_works_at_once_and_stays(engine):
    with engine.run("busybox", SPIN, detach=True, memory="32m", memory_swap="32m") as box:
        box.update(memory="64m", memory_swap="128m", pids_limit=7, cpus=0.2, cpu_shares=512)
        group = box.cgroup
        assert (group.limit, group.pids_limit) == (64 * MB, 7)
        until(lambda: group.throttled[0], "the new quota")
        box.update(pids_limit=-1)
        assert group.pids_limit is None
        host = box.attrs["HostConfig"]
        assert (host["Memory"], host["MemorySwap"], host["NanoCpus"], host["CpuShares"]) == (
            64 * MB, 128 * MB, 200_000_000, 512,
        )  # fmt: skip
        assert events_of(engine, box).count("update") == 2
        box.restart(timeout_s=0)
        assert box.cgroup.limit == 64 * MB
        box.update(memory="48m")
        assert box.cgroup.limit == 48 * MB


@memory
def test_an_update_of_a_container_that_does_not_run_waits_for_its_start(engine):
    with engine.create("busybox", "sleep 1000") as box:
        box.update(memory="64m", memory_swap=-1)
        assert box.cgroup.paths == {}
        assert box.start().cgroup.limit == 64 * MB


@memory
@cpu
def test_an_update_that_is_refused_changes_nothing(engine):
    with engine.run("busybox", "sleep 1000", detach=True, memory="64m", cpus=0.5) as box:
        for options, error, text in (
            ({"memory": "1m"}, InvalidArgument, "Minimum memory limit allowed is 6MB"),
            ({"memory": "256m"}, Conflict, f"Cannot update container {box.id}: Memory limit"),
            ({"memory_swap": "32m"}, InvalidArgument, "Minimum memoryswap limit"),
            ({"cpu_quota": 10_000}, Conflict, "CPU Quota cannot be updated"),
            ({"cpus": 4096}, InvalidArgument, "Range of CPUs is from"),
        ):
            with pytest.raises(error, match=text):
                box.update(**options)
        host = box.reload().attrs["HostConfig"]
        assert (host["Memory"], host["CpuQuota"], host["NanoCpus"]) == (64 * MB, 0, 500_000_000)
        assert box.cgroup.limit == 64 * MB


@pids
def test_update_on_the_command_line(engine):
    with (
        engine.run("busybox", "sleep 1000", detach=True, name="up-1") as one,
        engine.run("busybox", "sleep 1000", detach=True, name="up-2") as other,
    ):
        done = minidocker("update", "--pids-limit", "9", "up-1", "nosuch", "up-2")
        assert done.returncode == 1
        assert done.stdout == "up-1\nup-2\n"
        assert done.stderr == "Error response from daemon: No such container: nosuch\n"
        assert (one.cgroup.pids_limit, other.cgroup.pids_limit) == (9, 9)
        assert succeeds("update", "--restart", "on-failure:3", "up-1") == "up-1"
        assert one.reload().attrs["HostConfig"]["RestartPolicy"]["MaximumRetryCount"] == 3


# ------------------------------------------------------------------------------ where there is none


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"memory": "64m"}, "--memory"),
        ({"memory_reservation": "64m"}, "--memory-reservation"),
        ({"cpus": 0.5}, "--cpus"),
        ({"cpu_shares": 5}, "--cpu-shares"),
        ({"cpuset_cpus": "0"}, "--cpuset-cpus"),
        ({"pids_limit": 5}, "--pids-limit"),
    ],
)
def test_without_groups_of_ours_every_limit_is_refused_by_name(engine, options, flag):
    info = engine.info()
    if info["CgroupDriver"] != "none":
        pytest.skip("here limits can be enforced")
    assert not info["MemoryLimit"]
    assert "WARNING: No memory limit support" in info["Warnings"]
    with pytest.raises(NotImplementedHere, match=rf"{flag}.* cannot be enforced on this host: .+"):
        engine.create("busybox", "true", **options)
    with engine.create("busybox", "true") as box:
        with pytest.raises(NotImplementedHere, match="Cannot update container"):
            box.update(memory_swap=-1, **options)
        assert box.cgroup.version == "none"


@pytest.mark.requires("root")
def test_read_only_cgroups_are_as_good_as_none(engine_home):
    environment = {"MINIDOCKER_ROOT": f"{engine_home}/ro", "MINIDOCKER_RUN": f"{engine_home}/ror"}
    script = (
        "grep -E ' cgroup2? ' /proc/self/mounts | cut -d' ' -f2 | while read tree; do"
        "  mount -o remount,bind,ro $tree; done;"
        f" {LAUNCHER} create -m 64m busybox; {LAUNCHER} info; {LAUNCHER} system stop"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        capture_output=True, text=True, timeout=60, env=command_line.environment(**environment),
    )  # fmt: skip
    assert "--memory cannot be enforced on this host: /sys/fs/cgroup" in done.stderr, done.stderr
    assert "is mounted read-only" in done.stderr
    assert "\nhint: " in done.stderr
    assert "Cgroup Driver: none" in done.stdout
    assert "WARNING: No pids limit support" in done.stderr


def test_info_tells_what_can_be_limited(engine):
    info = engine.info()
    assert info["CgroupDriver"] in ("cgroupfs", "systemd", "none")
    assert info["CgroupVersion"] in ("1", "2")
    can = {key: info[key] for key in ("MemoryLimit", "CpuCfsQuota", "PidsLimit", "CPUSet")}
    assert any(can.values()) is (info["CgroupDriver"] != "none")
    assert info["OomKillDisable"] is False  # nobody should have it
