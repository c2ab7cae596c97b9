"""Every container in a control group of its own, and one group around all of them.

The same on both versions: what differs is behind ``container.cgroup`` and ``engine.lab_limits``.
Attacks here run in a lab that was limited first.
"""

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker.errors import NotImplementedHere
from pyminidocker.kernel.cgroup.place import find_place
from tests.conftest import remove_state
from tests.support.leaks import read_traces, wait_until_clean
from tests.support.speed import SLOWNESS

MB = 1 << 20
PATIENCE_S = 5.0 * SLOWNESS
needs_memory = pytest.mark.requires("cgroup-memory")
needs_pids = pytest.mark.requires("cgroup-pids")
needs_freezer = pytest.mark.requires("cgroup-freezer")
WITHOUT = bool(find_place().missing.get("memory"))
# Doubles a variable until memory is at its end; no program is started for it.
MEMORY_BOMB = "x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done"
FORK_BOMB = "bomb() { bomb | bomb & }; bomb; sleep 1000"


@pytest.fixture
def box(engine):
    with engine.run("busybox", "sleep 1000", detach=True) as container:
        yield container


def wait_for(condition, patience_s=PATIENCE_S):
    end = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.005)
    return found


def text(path: "Path | str", name: str) -> str:
    return Path(path, name).read_text()


@needs_memory
def test_a_container_is_alone_in_a_group_of_its_own(engine, box):
    with engine.run("busybox", "sleep 1000", detach=True) as other:
        assert box.cgroup.pids == [box.pid]
        assert set(box.cgroup.paths.values()).isdisjoint(other.cgroup.paths.values())
        lab = set(engine.lab_limits.paths.values())
        assert {str(Path(path).parent) for path in box.cgroup.paths.values()} <= lab
        for directory in box.cgroup.paths.values():
            assert text(directory, "cgroup.procs").split() == [str(box.pid)]


@needs_memory
@pytest.mark.parametrize("options", [{"network": "host"}, {"network": "none"}, {"init": True},
                                     {"privileged": True}, {"read_only": True}])  # fmt: skip
def test_whatever_kind_of_container_it_is(engine, options):
    with engine.run("busybox", "sleep 1000", detach=True, **options) as box:
        assert box.pid in box.cgroup.pids
        assert set(box.exec("cut -d: -f3 /proc/self/cgroup").stdout.split()) == {"/"}


@needs_memory
def test_execs_and_their_children_are_in_it_too(box):
    seen = box.exec("cat /proc/self/cgroup /proc/1/cgroup").stdout.splitlines()
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]
    box.exec(["sh", "-c", "sleep 1000 >/dev/null 2>&1 & sleep 1000 >/dev/null 2>&1 &"])
    assert wait_for(lambda: len(box.cgroup.pids) == 3)


@needs_pids
def test_an_exec_into_a_full_group(engine):
    """Born in its group, it is one too many; who goes in later (version 1) is always let in."""
    with engine.run("busybox", "sleep 1000", detach=True, pids_limit=1) as box:
        tried = box.exec("true")
        if box.cgroup.version == "v2":
            assert tried.exit_code == 126
            assert "Resource temporarily unavailable" in tried.stderr + tried.stdout
        else:
            assert tried.ok
        assert box.status == "running"


@needs_memory
def test_its_group_goes_with_it(engine):
    box = engine.run("busybox", "sleep 1000", detach=True)
    paths = list(box.cgroup.paths.values())
    box.kill()
    box.wait()
    assert box.cgroup.paths == {}
    wait_for(lambda: not any(Path(path).exists() for path in paths))
    box.start()
    assert box.cgroup.paths
    assert set(box.cgroup.paths.values()).isdisjoint(paths)
    box.remove(force=True)


