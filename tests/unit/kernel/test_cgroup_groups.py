"""Real groups: those an engine would get here, and version 2 as a tree without controllers.

Whatever eats memory or processes here does so in a group that is limited first.
"""

import errno
import os
import select
import signal
import time
from pathlib import Path

import pytest

from pyminidocker.kernel.cgroup import tree
from pyminidocker.kernel.cgroup.limits import Limits
from pyminidocker.kernel.cgroup.none import NoManager
from pyminidocker.kernel.cgroup.oom import OomWatch
from pyminidocker.kernel.cgroup.opening import open_manager
from pyminidocker.kernel.cgroup.place import Place, find_place, no_place
from pyminidocker.kernel.clone import FULL, clone3
from pyminidocker.kernel.libc import SyscallError
from tests.support.speed import SLOWNESS

MB = 1 << 20
PATIENCE_S = 5.0 * SLOWNESS
UNIFIED = next(
    (path for path in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
     if os.access(f"{path}/cgroup.procs", os.W_OK)), "",
)  # fmt: skip


def remove(manager) -> None:
    manager.close()
    for top in manager.tops:
        tree.remove_engine([top], manager.name)
        tree.remove_top(top)


@pytest.fixture
def manager():
    """The manager for this host, as an engine gets it."""
    if "memory" in find_place().missing:
        pytest.skip("no groups with memory here")
    found = open_manager("groups-test")
    yield found
    remove(found)
    assert not any(Path(directory).exists() for directory in found.bases.values())


@pytest.fixture
def plain():
    """Version 2 without any controllers, which works beside version 1 too."""
    if not UNIFIED:
        pytest.skip("no tree of version 2 is ours")
    where = Place("v2", bases={"freezer": f"{UNIFIED}/minidocker"})
    found = open_manager("groups-test", where)
    assert found.kind == "v2"
    yield found
    remove(found)


def wait_for(condition) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def enter(group, work) -> int:
    """Fork into a group, as the zygote does; ``work()`` is what the child does."""
    doors = group.entrance()
    if group.enters_by_clone:
        pid, pidfd = clone3(0, doors[0])
    else:
        pid, pidfd = os.fork(), -1
    if pid == 0:
        try:
            if not group.enters_by_clone:
                for door in doors:
                    os.write(door, b"0")
            work()
        finally:
            os._exit(0)
    for fd in [*doors, *([pidfd] if pidfd >= 0 else [])]:
        os.close(fd)
    return pid


def count(write_fd: int) -> None:
    while True:
        os.write(write_fd, b".")
        time.sleep(0.001)


@pytest.fixture(params=["manager", "plain"])
def group(request):
    made = request.getfixturevalue(request.param).make("slot-1")
    yield made
    made.kill()
    made.remove()


def test_a_child_is_born_in_its_group_alone(group):
    ready, go = os.pipe()
    pid = enter(group, lambda: (os.write(go, b"!"), signal.pause()))
    os.read(ready, 1)
    assert group.pids() == [pid]
    paths = Path(f"/proc/{pid}/cgroup").read_text()
    trees = sum(f"/{group.name}" in line for line in paths.splitlines())
    assert trees == len(set(group.paths.values()))
    assert os.getpid() not in group.pids()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert group.pids() == []
    os.close(ready)
    os.close(go)


def test_frozen_means_still_and_thawed_means_going_on(group):
    read_fd, write_fd = os.pipe()
    pid = enter(group, lambda: count(write_fd))
    assert os.read(read_fd, 1) == b"."
    began = time.perf_counter()
    group.freeze()
    assert time.perf_counter() - began < PATIENCE_S
    assert group.is_frozen
    os.set_blocking(read_fd, False)
    while True:  # what was written before
        try:
            os.read(read_fd, 4096)
        except BlockingIOError:
            break
    assert select.select([read_fd], [], [], 0.05)[0] == []
    group.thaw()
    assert not group.is_frozen
    assert select.select([read_fd], [], [], PATIENCE_S)[0]
    group.freeze()
    group.kill()  # though they are frozen
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
    os.close(read_fd)
    os.close(write_fd)


def test_a_process_can_be_moved_in(group):
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    group.add(pid)
    assert group.pids() == [pid]
    group.kill()
    os.waitpid(pid, 0)
    with pytest.raises(OSError):  # noqa: PT011 - ESRCH or EINVAL
        group.add(pid)
    os.close(read_fd)
    os.close(write_fd)


def test_a_name_is_taken_only_once(group, request):
    maker = request.getfixturevalue("plain" if group.enters_by_clone else "manager")
    if Path(next(iter(group.paths.values()))).parent != Path(next(iter(maker.bases.values()))):
        pytest.skip("the host's own groups are of version 2")
    with pytest.raises(FileExistsError):
        maker.make("slot-1")
    group.remove()
    group.remove()  # gone already is fine
    maker.make("slot-1")


# -- with controllers -------------------------------------------------------------------------


def test_memory_is_limited_counted_and_told(manager):
    group = manager.make("slot-1")
    group.apply(Limits(memory_bytes=16 * MB, memory_swap_bytes=16 * MB)
                if "swap" not in manager.missing else Limits(memory_bytes=16 * MB))  # fmt: skip
    watch = OomWatch()
    number = watch.add(group)
    assert watch.ready() == []
    pid = enter(group, lambda: bytearray(b"x" * (64 * MB)))
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status)
    assert select.select([watch], [], [], PATIENCE_S)[0]
    assert watch.ready() == [group]
    assert watch.ready() == []
    usage = group.usage()
    assert usage.oom_kills == group.oom_kills() == 1
    assert usage.memory_limit_bytes == 16 * MB
    assert usage.memory_peak_bytes > 15 * MB
    watch.remove(number)
    watch.close()
    group.remove()
    assert group.oom_kills() == 0


