"""What happens before there is a lab: options, locks, the socket."""

import os
import socket
import stat
import subprocess
import sys

import pytest

from pyminidocker.api import daemon
from pyminidocker.api.options import parse
from pyminidocker.errors import Conflict, InvalidArgument


def test_options(monkeypatch):
    monkeypatch.setenv("MINIDOCKER_RUN", "/r")
    monkeypatch.setenv("MINIDOCKER_ROOT", "/s")
    options = parse(["--name", "b", "--foreground", "--ready-fd=7"])
    assert (options.name, options.foreground, options.ready_fd) == ("b", True, 7)
    assert (options.run_dir, options.state_dir) == ("/r/b", "/s/b")
    assert options.socket_path == "/r/b/minidocker.sock"
    assert parse(["--state-dir=/x", "--run-dir", "/y"]).state_dir == "/x"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--nosuch"], "unknown option --nosuch"),
        (["--name"], "needs a value"),
        (["--name", "../x"], "invalid engine name"),
        (["--run-dir", "/" + "x" * 120], "too long"),
    ],
)
def test_bad_options(argv, message):
    with pytest.raises(InvalidArgument, match=message):
        parse(argv)


def test_bind_replaces_what_a_killed_engine_left(tmp_path):
    path = str(tmp_path / "minidocker.sock")
    daemon.bind(path).close()
    listener = daemon.bind(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    listener.close()


def test_bind_does_not_steal(tmp_path):
    path = str(tmp_path / "minidocker.sock")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen()
        with pytest.raises(Conflict, match="another program listens"):
            daemon.bind(path)


def test_lock_names_its_holder(tmp_path):
    path = str(tmp_path / "lock")
    held = daemon._lock(path, "taken")
    with pytest.raises(daemon.AlreadyRunning, match=f"taken \\(pid {os.getpid()}\\)"):
        daemon._lock(path, "taken")
    os.close(held)
    os.close(daemon._lock(path, "taken"))


def test_lock_of_a_dead_holder_is_waited_for(tmp_path):
    """As after kill -9: the engine is gone, its zygote holds the lock for a moment more."""
    path = str(tmp_path / "lock")
    reader, writer = os.pipe()
    code = (
        f"import fcntl, os; fd = os.open({path!r}, os.O_RDWR | os.O_CREAT); "
        f"fcntl.flock(fd, fcntl.LOCK_EX); os.write(fd, b'999999999'); "
        f"os.write({writer}, b'x'); os.read(0, 1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, pass_fds=[writer]
    ) as holder:
        os.close(writer)
        assert os.read(reader, 1) == b"x"
        os.close(reader)
        waiting = subprocess.Popen(
            [sys.executable, "-c",
             f"from pyminidocker.api import daemon; daemon._lock({path!r}, 'taken')"],
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )  # fmt: skip
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.3)
        holder.stdin.close()
        assert waiting.wait(10) == 0


def test_importing_it_costs_little():
    code = "import sys; import pyminidocker.api.daemon; print(' '.join(sys.modules))"
    command = [sys.executable, "-S", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=os.getcwd())
    assert not {"typing", "re", "socket", "json", "asyncio", "site"} & set(run.stdout.split())


def test_its_socket_waits_for_no_packet_filter():
    """What reads rules, flows and faults is loaded by the first request that needs it."""
    code = "import sys; import pyminidocker.api.serve; print(' '.join(sys.modules))"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=os.getcwd())
    later = {"lab", "nft_read", "conntrack", "repairs"}
    assert not {f"pyminidocker.network.{name}" for name in later} & set(run.stdout.split())
