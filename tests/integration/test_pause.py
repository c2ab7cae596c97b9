"""Pause and unpause: nothing of a container goes on, and it ends as Docker lets it end."""

import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker.errors import Conflict, NotImplementedHere, SystemFailure, Unavailable
from pyminidocker.kernel.cgroup.place import find_place
from tests.support.command_line import minidocker, succeeds
from tests.support.talker import until

pytestmark = pytest.mark.requires("userns", "busybox")
freezes = pytest.mark.requires("cgroup-freezer")
# Counts as long as it runs; told by SIGTERM, it ends with 5.
COUNTS = "trap 'exit 5' TERM; while :; do echo >> /n; sleep 0.01; done"


@pytest.fixture
def box(engine):
    """A container that counts, and counts in a second process too."""
    made = engine.run("busybox", ["sh", "-c", f"({COUNTS.replace('/n', '/m')}) & {COUNTS}"],
                      detach=True)  # fmt: skip
    until(lambda: count(made, "n") and count(made, "m"))
    with made:
        yield made


def count(box, name="n"):
    """Read how far it has counted from its layer: that works when it stands still too."""
    layer = Path(box.reload().attrs["GraphDriver"]["Data"]["UpperDir"])
    return (layer / name).stat().st_size if (layer / name).exists() else 0


def actions(engine, box, since):
    """Return the actions of a container's events since a moment."""
    until = f"{time.time():.9f}"
    told = engine.events(since=f"{since:.9f}", until=until, filters={"container": [box.id]})
    return [event["Action"] for event in told]


@freezes
def test_all_processes_stand_still_and_go_on(engine, box):
    since = time.time()
    assert box.pause() is box
    assert box.status == "paused"
    state = box.attrs["State"]
    assert (state["Running"], state["Paused"], state["Status"]) == (True, True, "paused")
    before = count(box, "n"), count(box, "m")
    time.sleep(0.1)
    assert (count(box, "n"), count(box, "m")) == before
    assert succeeds("ps", "--filter", "status=paused", "-q", "--no-trunc") == box.id
    assert succeeds("ps", "--format", "{{.Status}}", "--filter", f"id={box.id}").endswith(
        "(Paused)"
    )
    assert engine.info()["ContainersPaused"] == 1
    box.unpause()
    until(lambda: count(box, "n") > before[0] and count(box, "m") > before[1])
    assert box.status == "running"
    assert actions(engine, box, since) == ["pause", "unpause"]


@freezes
def test_what_a_paused_container_refuses_and_allows(box):
    box.pause()
    with pytest.raises(Conflict, match=f"Container {box.id} is already paused"):
        box.pause()
    with pytest.raises(Conflict, match="cannot start a paused container, try unpause instead"):
        box.start()
    with pytest.raises(Conflict, match="is paused, unpause the container before exec"):
        box.exec("true")
    with pytest.raises(Conflict, match=f"You cannot remove a paused container {box.id}"):
        box.remove()
    assert len(box.top()) >= 2
    assert box.read_file("/n")
    box.write_file("/note", "hello")
    assert any(change["Path"] == "/n" for change in box.diff())
    assert box.stats().cpu_percent == 0
    assert box.logs().stdout == ""
    box.unpause()
    with pytest.raises(SystemFailure, match=f"Container {box.id} is not paused"):
        box.unpause()


def test_what_does_not_run_cannot_be_paused(engine):
    with engine.create("busybox", "sleep 1000") as box:
        with pytest.raises(Conflict, match=f"Container {box.id} is not running"):
            box.pause()
        with pytest.raises(SystemFailure, match=f"Container {box.id} is not paused"):
            box.unpause()


@freezes
@pytest.mark.parametrize(
    ("end", "codes"),
    [
        (lambda box: box.kill(), (137,)),
        (lambda box: box.stop(), (5,)),
        (lambda box: box.kill("TERM"), (5,)),
        (
            lambda box: box.stop(timeout_s=0),
            (137, 5),
        ),  # both signals: it may be quicker than the 2nd
    ],
    ids=["kill", "stop", "kill -s TERM", "stop -t 0"],
)
def test_whoever_ends_it_wakes_it(engine, box, end, codes):
    box.pause()
    since = time.time()
    end(box)
    assert box.wait(10) in codes
    assert box.status == "exited"
    assert box.attrs["State"]["Paused"] is False
    assert actions(engine, box, since)[0] == "kill"