@needs_memory
def test_a_start_that_fails_leaves_no_group(engine):
    def groups() -> set[str]:
        return {str(path) for base in engine.lab_limits.paths.values()
                for path in Path(base).glob("slot-*")}  # fmt: skip

    for _ in range(3):
        with pytest.raises(pyminidocker.errors.MiniDockerError):
            engine.run("busybox", "/no/such/program")
    for container in engine.containers(all=True):
        container.remove()
    trees = len(set(engine.lab_limits.paths.values()))
    # Those of the children that are parked, and two at most to spare.
    wait_for(lambda: 5 * trees <= len(groups()) <= 7 * trees)


@needs_memory
def test_it_sees_itself_and_nothing_around(box):
    """As Docker's --cgroupns=private: the group is the root, for /proc and for mounts."""
    assert set(box.exec("cut -d: -f3 /proc/self/cgroup").stdout.split()) == {"/"}
    mounts = [line.split() for line in box.exec("cat /proc/self/mountinfo").stdout.splitlines()]
    shown = [words for words in mounts if words[4].startswith("/sys/fs/cgroup")]
    assert shown
    for words in shown:
        assert words[3] == "/", words
        assert {"ro", "nosuid", "nodev", "noexec"} <= set(words[5].split(","))
    name = "memory.limit_in_bytes" if box.cgroup.version == "v1" else "memory.max"
    inside = "/sys/fs/cgroup/memory" if box.cgroup.version == "v1" else "/sys/fs/cgroup"
    assert box.exec(f"cat {inside}/{name}").stdout.strip() == box.cgroup.read(name)
    assert box.exec(f"cat {inside}/cgroup.procs").stdout.split()[0] == "1"
    refused = box.exec(["sh", "-c", f"echo 1 > {inside}/{name}"])
    assert "Read-only file system" in refused.stderr
    assert not box.exec(f"mkdir {inside}/mine").ok


@needs_memory
def test_the_limit_is_where_programs_look_for_it(engine):
    with engine.run("busybox", "sleep 1000", detach=True, memory="64m") as box:
        inside = {
            "v1": "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "v2": "/sys/fs/cgroup/memory.max",
        }
        assert box.exec(f"cat {inside[box.cgroup.version]}").stdout.strip() == str(64 * MB)


# -- the lab as a whole -----------------------------------------------------------------------


@needs_memory
def test_the_machine_keeps_a_part_for_itself(engine):
    found = engine.lab_limits
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert total // 2 <= found.memory_bytes < total - total // 10
    if "pids" in found.paths:
        assert 0 < found.pids_limit <= 16_384
    assert found.used_memory_bytes > 0


@needs_memory
def test_a_memory_bomb_without_a_limit_ends_at_the_labs(engine):
    before = engine.lab_limits
    with engine.run("busybox", "sleep 1000", detach=True, name="bystander") as bystander:
        with engine.limit_lab(memory="96m"):
            bomb = engine.run("busybox", ["sh", "-c", MEMORY_BOMB], detach=True)
            assert bomb.wait(30) == 137
            assert bomb.oom_killed
            bomb.remove()
        assert bystander.status == "running"
        assert not bystander.oom_killed
    after = engine.lab_limits
    assert (after.memory_bytes, after.pids_limit) == (before.memory_bytes, before.pids_limit)


@needs_memory
@needs_pids
def test_bombs_in_the_lab_and_the_engine_answers(engine):
    """Both kinds at once, in containers without limits of their own."""
    slowest = 0.0
    with engine.limit_lab(memory="128m", pids_limit=150):
        bombs = [
            engine.run("busybox", ["sh", "-c", script], detach=True)
            for script in (FORK_BOMB, MEMORY_BOMB)
        ]
        wait_for(lambda: engine.lab_limits.used_pids > 100, 20)
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            began = time.perf_counter()
            assert len(engine.containers(all=True)) == 2
            slowest = max(slowest, time.perf_counter() - began)
        # A child that is parked enters its group whatever the limit; that is no fork.
        assert engine.lab_limits.used_pids <= 150 + 5
        for bomb in bombs:
            bomb.remove(force=True)
    assert slowest < 1.0 * SLOWNESS
    assert engine.run("busybox", "echo well") == "well\n"


