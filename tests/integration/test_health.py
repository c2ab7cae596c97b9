"""Health checks as they run: in containers, by the clock, seen by every client."""

import json
import os
import time
from pathlib import Path

import pytest

from pyminidocker.engine.engine import Engine
from pyminidocker.engine.records import Healthcheck, RestartPolicy
from pyminidocker.errors import Conflict
from tests.support import enginelab
from tests.support.command_line import minidocker, succeeds
from tests.support.enginelab_scenarios import start

pytestmark = pytest.mark.requires("userns", "busybox")
QUICK = {"health_interval": "20ms", "health_retries": 2}


def actions(engine, box, *kinds, until, since=1.0):
    """Return the actions of a container's events from ``since`` up to one named ``until``."""
    found = []
    filters = {"container": [box.id], "event": list(kinds)}
    end = f"{time.time() + 20:.9f}"
    for event in engine.events(since=f"{since:.9f}", until=end, filters=filters):
        found.append(event["Action"])
        if found[-1] == until:
            return found
    raise AssertionError(f"no {until!r} among {found}")


@pytest.fixture
def box(engine):
    """A container that is well while /ok is there."""
    made = engine.run(
        "busybox", "sleep 1000", detach=True, health_cmd="echo look; test -e /ok", **QUICK
    )
    yield made
    made.remove(force=True)


def test_from_starting_to_healthy_to_unhealthy(engine, box):
    assert box.health in ("starting", "unhealthy")
    actions(engine, box, "health_status", until="health_status: unhealthy")
    since = time.time()
    box.exec("touch /ok")
    healthy = "health_status: healthy"
    assert actions(engine, box, "health_status", until=healthy, since=since) == [healthy]
    assert box.wait_healthy(5) == "healthy"
    health = box.health
    assert health.failing_streak == 0
    last = health.log[-1]
    assert (last.exit_code, last.output) == (0, "look\n")
    assert last.start < last.end
    row = succeeds("ps", "--format", "{{.Status}}", "--filter", f"id={box.id}")
    assert row.endswith(" (healthy)")
    assert succeeds("inspect", "-f", "{{.State.Health.Status}}", box.id) == "healthy"
    for state in ("healthy", "starting", "unhealthy", "none"):
        shown = succeeds("ps", "-q", "--no-trunc", "--filter", f"health={state}")
        assert (shown == box.id) is (state == "healthy"), state


def test_a_probe_is_an_exec_of_the_container_s_user(engine):
    with engine.create(
        "busybox", "sleep 1000", user="1000", workdir="/tmp", env=["A=b"],
        health_cmd=["sh", "-c", "echo $A; id -u; pwd; head -c 9999 /dev/zero | tr '\\0' x"],
        health_interval=0.02,
    ) as box:  # fmt: skip
        output = box.start().wait_healthy(20).log[0].output
        assert output == "b\n1000\n/tmp\n" + "x" * (4096 - 12) + "..."
        kinds = ("exec_create", "exec_start", "exec_die", "health_status")
        seen = actions(engine, box, *kinds, until="health_status: healthy")
        assert [action.split(":")[0] for action in seen] == list(kinds)
        assert len(box.attrs["ExecIDs"] or []) <= 1  # what ended is forgotten


def test_a_slow_probe_is_killed_with_all_its_processes(engine):
    # Only the first run sleeps: what sleeps afterwards has survived it.
    line = (
        "[ -e /ran ] && exit 1; touch /ran; echo waiting; sleep 777 & setsid sleep 777 & sleep 777"
    )
    with engine.run(
        "busybox", "sleep 1000", detach=True, health_cmd=line,
        health_interval="20ms", health_timeout="100ms", health_retries=1,
    ) as box:  # fmt: skip
        with pytest.raises(Conflict, match="is unhealthy"):
            box.wait_healthy(20)
        first = box.health.log[0]
        assert first.exit_code == -1
        assert first.output == "Health check exceeded timeout (100ms): waiting\n"
        deadline = time.monotonic() + 5
        while any("777" in row[-1] for row in box.top("-o pid,args")):
            assert time.monotonic() < deadline, box.top()


