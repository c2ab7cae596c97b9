"""Which files limits and readings are in, with directories of our own in the kernel's place."""

import errno
from pathlib import Path

import pytest

from pyminidocker.kernel.cgroup import v1_usage, v2_usage
from pyminidocker.kernel.cgroup.limits import (
    BlkioDevice,
    Limits,
    io_weight_of_blkio,
    swap_of,
    weight_of_shares,
)
from pyminidocker.kernel.cgroup.manager import FEATURES
from pyminidocker.kernel.cgroup.v1 import V1Group
from pyminidocker.kernel.cgroup.v2 import V2Group

MB = 1 << 20
DISK = BlkioDevice(8, 0, weight=300, read_bps=4096, write_bps=8192, read_iops=10, write_iops=20)


def make(directory: Path, **files: str) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in files.items():
        (directory / name.replace("__", ".")).write_text(text)
    return directory


def v1_group(base: Path) -> V1Group:
    files = {
        "memory": {"memory__limit_in_bytes": "", "memory__memsw__limit_in_bytes": str(1 << 62),
                   "memory__soft_limit_in_bytes": "", "memory__swappiness": ""},
        "cpu": {"cpu__shares": "", "cpu__cfs_quota_us": "", "cpu__cfs_period_us": ""},
        "cpuset": {"cpuset__cpus": "", "cpuset__mems": ""},
        "pids": {"pids__max": ""},
        "io": {"blkio__weight": "", "blkio__weight_device": "",
               "blkio__throttle__read_bps_device": "", "blkio__throttle__write_bps_device": "",
               "blkio__throttle__read_iops_device": "", "blkio__throttle__write_iops_device": ""},
    }  # fmt: skip
    return V1Group(
        "g", {name: str(make(base / name, **content)) for name, content in files.items()}
    )


def v2_group(base: Path, **more: str) -> V2Group:
    names = (
        "memory__max memory__low memory__swap__max cpu__weight cpuset__cpus cpuset__mems pids__max"
        " io__weight io__max"
    ).split()
    files = {**dict.fromkeys(names, ""), "cpu__max": "max 100000", **more}
    return V2Group("g", str(make(base / "g", **files)), ["memory", "cpu", "cpuset", "pids", "io"])


EVERYTHING = Limits(
    memory_bytes=64 * MB,
    memory_swap_bytes=96 * MB,
    memory_reservation_bytes=32 * MB,
    cpu_quota_us=50_000,
    cpu_shares=512,
    cpuset_cpus="0-1",
    cpuset_mems="0",
    pids_max=20,
    blkio_weight=500,
    blkio_devices=(DISK,),
)


def test_everything_in_version_1(tmp_path):
    v1_group(tmp_path).apply(EVERYTHING)
    found = {path.name: path.read_text() for path in tmp_path.glob("*/*")}
    assert found == {
        "memory.limit_in_bytes": str(64 * MB),
        # longer than what is written: a real file of cgroups has no old text behind the new one
        "memory.memsw.limit_in_bytes": str(96 * MB) + str(1 << 62)[len(str(96 * MB)) :],
        "memory.soft_limit_in_bytes": str(32 * MB),
        "memory.swappiness": "",
        "cpu.shares": "512",
        "cpu.cfs_quota_us": "50000",
        "cpu.cfs_period_us": "",
        "cpuset.cpus": "0-1",
        "cpuset.mems": "0",
        "pids.max": "20",
        "blkio.weight": "500",
        "blkio.weight_device": "8:0 300",
        "blkio.throttle.read_bps_device": "8:0 4096",
        "blkio.throttle.write_bps_device": "8:0 8192",
        "blkio.throttle.read_iops_device": "8:0 10",
        "blkio.throttle.write_iops_device": "8:0 20",
    }


def test_everything_in_version_2(tmp_path):
    v2_group(tmp_path).apply(EVERYTHING)
    found = {path.name: path.read_text() for path in tmp_path.glob("*/*")}
    assert found == {
        "memory.max": str(64 * MB),
        "memory.swap.max": str(32 * MB),  # swap alone
        "memory.low": str(32 * MB),
        "cpu.max": "50000 100000",
        "cpu.weight": "20",
        "cpuset.cpus": "0-1",
        "cpuset.mems": "0",
        "pids.max": "20",
        "io.weight": "8:0 29304950",  # the second line over the first, "default 4950"
        "io.max": "8:0 rbps=4096 wbps=8192 riops=10 wiops=20",
    }


