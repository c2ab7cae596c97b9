"""Limits: moby's sums and texts, what an update leaves, and what a host cannot enforce."""

import asyncio
import errno
import os
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from pyminidocker.engine import containers_update, disks, limits, limits_checks
from pyminidocker.engine.cgroups import Cgroups
from pyminidocker.engine.records import HostOptions
from pyminidocker.engine.resources import DeviceMapping, Resources
from pyminidocker.errors import Conflict, InvalidArgument, NotImplementedHere
from pyminidocker.kernel.cgroup.limits import Limits

MB = 1 << 20


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine as small as the one where the judge's words were taken down."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    online = {"cpu": "0-1", "node": "0"}
    monkeypatch.setattr(limits_checks, "online", lambda kind: online[kind])


# What dockerd 20.10 says to the same.
@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"memory_bytes": MB}, "Minimum memory limit allowed is 6MB"),
        ({"memory_bytes": -5}, "Minimum memory limit allowed is 6MB"),
        (
            {"memory_bytes": 64 * MB, "memory_swap_bytes": 32 * MB},
            "Minimum memoryswap limit should be larger than memory limit, see usage",
        ),
        (
            {"memory_swap_bytes": 64 * MB},
            "You should always set the Memory limit when using Memoryswap limit, see usage",
        ),
        ({"memory_reservation_bytes": MB}, "Minimum memory reservation allowed is 6MB"),
        (
            {"memory_bytes": 64 * MB, "memory_reservation_bytes": 128 * MB},
            "Minimum memory limit can not be less than memory reservation limit, see usage",
        ),
        (
            {"pids_limit": 99_999_999},
            "the kernel cannot count to a limit of 99999999 processes: at most 4194304",
        ),
        (
            {"memory_swappiness": 101},
            "Invalid value: 101, valid memory swappiness range is 0-100",
        ),
        (
            {"nano_cpus": 3 * 10**9},
            "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
        ),
        (
            {"nano_cpus": -1},
            "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
        ),
        (
            {"nano_cpus": 10**9, "cpu_period_us": 100_000},
            "Conflicting options: Nano CPUs and CPU Period cannot both be set",
        ),
        (
            {"nano_cpus": 10**9, "cpu_quota_us": 100_000},
            "Conflicting options: Nano CPUs and CPU Quota cannot both be set",
        ),
        (
            {"cpu_period_us": 10},
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
        ),
        (
            {"cpu_period_us": 2_000_000},
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)",
        ),
        ({"cpu_quota_us": 10}, "CPU cfs quota can not be less than 1ms (i.e. 1000)"),
        (
            {"cpuset_cpus": "5"},
            "Requested CPUs are not available - requested 5, available: 0-1",
        ),
        ({"cpuset_cpus": "x"}, "Invalid value x for cpuset cpus: invalid format: x"),
        ({"cpuset_cpus": "1-0"}, "Invalid value 1-0 for cpuset cpus: invalid format: 1-0"),
        ({"cpuset_cpus": "٣"}, "Invalid value ٣ for cpuset cpus: invalid format: ٣"),
        (
            {"cpuset_mems": "5"},
            "Requested memory nodes are not available - requested 5, available: 0",
        ),
        ({"cpuset_mems": "x"}, "Invalid value x for cpuset mems: invalid format: x"),
        ({"blkio_weight": 5}, "Range of blkio weight is from 10 to 1000"),
        # what dockerd takes and its runc refuses at the start
        ({"nano_cpus": 5_000_000}, "Range of CPUs is from 0.01 to 2.00"),
        ({"cpu_shares": -1}, "shares: invalid argument"),
        ({"cpu_shares": 999_999}, "the maximum allowed cpu-shares is 262144"),
        ({"cpu_shares": 1}, "the minimum allowed cpu-shares is 2"),
        ({"blkio_read_bps": [("/dev/nosuch", 1)]}, "stat /dev/nosuch: no such file or directory"),
        ({"blkio_read_bps": [("/dev/\0", 1)]}, "stat /dev/\0: invalid argument"),
        ({"blkio_read_bps": [("/dev/null", 1)]}, "/dev/null is not a block device"),
        ({"memory_bytes": 64 * MB, "memory_swap_bytes": -7}, "invalid memoryswap limit: -7"),
    ],
)
def test_nonsense_is_refused_in_moby_s_words(given: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        limits_checks.check(Resources(**given))
    assert str(refused.value).startswith(text)


@pytest.mark.parametrize(
    "given",
    [
        {"memory_bytes": 6 * MB},
        {"memory_bytes": 64 * MB, "memory_swap_bytes": -1},
        {"memory_bytes": 64 * MB, "memory_swap_bytes": 64 * MB},
        {"nano_cpus": 10**7},
        {"cpu_quota_us": -1},
        {"cpu_shares": 2},
        {"cpuset_cpus": "0,1,0", "cpuset_mems": "0"},
        {"oom_kill_disable": False},
    ],
)
def test_what_dockerd_takes_is_taken(given: dict[str, Any]) -> None:
    limits_checks.check(Resources(**given))


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"oom_kill_disable": True}, "--oom-kill-disable"),
        ({"kernel_memory_bytes": 64 * MB}, "--ker"),
    ],
)
def test_what_nobody_should_have_is_refused_with_reason_and_remedy(
    given: dict[str, Any], option: str
) -> None:
    with pytest.raises(NotImplementedHere, match=option) as refused:
        limits_checks.check(Resources(**given))
    assert "--memory" in refused.value.hint