def test_what_cannot_be_run_is_unhealthy(engine):
    with engine.run("busybox", "sleep 1000", detach=True, health_cmd=["nosuch"], **QUICK) as box:
        actions(engine, box, "health_status", until="health_status: unhealthy")
        last = box.health.log[-1]
        assert last.exit_code == -1
        assert last.output.startswith("OCI runtime exec failed: exec failed: ")


def test_failures_in_the_start_period_do_not_count(engine):
    with engine.run(
        "busybox", "sleep 1000", detach=True, health_cmd="test -e /ok", health_retries=1,
        health_start_period=60, health_start_interval=0.02, health_interval=60,
    ) as box:  # fmt: skip
        while not (health := box.health).log:
            pass
        assert (health, health.failing_streak) == ("starting", 0)
        box.exec("touch /ok")
        assert box.wait_healthy(20) == "healthy"


def test_a_stop_ends_it_and_a_start_begins_anew(engine, box):
    box.exec("touch /ok")
    box.wait_healthy(20)
    box.stop(timeout_s=0)
    assert box.health == "unhealthy"  # as dockerd says of what has ended
    assert "healthy" not in succeeds(
        "ps", "-a", "--format", "{{.Status}}", "--filter", f"id={box.id}"
    )
    runs = len(box.health.log)
    with pytest.raises(Conflict, match="is not running"):
        box.wait_healthy(1)
    box.start()
    assert box.wait_healthy(20) == "healthy"
    assert runs >= 1


def test_none_switches_the_image_s_check_off(engine):
    with engine.create("busybox", "true", health_cmd="exit 3", health_interval="20ms") as base:
        image = base.commit("checked")
    try:
        assert engine.api.image_inspect("checked")["Config"]["Healthcheck"] == {
            "Test": ["CMD-SHELL", "exit 3"],
            "Interval": 20_000_000,
        }
        with engine.run("checked", "sleep 100", detach=True, health_retries=1) as box:
            actions(engine, box, "health_status", until="health_status: unhealthy")
            assert box.health.log[-1].exit_code == 3
        with engine.run("checked", "sleep 100", detach=True, no_healthcheck=True) as box:
            assert box.health == "none"
            assert "Health" not in box.reload().attrs["State"]
    finally:
        image.remove(force=True)


def test_on_the_command_line(engine):
    name = succeeds(
        "run", "-d", "--health-cmd", "true", "--health-interval", "20ms", "busybox", "sleep", "100"
    )
    box = engine.container(name)
    try:
        assert box.wait_healthy(20) == "healthy"
        log = json.loads(succeeds("inspect", "-f", "{{json .State.Health.Log}}", name))
        assert {key: type(value) for key, value in log[0].items()} == {
            "Start": str, "End": str, "ExitCode": int, "Output": str,
        }  # fmt: skip
    finally:
        box.remove(force=True)
    done = minidocker("ps", "--filter", "health=ill")
    assert "Unrecognised filter value for health: ill" in done.stderr


def test_the_next_engine_watches_again(tmp_path: Path) -> None:
    enginelab.run(__file__, "_be_killed_while_healthy", tmp_path, crash=True)
    enginelab.run(__file__, "_watch_again", tmp_path)


async def _until_healthy(engine: Engine, name: str) -> None:
    filters = {"container": [name], "event": ["health_status"]}
    async for event in engine.events.subscribe(since=1.0, filters=filters):
        if event.action == "health_status: healthy":
            return


async def _be_killed_while_healthy(engine: Engine) -> None:
    check = Healthcheck(["CMD", "true"], interval_ns=20_000_000)
    lost = await start(engine, "sleep", "100", name="lost", healthcheck=check)
    await _until_healthy(engine, "lost")
    kept = await start(
        engine, "sleep", "100", name="kept", healthcheck=check, restart=RestartPolicy("always")
    )
    await _until_healthy(engine, "kept")
    assert lost.record.state.health is not None
    assert kept.health is not None
    os.kill(os.getpid(), 9)


async def _watch_again(engine: Engine) -> None:
    lost = engine.containers.get("lost")
    assert lost.record.state.health is not None
    assert lost.record.state.health.status == "unhealthy"
    assert lost.health is None
    await _until_healthy(engine, "kept")
    kept = engine.containers.get("kept")
    assert kept.health is not None
    await engine.containers.stop("kept", timeout_s=0)
    assert kept.health is None
    await engine.containers.prune()