def test_processes_are_limited(manager):
    group = manager.make("slot-1")
    group.apply(Limits(pids_max=5))
    read_fd, write_fd = os.pipe()

    def fork_a_lot() -> None:
        for _ in range(20):
            try:
                if os.fork() == 0:
                    signal.pause()
            except OSError as error:
                os.write(write_fd, str(error.errno).encode())
                signal.pause()

    pid = enter(group, fork_a_lot)
    assert int(os.read(read_fd, 16)) == errno.EAGAIN
    usage = group.usage()
    assert (usage.pids, usage.pids_limit) == (5, 5)
    if group.enters_by_clone:
        with pytest.raises(SyscallError) as caught:
            enter(group, lambda: None)
        assert (caught.value.errno, caught.value.hint) == (errno.EAGAIN, FULL)
    with pytest.raises(OSError):  # noqa: PT011 - EBUSY
        group.remove()
    group.kill()
    os.waitpid(pid, 0)
    _remove_soon(group)
    os.close(read_fd)
    os.close(write_fd)


def test_processor_time_is_limited_and_counted(manager):
    group = manager.make("slot-1")
    # So little that it is used up on a busy machine too.
    group.apply(Limits(cpu_quota_us=5_000, cpu_period_us=100_000, cpu_shares=512, cpuset_cpus="0"))

    def burn() -> None:
        end = time.process_time() + 0.03
        while time.process_time() < end:
            pass

    os.waitpid(enter(group, burn), 0)
    usage = group.usage()
    assert 30_000_000 <= usage.cpu_ns < 100_000_000
    assert usage.throttled_periods >= 2
    assert usage.throttled_ns > 0
    group.remove()


def test_the_lab_is_around_its_groups(manager):
    lab = manager.lab()
    lab.apply(Limits(memory_bytes=32 * MB, pids_max=10))
    group = manager.make("slot-1")
    pid = enter(group, lambda: bytearray(b"x" * (64 * MB)))
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    assert lab.usage().pids_limit == 10
    group.remove()


def _remove_soon(group) -> None:
    wait_for(lambda: not group.pids())
    group.remove()


@pytest.mark.parametrize("kind", ["manager", "plain"])
def test_a_group_goes_with_those_made_inside_it(kind, request):
    """A privileged container may make groups in its own, and leaves them behind."""
    group = request.getfixturevalue(kind).make("slot-1")
    for directory in {*group.paths.values()}:
        Path(directory, "mine", "deep", "deeper").mkdir(parents=True)
        Path(directory, "another").mkdir()
    pid = enter(group, signal.pause)
    wait_for(lambda: group.pids() == [pid])
    with pytest.raises(OSError, match=os.strerror(errno.EBUSY)):
        group.remove()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    _remove_soon(group)
    assert not any(Path(directory).exists() for directory in group.paths.values())


# -- directories and their locks --------------------------------------------------------------


def test_who_sweeps_keeps_the_lock(plain, monkeypatch):
    """An engine that has made its directory, but not locked it yet, sees that it comes too late."""
    top, seen, really = plain.tops[0], [], tree.remove_engine
    Path(top, "dead").mkdir()

    def remove_engine(tops, name):
        seen.append(tree.is_abandoned(f"{top}/{name}"))
        return really(tops, name)

    monkeypatch.setattr(tree, "remove_engine", remove_engine)
    tree.sweep_abandoned(plain.tops)
    assert seen[0] is False
    assert tree.engines(top) == [plain.name]


def test_directories_are_abandoned_only_by_the_dead(plain):
    first = f"{plain.tops[0]}/{plain.name}"
    assert not tree.is_abandoned(first)
    second = open_manager("groups-test", Place("v2", bases={"freezer": plain.tops[0]}))
    assert second.name == "groups-test.1"
    made = second.make("slot-1")
    pid = enter(made, lambda: (os.close(second._lock_fd), signal.pause()))
    second.close()  # as if its process were gone
    wait_for(lambda: made.pids() == [pid])
    wait_for(lambda: tree.is_abandoned(f"{plain.tops[0]}/{second.name}"))
    third = open_manager("other", Place("v2", bases={"freezer": plain.tops[0]}))
    os.waitpid(pid, 0)  # killed by the sweep
    wait_for(lambda: tree.sweep_abandoned(plain.tops) or len(tree.engines(plain.tops[0])) == 2)
    assert tree.engines(plain.tops[0]) == [plain.name, third.name]
    remove(third)
    assert Path(first).is_dir()


def test_frozen_processes_of_a_dead_engine_come_to_their_end(manager):
    """Version 1 lets nobody die who is frozen."""
    group = manager.make("slot-1")
    pid = enter(group, signal.pause)
    group.freeze()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: tree.remove_engine(manager.tops, manager.name))
    os.waitpid(pid, 0)


def test_without_groups_the_reason_is_told():
    found = open_manager("x", no_place("there is nothing", "make some"))
    assert isinstance(found, NoManager)
    assert (found.kind, found.make("slot-1"), found.tops) == ("none", None, [])
    assert found.missing["memory"] == "there is nothing"
    assert found.remedy == "make some"
    with pytest.raises(OSError, match="there is nothing"):
        found.lab()
    found.close()


def test_what_cannot_be_made_is_none_with_the_reason(tmp_path):
    where = Place("v1", bases={"memory": f"{tmp_path}/gone/minidocker"})
    found = open_manager("x", where, why="systemd is not there")
    assert found.kind == "none"
    assert "No such file or directory; systemd is not there" in found.missing["memory"]