def test_no_limit_of_processes_has_many_spellings() -> None:
    for spelling in (0, -1, -2):
        made, updated = Resources(pids_limit=spelling), Resources(pids_limit=spelling)
        limits_checks.check(made)
        limits_checks.check(updated, is_update=True)
        assert (made.pids_limit, updated.pids_limit) == (None, 0)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ({"oom_score_adj": 1001}, "Invalid value 1001, range for oom score adj is"),
        ({"sysctls": {"kernel.hostname": "x"}}, "not in a separate kernel namespace"),
        ({"sysctls": {"vm/swappiness": "5"}}, "not in a separate kernel namespace"),
        (
            {"sysctls": {"net.core.somaxconn": "9"}, "network_mode": "host"},
            "not allowed in host network namespace",
        ),
        (
            {"sysctls": {"net.core.somaxconn": "9"}, "network_mode": "container:x"},
            "not allowed in host network namespace",
        ),
        ({"ulimits": [("nofile", 5, 2)]}, "soft limit must be less than or equal to hard limit"),
        ({"ulimits": [("nofile", -1, 2)]}, "soft limit must be less than or equal to hard limit"),
        ({"devices": [DeviceMapping("null", "/dev/null")]}, "null is not an absolute path"),
        ({"devices": [DeviceMapping("/dev/null", "/x", "q")]}, "bad mode specified: q"),
        (
            {"devices": [DeviceMapping("/dev/nosuch", "/dev/x")]},
            'custom device "/dev/nosuch": no such file or directory',
        ),
    ],
)
def test_nonsense_about_the_host_is_refused(host: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        limits_checks.check_host(HostOptions(**host))


def test_only_the_machine_s_root_goes_below_its_own_oom_score() -> None:
    with pytest.raises(NotImplementedHere, match="OOM score of -1000") as refused:
        limits_checks.check_host(HostOptions(oom_score_adj=-1000))
    assert "--oom-score-adj" in refused.value.hint
    limits_checks.check_host(HostOptions(oom_score_adj=1000))


def test_its_own_sysctls_are_a_container_s_to_set() -> None:
    own = {"net.ipv4.ip_forward": "1", "kernel.shmmax": "65536", "fs.mqueue.msg_max": "5"}
    limits_checks.check_host(HostOptions(sysctls=own))


# ------------------------------------------------------------------------- what the kernel is told


def test_cpus_are_a_quota_of_a_tenth_of_a_second() -> None:
    told = limits.kernel_limits(Resources(nano_cpus=500_000_000))
    assert (told.cpu_quota_us, told.cpu_period_us) == (50_000, 100_000)


def test_unlimited_swap_is_what_a_new_group_has() -> None:
    told = limits.kernel_limits(Resources(memory_bytes=64 * MB, memory_swap_bytes=-1))
    assert told == Limits(memory_bytes=64 * MB)


def engine_without(*features: str, remedy: str = "give it") -> Any:
    """An engine on a host that cannot enforce some features."""

    def why_not(feature: str) -> tuple[str, str] | None:
        return (f"there is no {feature} here", remedy) if feature in features else None

    return SimpleNamespace(cgroups=SimpleNamespace(why_not=why_not))


@pytest.mark.parametrize(
    ("given", "feature", "option"),
    [
        ({"memory_bytes": 64 * MB}, "memory", "--memory"),
        ({"memory_bytes": 64 * MB, "memory_swap_bytes": 64 * MB}, "swap", "--memory-swap"),
        ({"memory_reservation_bytes": 64 * MB}, "memory", "--memory-reservation"),
        ({"memory_swappiness": 5}, "swappiness", "--memory-swappiness"),
        ({"nano_cpus": 10**9}, "cpu", "--cpus"),
        ({"cpu_shares": 2}, "cpu", "--cpu-shares"),
        ({"cpuset_cpus": "0"}, "cpuset", "--cpuset-cpus"),
        ({"cpuset_mems": "0"}, "cpuset", "--cpuset-mems"),
        ({"pids_limit": 5}, "pids", "--pids-limit"),
        ({"blkio_weight": 500}, "io", "--blkio-weight"),
    ],
)
def test_what_a_host_cannot_enforce_is_refused_with_reason_and_remedy(
    given: dict[str, Any], feature: str, option: str
) -> None:
    with pytest.raises(NotImplementedHere) as refused:
        limits.settle(engine_without(feature), Resources(**given))
    assert str(refused.value).startswith(f"{option} ") or option in str(refused.value)
    assert f"there is no {feature} here" in str(refused.value)
    assert refused.value.hint == "give it"


def test_nothing_asked_nothing_refused() -> None:
    assert limits.settle(engine_without("memory", "cpu", "pids"), Resources()) == []


def test_swap_is_as_much_again_when_nothing_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given = Resources(memory_bytes=64 * MB)
    assert limits.settle(engine_without(), given) == []
    assert given.memory_swap_bytes == 128 * MB
    monkeypatch.setattr(limits, "_has_swap", lambda: True)
    given = Resources(memory_bytes=64 * MB)
    told = limits.settle(engine_without("swap"), given)
    assert [warning.partition(" or ")[0] for warning in told] == [
        "Your kernel does not support swap limit capabilities"
    ]
    assert given.memory_swap_bytes == -1
    monkeypatch.setattr(limits, "_has_swap", lambda: False)
    assert limits.settle(engine_without("swap"), Resources(memory_bytes=64 * MB)) == []


def test_weights_need_a_scheduler_that_weighs(monkeypatch: pytest.MonkeyPatch) -> None:
    schedulers = {(254, 0): "none [mq-deadline] bfq"}
    monkeypatch.setattr(disks, "_schedulers", lambda: schedulers)
    with pytest.raises(NotImplementedHere, match="bfq") as refused:
        limits.settle(engine_without(), Resources(blkio_weight=500))
    assert "echo bfq" in refused.value.hint
    schedulers[254, 0] = "none mq-deadline [bfq]"
    limits.settle(engine_without(), Resources(blkio_weight=500))


# ------------------------------------------------------------------------------------------ update


@pytest.mark.parametrize(
    ("present", "asked", "text"),
    [
        (
            {},
            {"memory_bytes": 64 * MB},
            "Memory limit should be smaller than already set memoryswap limit",
        ),
        (
            {"memory_bytes": 64 * MB, "memory_swap_bytes": -1},
            {"memory_bytes": 70 * MB},
            "Memory limit should be smaller than already set memoryswap limit",
        ),
        (
            {"nano_cpus": 10**9},
            {"cpu_period_us": 10_000},
            "CPU Period cannot be updated as NanoCPUs has already been set",
        ),
        (
            {"nano_cpus": 10**9},
            {"cpu_quota_us": 10_000},
            "CPU Quota cannot be updated as NanoCPUs has already been set",
        ),
        (
            {"cpu_period_us": 10_000},
            {"nano_cpus": 10**9},
            "Nano CPUs cannot be updated as CPU Period has already been set",
        ),
        (
            {"cpu_quota_us": 10_000},
            {"nano_cpus": 10**9},
            "Nano CPUs cannot be updated as CPU Quota has already been set",
        ),
    ],
)
def test_an_update_that_contradicts_is_a_conflict(
    present: dict[str, Any], asked: dict[str, Any], text: str
) -> None:
    with pytest.raises(Conflict, match=text):
        containers_update.merge(Resources(**present), Resources(**asked))


def test_an_update_leaves_what_it_does_not_mention() -> None:
    present = Resources(memory_bytes=64 * MB, memory_swap_bytes=128 * MB, pids_limit=20)
    merged = containers_update.merge(present, Resources(memory_bytes=100 * MB, cpu_shares=512))
    assert (merged.memory_bytes, merged.memory_swap_bytes) == (100 * MB, 128 * MB)
    assert (merged.pids_limit, merged.cpu_shares) == (20, 512)
    assert present.cpu_shares == 0
    assert containers_update.merge(present, Resources(pids_limit=0)).pids_limit == 0


def test_a_remedy_says_that_the_engine_looks_once() -> None:
    groups = SimpleNamespace(kind="none", missing={"memory": "not ours"}, remedy="sudo give")
    engine: Any = SimpleNamespace(lab=SimpleNamespace(groups=groups))
    answer = Cgroups(engine).why_not("memory")
    assert answer == (
        "not ours",
        "sudo give\nminidocker system stop    (the next one will look again)",
    )
    assert Cgroups(engine).why_not("pids") is None
    groups.remedy = ""
    assert Cgroups(engine).why_not("memory") == ("not ours", "")


def test_swap_without_limit_is_in_the_way_of_memory_alone() -> None:
    present = Resources(memory_bytes=64 * MB, memory_swap_bytes=limits.UNLIMITED)
    merged = containers_update.merge(present, Resources(pids_limit=10, cpu_shares=512))
    assert (merged.memory_bytes, merged.memory_swap_bytes) == (64 * MB, limits.UNLIMITED)
    assert (merged.pids_limit, merged.cpu_shares) == (10, 512)
    with pytest.raises(Conflict, match="already set memoryswap limit"):  # as in Docker
        containers_update.merge(present, Resources(memory_bytes=100 * MB))


def test_where_nothing_counts_swap_memory_alone_is_updated() -> None:
    # daemon_unix.go: without the kernel's support, the swap asked for is -1
    cgroups = SimpleNamespace(why_not=lambda feature: ("no", "") if feature == "swap" else None)
    engine: Any = SimpleNamespace(cgroups=cgroups, events=SimpleNamespace(emit=lambda *_: None))
    container = container_with(memory_bytes=64 * MB, memory_swap_bytes=limits.UNLIMITED)
    asked = Resources(memory_bytes=100 * MB)
    asyncio.run(containers_update.update(engine, container, None, asked))
    resources = container.record.host.resources
    assert resources.memory_bytes == 100 * MB
    assert resources.memory_swap_bytes == limits.UNLIMITED


def container_with(*, is_running: bool = False, **given: Any) -> Any:
    """A container as far as an update looks at it."""
    return SimpleNamespace(
        id="0" * 64,
        name="box",
        status="running" if is_running else "exited",
        is_running=is_running,
        record=SimpleNamespace(host=HostOptions(resources=Resources(**given))),
        lock=asyncio.Lock(),
        save=lambda: None,
        event_attributes=dict,
    )


class SlowGroup:
    """A group whose memory is taken back only when somebody else has had a turn."""

    def __init__(self, error: OSError | None = None) -> None:
        self.others_go_on = threading.Event()
        self.applied: list[Limits] = []
        self._error = error

    def apply(self, asked: Limits) -> None:
        assert self.others_go_on.wait(10)
        self.applied.append(asked)
        if self._error is not None and len(self.applied) == 1:
            raise self._error


def update_beside(container: Any, groups: list[Any], asked: Resources) -> None:
    """Update while the loop has something else to do; ``groups``: the container's, look by look."""

    def group_of(_: Any) -> Any:
        return groups.pop(0) if len(groups) > 1 else groups[0]

    cgroups = SimpleNamespace(why_not=lambda feature: None, group_of=group_of)
    engine: Any = SimpleNamespace(cgroups=cgroups, events=SimpleNamespace(emit=lambda *_: None))
    group = groups[0]

    async def both() -> None:
        update = asyncio.create_task(containers_update.update(engine, container, None, asked))
        await asyncio.sleep(0)
        group.others_go_on.set()
        await update

    asyncio.run(both())


def test_others_are_served_while_memory_is_taken_back() -> None:
    container, group = container_with(is_running=True, pids_limit=9), SlowGroup()
    update_beside(container, [group], Resources(pids_limit=7))
    assert [asked.pids_max for asked in group.applied] == [7]
    assert container.record.host.resources.pids_limit == 7


def test_an_update_that_the_kernel_refuses_is_set_back() -> None:
    refused = OSError(errno.EBUSY, os.strerror(errno.EBUSY), "memory.limit_in_bytes")
    container, group = container_with(is_running=True, pids_limit=9), SlowGroup(refused)
    with pytest.raises(InvalidArgument, match=r"memory\.limit_in_bytes") as caught:
        update_beside(container, [group], Resources(pids_limit=7, cpu_shares=512))
    assert "it uses more memory than that" in caught.value.hint
    assert [asked.pids_max for asked in group.applied] == [7, 9]
    assert container.record.host.resources == Resources(pids_limit=9)


def test_who_ends_during_an_update_has_the_new_limits_next_time() -> None:
    gone = OSError(errno.ENODEV, os.strerror(errno.ENODEV), "pids.max")
    container, group = container_with(is_running=True, pids_limit=9), SlowGroup(gone)
    update_beside(container, [group, group, None], Resources(pids_limit=7))
    assert container.record.host.resources.pids_limit == 7


@pytest.mark.parametrize(
    "asked", [{"memory_swap_bytes": 32 * MB}, {"memory_reservation_bytes": 100 * MB}]
)
def test_an_update_must_make_sense_with_what_is_there(asked: dict[str, Any]) -> None:
    present = Resources(memory_bytes=64 * MB, memory_swap_bytes=128 * MB)
    with pytest.raises(InvalidArgument, match="see usage"):
        containers_update.merge(present, Resources(**asked))