@needs_pids
def test_limits_of_the_lab_are_the_kernels(engine):
    with engine.limit_lab(pids_limit=77, cpus=0.5) as limited:
        assert (limited.pids_limit, limited.cpus) == (77, 0.5)
        assert text(limited.paths["pids"], "pids.max").strip() == "77"
        assert "of 77" in repr(limited)
        assert "of 77" in limited._repr_html_()
    assert text(limited.paths["pids"], "pids.max").strip() == str(engine.lab_limits.pids_limit)
    assert engine.lab_limits.cpus is None


@needs_memory
def test_a_privileged_container_cannot_raise_the_labs_limits(engine):
    """Where /sys is writable to it (not in root's lab), so is its own group; it sees no other."""
    with (
        engine.limit_lab(memory="64m"),
        engine.run("busybox", "sleep 1000", detach=True, privileged=True) as box,
    ):
        name = "memory/memory.limit_in_bytes" if box.cgroup.version == "v1" else "memory.max"
        box.exec(["sh", "-c", f"echo 1000000000 > /sys/fs/cgroup/{name}"])
        assert box.exec(["sh", "-c", MEMORY_BOMB]).exit_code == 137
        assert engine.lab_limits.memory_bytes == 64 * MB


@pytest.mark.skipif(not WITHOUT, reason="this host has groups for us")
def test_without_groups_the_reason_is_told(engine):
    found = engine.lab_limits
    assert found.version == "none"
    assert found.reason
    with pytest.raises(NotImplementedHere, match="the lab cannot be limited here") as caught:
        engine.limit_lab(pids_limit=50)
    assert caught.value.hint == found.remedy
    with engine.run("busybox", "sleep 1000", detach=True) as box:
        assert (box.cgroup.version, box.cgroup.paths) == ("none", {})
        assert box.exec("ls -A /sys/fs/cgroup").stdout == ""
        assert set(box.exec("cut -d: -f3 /proc/self/cgroup").stdout.split()) == {"/"}


# -- nothing is left --------------------------------------------------------------------------


@needs_freezer
@pytest.mark.parametrize(
    "agent_too", [False, pytest.param(True, marks=pytest.mark.requires("full-speed"))]
)
def test_a_killed_engine_leaves_no_groups(engine_home, monkeypatch, agent_too):
    """Not even with frozen processes; and when its agent was killed too, the next one sweeps."""
    home = Path(tempfile.mkdtemp(prefix="md-", dir="/tmp"))
    monkeypatch.setenv("MINIDOCKER_ROOT", f"{home}/state")
    monkeypatch.setenv("MINIDOCKER_RUN", f"{home}/run")
    before = read_traces(str(home))
    engine = pyminidocker.connect(name="groups")
    engine.bootstrap("busybox")
    box = engine.run("busybox", "sleep 1000", detach=True)
    paths = list(box.cgroup.paths.values())
    if not agent_too:
        box.pause()
    facts = engine.api.engine_facts()
    victims = [facts["Pid"], *([facts["AgentPid"]] if agent_too else [])]
    for pid in victims[::-1]:
        os.kill(pid, signal.SIGKILL)
    engine.close()
    if agent_too:
        engine = pyminidocker.connect(name="groups")
        wait_for(lambda: not any(Path(path).exists() for path in paths))
        engine.shutdown()
    left = wait_until_clean(before, str(home), apart_from=("fds",))
    assert not left
    assert not any(Path(path).exists() for path in paths)
    remove_state(home)
    shutil.rmtree(home, ignore_errors=True)


@needs_memory
def test_an_engine_without_an_agent_removes_its_groups_itself(engine_home):
    engine = pyminidocker.connect(name="alone")
    engine.bootstrap("busybox")
    with engine.run("busybox", "sleep 1000", detach=True) as box:
        tops = [Path(path).parent.parent for path in box.cgroup.paths.values()]
    os.kill(engine.api.engine_facts()["AgentPid"], signal.SIGKILL)
    wait_for(lambda: engine.info().get("Warnings"))  # it has noticed
    engine.shutdown()
    assert [group for top in tops for group in top.glob("alone-*")] == []
