"""The engine as a process: started on demand, once; stopped; told apart from others."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker import paths
from pyminidocker.client.autostart import start_engine
from pyminidocker.client.engine_client import EngineClient
from pyminidocker.errors import Unavailable
from tests.conftest import remove_state
from tests.support.processes import wait_for_end

CHECKOUT = Path(__file__).resolve().parent.parent.parent
BOOT = str(CHECKOUT / "pyminidocker/api/boot.py")


def engine_pid() -> int:
    return int(Path(paths.run_root(), "pid").read_text())


@pytest.fixture
def home(monkeypatch):
    """Directories of an engine of this test's own; it is ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="md-", dir="/tmp") as path:
        monkeypatch.setenv("MINIDOCKER_ROOT", f"{path}/state")
        monkeypatch.setenv("MINIDOCKER_RUN", f"{path}/run")
        monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
        monkeypatch.delenv("MINIDOCKER_HOST", raising=False)
        yield Path(path)
        pid_file = Path(paths.run_root(), "pid")
        if pid_file.exists():
            pid = engine_pid()
            os.kill(pid, signal.SIGTERM)
            wait_for_end(pid)
        remove_state(Path(path, "state")) if Path(path, "state").exists() else None


def daemon(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run the engine's program in the foreground until it ends by itself."""
    command = [sys.executable, "-P", "-S", BOOT, "--foreground", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_the_first_call_starts_it_and_ten_clients_start_one(home):
    pids = []

    def work():
        with EngineClient() as client:
            pids.append(client.engine_facts()["Pid"])

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(pids) == 10
    assert set(pids) == {engine_pid()}


def test_ten_processes_start_one(home):
    code = "import pyminidocker; print(pyminidocker.connect().api.engine_facts()['Pid'])"
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(10)
    ]
    outputs = {child.communicate(timeout=60)[0] for child in children}
    assert outputs == {f"{engine_pid()}\n"}


def test_it_leaves_the_session_and_the_environment_of_who_started_it(home, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    start_engine()
    pid = engine_pid()
    assert os.getsid(pid) != os.getsid(0)
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"SECRET_TOKEN" not in environment
    assert b"MINIDOCKER_ROOT" in environment
    assert os.readlink(f"/proc/{pid}/cwd") == "/"


def test_files_are_for_the_owner_only(home):
    start_engine()
    run = Path(paths.run_root())
    assert run.stat().st_mode & 0o777 == 0o700
    assert Path(paths.socket_path()).stat().st_mode & 0o777 == 0o600
    assert Path(paths.state_root()).stat().st_mode & 0o777 == 0o700


def test_sigterm_stops_it_and_sighup_does_not(home):
    start_engine()
    pid = engine_pid()
    os.kill(pid, signal.SIGHUP)
    with EngineClient(autostart=False) as client:
        assert client.ping() == "OK"
        os.kill(pid, signal.SIGTERM)
        wait_for_end(pid)
    assert not Path(paths.socket_path()).exists()
    with pytest.raises(Unavailable, match="is it running"), EngineClient(autostart=False) as client:
        client.ping()


def test_shutdown_and_start_again_keeps_what_there_is(home):
    engine = pyminidocker.connect()
    engine.volume("kept")
    pid = engine_pid()
    engine.shutdown()
    wait_for_end(pid)
    assert [volume.name for volume in engine.volumes()] == ["kept"]
    assert engine_pid() != pid
    engine.volume("kept").remove()
    engine.close()


def test_kill_and_start_at_once(home):
    for _ in range(3):
        start_engine()
        os.kill(engine_pid(), signal.SIGKILL)
    with EngineClient() as client:
        assert client.ping() == "OK"


def test_without_its_zygote_it_ends_and_the_next_call_starts_another(home):
    with EngineClient() as client:
        facts = client.engine_facts()
        os.kill(facts["ZygotePid"], signal.SIGKILL)
        wait_for_end(facts["Pid"])
        assert client.engine_facts()["Pid"] != facts["Pid"]


def test_a_second_engine_is_refused(home):
    start_engine()
    result = daemon()
    assert result.returncode == 3
    assert f"engine 'default' is already running (pid {engine_pid()})" in result.stderr


def test_state_is_not_shared(home):
    start_engine()
    result = daemon("--run-dir", f"{home}/other", "--state-dir", paths.state_root())
    assert result.returncode == 3
    assert "is in use by another engine" in result.stderr


def test_another_program_at_the_socket(home):
    path = paths.socket_path()
    os.makedirs(os.path.dirname(path), mode=0o700)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen()
        result = daemon()
    assert result.returncode == 1
    assert f"another program listens at {path}" in result.stderr
    assert "MINIDOCKER_RUN" in result.stderr


def test_a_start_that_fails_says_why(home):
    Path(paths.state_root()).mkdir(parents=True)
    Path(paths.state_root(), "images").write_text("not a directory")
    with pytest.raises(Unavailable) as caught:
        start_engine()
    assert str(caught.value).startswith("the engine did not start: ")
    assert "images" in str(caught.value)
    assert caught.value.hint


def test_a_state_directory_of_somebody_else(home, monkeypatch):
    (home / "elsewhere").mkdir()
    (home / "state").symlink_to(home / "elsewhere")
    (home / "elsewhere/default").symlink_to("/")
    with pytest.raises(Unavailable, match="cannot use"):
        start_engine()


def test_engines_by_name_do_not_meet(home, monkeypatch):
    start_engine("a")
    try:
        with EngineClient("a") as first:
            first.volume_create("only-here")
            with EngineClient() as second:
                assert second.volume_list() == []
                assert second.engine_facts()["Pid"] != first.engine_facts()["Pid"]
    finally:
        pid = int(Path(paths.run_root("a"), "pid").read_text())
        os.kill(pid, signal.SIGTERM)
        wait_for_end(pid)


def test_cold_start_is_quick(home):
    """A generous bound; benchmarks measure."""
    begun = time.monotonic()
    start_engine()
    assert time.monotonic() - begun < 3


def test_an_engine_that_has_not_ended_yet_is_waited_for(home):
    """Killed, on a busy machine: it answers no more, and has its lock for a while."""
    start_engine()
    pid = engine_pid()
    other = Path(paths.run_root("other"))
    other.mkdir(mode=0o700)
    with (other / "lock").open("w") as dying:
        dying.write(f"{pid}\n")  # of a process that lives, as one that is being killed does
        dying.flush()
        fcntl.flock(dying, fcntl.LOCK_EX)
        ends = threading.Timer(0.5, fcntl.flock, (dying, fcntl.LOCK_UN))
        ends.start()
        try:
            start_engine("other", timeout_s=20)
        finally:
            ends.join()
    pyminidocker.connect("other").shutdown()
