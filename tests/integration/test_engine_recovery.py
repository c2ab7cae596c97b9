"""What an engine finds after its predecessor was killed, and what it does about it."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from pyminidocker.engine.engine import Engine
from pyminidocker.engine.records import RestartPolicy
from tests.support import enginelab
from tests.support.enginelab_scenarios import create, output, start


@pytest.mark.requires("userns", "busybox")
def test_kill_9_and_the_next_engine(tmp_path: Path) -> None:
    enginelab.run(__file__, "_live_and_be_killed", tmp_path, crash=True)
    assert not _processes_below(tmp_path)
    enginelab.run(__file__, "_come_after", tmp_path)
    assert not [x for x in os.listdir(tmp_path / "state/containers") if x.startswith(".")]


def _processes_below(home: Path) -> list[str]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            environment = Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            continue
        if str(home) in environment and "enginelab" in environment and int(pid) != os.getpid():
            found.append(pid)
    return found


async def _live_and_be_killed(engine: Engine) -> None:
    await create(engine, "true", name="created")
    done = await start(engine, "sh", "-c", "echo said; exit 4", name="done")
    await engine.containers.wait(done.id)
    await start(engine, "sleep", "100", name="running", binds=["data:/d"])
    await start(engine, "sleep", "100", name="always", restart=RestartPolicy("always"))
    await start(engine, "sleep", "100", name="unless", restart=RestartPolicy("unless-stopped"))
    stopped = await start(
        engine, "sleep", "100", name="stopped", restart=RestartPolicy("unless-stopped")
    )
    await engine.containers.stop(stopped.id, timeout_s=0)
    await start(engine, "sleep", "100", name="ephemeral", auto_remove=True)
    broken = await create(engine, "true", name="broken")
    Path(broken.config_path).write_text("{ not json")
    engine.directories.make("f" * 64)  # a create that was cut short
    lost = engine.directories.make("e" * 64)  # a record that a broken disk blanked
    Path(f"{lost}/diff/file").touch()
    data = engine.volumes.create("torn")
    Path(f"{data.mountpoint}/precious").touch()
    Path(f"{data.mountpoint}/../volume.json").write_text("")
    os.kill(os.getpid(), signal.SIGKILL)


async def _come_after(engine: Engine) -> None:
    containers = engine.containers
    found = {item.name: item for item in containers.list(all=True)}
    assert "broken" not in found
    assert any("config.json" in line and "corrupt" in line for line in engine.problems)
    assert not os.path.exists(f"{engine.directories.root}/{'f' * 64}")
    assert os.path.exists(f"{engine.directories.root}/{'e' * 64}/diff/file")
    assert any("config.json is blank" in line for line in engine.problems)
    assert any("volume torn has a new record" in line for line in engine.problems)
    assert os.listdir(engine.volumes.get("torn").mountpoint) == ["precious"]
    assert found["created"].status == "created"
    state = found["done"].record.state
    assert (state.status, state.exit_code) == ("exited", 4)
    assert await output(engine, found["done"]) == "said\n"
    state = found["running"].record.state
    assert (state.status, state.exit_code, state.pid) == ("exited", 255, 0)
    assert state.finished_at >= state.started_at > 0
    assert found["running"].record.endpoints["bridge"].ip_address == ""
    assert engine.volumes.users("data") == [found["running"].id]
    for name in ("always", "unless"):
        while not found[name].is_running:
            await asyncio.sleep(0.01)
    assert found["stopped"].status == "exited"
    while any(item.name == "ephemeral" for item in containers.list(all=True)):
        await asyncio.sleep(0.01)
    addresses = {item.record.endpoints["bridge"].ip_address for item in containers.list()}
    assert addresses == {"172.17.0.2", "172.17.0.3"}
    # The names and the records work as before.
    await containers.start("running")
    await containers.remove("running", force=True, volumes=True)
    assert [item.name for item in engine.volumes.list()] == ["data", "torn"]
    await containers.prune()


@pytest.mark.requires("userns", "busybox")
def test_a_stop_of_the_engine_is_not_a_stop_by_the_user(tmp_path: Path) -> None:
    enginelab.run(__file__, "_leave_running", tmp_path)
    enginelab.run(__file__, "_find_running", tmp_path)


async def _leave_running(engine: Engine) -> None:
    await start(engine, "sleep", "100", name="kept", restart=RestartPolicy("unless-stopped"))
    await start(engine, "sleep", "100", name="plain")


async def _find_running(engine: Engine) -> None:
    kept = engine.containers.get("kept")
    while not kept.is_running:
        await asyncio.sleep(0.01)
    plain = engine.containers.get("plain").record.state
    assert (plain.status, plain.exit_code) == ("exited", 137)
    await engine.containers.prune()


@pytest.mark.requires("userns", "busybox")
def test_a_newer_state_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/engine.json").write_text('{"id": "x", "format": 99}')
    with pytest.raises(AssertionError, match="was written by a newer engine"):
        enginelab.run(__file__, "_leave_running", tmp_path)