@freezes
def test_restart_and_rm_of_a_paused_one(engine, box):
    box.pause()
    box.restart(timeout_s=0)
    assert box.status == "running"
    box.pause()
    box.remove(force=True)
    assert box.id not in [one.id for one in engine.containers(all=True)]


@freezes
def test_another_signal_waits_when_there_is_a_stop_signal(engine):
    """As dockerd: only the stop signal and SIGKILL wake a container that names one."""
    script = "trap 'echo got it' USR1; trap 'exit 5' TERM; echo up; while :; do sleep 0.02; done"
    with engine.create("busybox", ["sh", "-c", script], stop_signal="SIGTERM") as box:
        box.start()
        until(lambda: box.logs().stdout == "up\n")
        box.pause()
        box.kill("USR1")
        assert box.status == "paused"
        box.unpause()
        until(lambda: box.logs().stdout == "up\ngot it\n")
        box.pause()
        box.kill("TERM")
        assert box.wait(10) == 5


@freezes
def test_a_health_check_rests_meanwhile(engine):
    with engine.create("busybox", "sleep 1000", health_cmd="true", health_interval="20ms") as box:
        box.start().wait_healthy(10)
        box.pause()
        log = [one.start for one in box.health.log]
        time.sleep(0.15)
        assert [one.start for one in box.health.log] == log
        assert box.health == "healthy"
        box.unpause()
        until(lambda: [one.start for one in box.health.log] != log)


@freezes
@pytest.mark.requires("full-speed")
def test_pause_is_quick(box):
    """The issue's figure is 2 ms; a loaded machine is given ten times that, in the median."""
    times = []
    for _ in range(9):
        began = time.perf_counter()
        box.pause()
        times.append(time.perf_counter() - began)
        box.unpause()
    assert sorted(times)[4] < 0.02, times


@freezes
def test_the_command_line(box):
    assert succeeds("pause", box.name) == box.name
    refused = minidocker("container", "pause", box.name)
    assert refused.returncode == 1
    assert f"Error response from daemon: Container {box.id} is already paused" in refused.stderr
    assert succeeds("container", "unpause", box.name) == box.name
    refused = minidocker("unpause", "nix", box.name)
    assert refused.returncode == 1
    assert "No such container: nix" in refused.stderr
    assert f"Container {box.id} is not paused" in refused.stderr


def test_without_a_freezer_it_is_refused_with_the_remedy(box):
    if "freezer" not in find_place().missing:
        pytest.skip("this host has a freezer for us")
    with pytest.raises(NotImplementedHere, match=f"Cannot pause container {box.id}: ") as refused:
        box.pause()
    assert refused.value.hint
    assert box.status == "running"
    before = count(box)
    until(lambda: count(box) > before)


@freezes
@pytest.mark.parametrize("kills", [True, False], ids=["killed", "stopped"])
def test_an_engine_that_ends_leaves_nothing_frozen(engine_home, kills):
    """A frozen process does not even die of SIGKILL: somebody has to thaw it."""
    first = pyminidocker.connect(name="frozen")
    try:
        first.bootstrap("busybox")
        box = first.run("busybox", ["sh", "-c", COUNTS], detach=True, name="ice", fresh=True)
        until(lambda: box.exec("test -e /n").ok)  # from here on it listens to SIGTERM
        box.pause()
        process, pidfd = box.pid, os.pidfd_open(first.api.engine_facts()["Pid"])
        watched = first.api.stats_follow(["ice"])
        next(watched)
        if kills:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        else:
            first.shutdown()
        ended = select.poll()
        ended.register(pidfd, select.POLLIN)
        assert ended.poll(20_000)
        os.close(pidfd)
        with suppress(Unavailable):
            assert len(list(watched)) < 3, "who watches hears of the end"
        again = first.container("ice")  # by a new engine
        assert again.status == "exited"
        assert again.exit_code == (255 if kills else 5)
        until(lambda: not Path(f"/proc/{process}").exists())
        again.remove()
    finally:
        first.shutdown()