def test_what_is_not_mentioned_is_not_written(tmp_path):
    for make_group in (v1_group, v2_group):
        make_group(make(tmp_path / make_group.__name__)).apply(Limits())
    texts = {path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert texts == {"", "max 100000", str(1 << 62)}


def test_a_limit_is_taken_away(tmp_path):
    none = Limits(memory_bytes=-1, cpu_quota_us=-1, pids_max=-1)
    old, new = v1_group(tmp_path), v2_group(tmp_path)
    old.apply(none)
    new.apply(none)
    assert (tmp_path / "memory/memory.limit_in_bytes").read_text() == "-1"
    assert (tmp_path / "memory/memory.memsw.limit_in_bytes").read_text().startswith("-1")
    assert (tmp_path / "cpu/cpu.cfs_quota_us").read_text() == "-1"
    assert (tmp_path / "pids/pids.max").read_text() == "max"
    assert (tmp_path / "g/memory.max").read_text() == "max"
    assert (tmp_path / "g/memory.swap.max").read_text() == "max"
    assert (tmp_path / "g/cpu.max").read_text() == "max 100000"


def test_a_period_alone_keeps_the_quota(tmp_path):
    group = v2_group(tmp_path, cpu__max="50000 100000")
    group.apply(Limits(cpu_period_us=20_000))
    assert (tmp_path / "g/cpu.max").read_text().startswith("50000 20000")


def test_bfq_has_a_file_of_its_own(tmp_path):
    group = v2_group(tmp_path, io__bfq__weight="")
    group.apply(Limits(blkio_weight=500))
    assert (tmp_path / "g/io.bfq.weight").read_text() == "default 500"
    assert (tmp_path / "g/io.weight").read_text() == ""


def test_a_missing_controller_names_the_file(tmp_path):
    group = V1Group("g", {"memory": str(tmp_path)})
    with pytest.raises(FileNotFoundError, match=r"pids\.max"):
        group.apply(Limits(pids_max=5))
    with pytest.raises(OSError, match=r"memory\.swap\.max"):
        v2_group(tmp_path, memory__max="max").apply(Limits(memory_swap_bytes=5 * MB))
    with pytest.raises(FileNotFoundError):
        v2_group(tmp_path).apply(Limits(memory_swappiness=0))


@pytest.mark.parametrize(
    ("shares", "weight"), [(0, 0), (2, 1), (1024, 39), (262_144, 10_000), (1, 1)]
)
def test_shares_become_weights_by_runcs_formula(shares, weight):
    assert weight_of_shares(shares) == weight


@pytest.mark.parametrize(("blkio", "weight"), [(0, 0), (10, 1), (500, 4950), (1000, 10_000)])
def test_io_weights_by_runcs_formula(blkio, weight):
    assert io_weight_of_blkio(blkio) == weight


def test_swap_is_the_difference():
    assert swap_of(64 * MB, 96 * MB) == 32 * MB
    assert swap_of(64 * MB, 64 * MB) == 0
    assert swap_of(64 * MB, -1) == -1
    for memory, both in ((64 * MB, 32 * MB), (0, 32 * MB), (-1, 32 * MB)):
        with pytest.raises(ValueError, match="memory"):
            swap_of(memory, both)


def test_limits_know_what_they_need():
    assert Limits().needs() == {}
    assert Limits(memory_swap_bytes=-1).needs() == {
        "memory": "memory_swap_bytes", "swap": "memory_swap_bytes",
    }  # fmt: skip
    assert Limits(memory_swappiness=0).needs()["swappiness"] == "memory_swappiness"
    assert set(Limits(blkio_devices=(DISK,)).needs()) == {"io", "weight", "throttle"}
    assert set(EVERYTHING.needs()) <= set(FEATURES)


def test_a_reading_of_version_1(tmp_path):
    memory = make(
        tmp_path / "memory",
        memory__usage_in_bytes="1000", memory__limit_in_bytes=str((1 << 63) - 4096),
        memory__max_usage_in_bytes="2000", memory__oom_control="oom_kill_disable 0\noom_kill 3\n",
        memory__stat="cache 5\ntotal_inactive_file 400\ntotal_swap 7\n",
    )  # fmt: skip
    cpuacct = make(
        tmp_path / "cpuacct",
        cpuacct__usage="900", cpuacct__usage_percpu="400 500 \n",
        cpuacct__stat="user 2\nsystem 1\n",
    )  # fmt: skip
    cpu = make(tmp_path / "cpu", cpu__stat="nr_periods 9\nnr_throttled 4\nthrottled_time 77\n")
    pids = make(tmp_path / "pids", pids__current="3", pids__max="max")
    disk = make(
        tmp_path / "io",
        blkio__throttle__io_service_bytes="8:0 Read 4096\n8:0 Write 100\nTotal 4196",
        blkio__throttle__io_serviced="8:0 Read 1\n8:0 Write 2\nTotal 3",
    )  # fmt: skip
    places = {"memory": memory, "cpuacct": cpuacct, "cpu": cpu, "pids": pids, "io": disk}
    usage = v1_usage.read({name: str(path) for name, path in places.items()})
    assert (usage.memory_total_bytes, usage.memory_bytes, usage.memory_limit_bytes) == (
        1000,
        600,
        0,
    )
    assert (usage.memory_peak_bytes, usage.swap_bytes, usage.oom_kills) == (2000, 7, 3)
    assert (usage.cpu_ns, usage.cpu_by_core_ns) == (900, [400, 500])
    assert (usage.cpu_user_ns, usage.cpu_system_ns) == (20_000_000, 10_000_000)
    assert (usage.cpu_periods, usage.throttled_periods, usage.throttled_ns) == (9, 4, 77)
    assert (usage.pids, usage.pids_limit) == (3, 0)
    assert usage.io_devices == {(8, 0): (4096, 100, 1, 2)}
    assert (usage.io_read_bytes, usage.io_write_bytes) == (4096, 100)


def test_a_reading_of_version_2(tmp_path):
    group = make(
        tmp_path / "g",
        memory__current="1000", memory__max="5000", memory__peak="2000",
        memory__swap__current="7", memory__events="low 0\noom 1\noom_kill 3\n",
        memory__stat="anon 5\ninactive_file 400\n",
        cpu__stat="usage_usec 9\nuser_usec 6\nsystem_usec 3\nnr_periods 9\nnr_throttled 4\n"
        "throttled_usec 77\n",
        pids__current="3", pids__max="20",
        io__stat="8:0 rbytes=4096 wbytes=100 rios=1 wios=2 dbytes=0 dios=0\n253:1 \n",
    )  # fmt: skip
    usage = v2_usage.read(str(group), ["memory", "cpu", "pids", "io"])
    assert (usage.memory_total_bytes, usage.memory_bytes) == (1000, 600)
    assert (usage.memory_limit_bytes, usage.memory_peak_bytes) == (5000, 2000)
    assert (usage.swap_bytes, usage.oom_kills) == (7, 3)
    assert (usage.cpu_ns, usage.cpu_user_ns, usage.cpu_system_ns) == (9000, 6000, 3000)
    assert (usage.cpu_periods, usage.throttled_periods, usage.throttled_ns) == (9, 4, 77_000)
    assert (usage.pids, usage.pids_limit) == (3, 20)
    assert usage.io_devices == {(8, 0): (4096, 100, 1, 2), (253, 1): (0, 0, 0, 0)}


def test_a_group_that_is_gone_says_so(tmp_path):
    for read in (
        lambda: v1_usage.read({"memory": str(tmp_path / "gone")}),
        lambda: v2_usage.read(str(tmp_path / "gone"), ["memory"]),
        lambda: V1Group("g", {"pids": str(tmp_path / "gone")}).entrance(),
        lambda: V2Group("g", str(tmp_path / "gone"), []).entrance(),
    ):
        with pytest.raises(OSError) as caught:  # noqa: PT011
            read()
        assert caught.value.errno == errno.ENOENT
    assert V1Group("g", {"memory": str(tmp_path / "gone")}).oom_kills() == 0
