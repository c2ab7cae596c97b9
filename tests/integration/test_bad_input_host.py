"""A host that lacks something, a directory or a socket that is not ours, another release.

Each ends in one line that names the thing and one with the remedy, soon, and leaves nothing behind.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Self

import pytest

import pyminidocker
from pyminidocker import errors, paths
from pyminidocker.images.trees import remove_tree
from tests.support.command_line import LAUNCHER, minidocker
from tests.support.leaks import read_traces, wait_until_clean
from tests.support.small_world import CHECKOUT, in_small_world


@pytest.fixture
def home(monkeypatch):
    """Directories of an engine of the test's own; nothing may run there in the end."""
    place = Path(tempfile.mkdtemp(prefix="md-", dir="/tmp"))
    place.chmod(0o755)
    monkeypatch.setenv("MINIDOCKER_ROOT", f"{place}/state")
    monkeypatch.setenv("MINIDOCKER_RUN", f"{place}/run")
    monkeypatch.setenv("MINIDOCKER_PYTHON", sys.executable)
    monkeypatch.delenv("MINIDOCKER_HOST", raising=False)
    before = read_traces(str(place))
    yield place
    left = wait_until_clean(before, str(place), apart_from=("fds",))
    if left:
        minidocker("system", "stop")
    remove_tree(place)
    assert not left, f"left behind: {left}"


def lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """Return what a command said to people; it printed no traceback and nothing else."""
    assert done.stdout == ""
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr.splitlines()


# ------------------------------------------------------------------------- the host lacks something


@pytest.mark.requires("userns")
@pytest.mark.parametrize(
    ("kind", "call"),
    [
        ("user", "unshare user"),
        ("mnt", "unshare mount,network,uts,ipc"),
        ("net", "unshare mount,network,uts,ipc"),
        ("pid", "clone3 pid"),
    ],
)
def test_without_a_kind_of_namespace(home, kind, call):
    done = in_small_world(LAUNCHER, "run", "--rm", "busybox", "true", without=kind)
    what, hint = lines(done)
    assert done.returncode == 125
    assert what == (
        "minidocker: the engine did not start: cannot create the lab:"
        f" {call}: No space left on device"
    )
    assert hint.startswith("hint: a kind of namespace is used up or switched off")
    run = Path(paths.run_root())
    assert {entry.name for entry in run.iterdir()} <= {"daemon.log", "etc", "lock", "start.lock"}


def test_a_python_that_lacks_modules(home, tmp_path):
    """An interpreter without site-packages, as the system's is beside a checkout without .venv."""
    bare = tmp_path / "python3"
    bare.symlink_to(Path(sys.executable).resolve())
    done = subprocess.run(
        [LAUNCHER, "ps"],
        capture_output=True,
        text=True,
        timeout=30,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            "MINIDOCKER_PYTHON": str(bare),
            "PYTHONNOUSERSITE": "1",
            "PYTHONHOME": _home_without_packages(tmp_path),
        },
    )
    what, hint = lines(done)
    assert done.returncode == 1
    assert re.match(r"the engine did not start: .*/python3 has no module '\w+'", what)
    assert hint == (
        "hint: run `make lab`, or set MINIDOCKER_PYTHON to a Python that has pyminidocker's needs"
    )


def _home_without_packages(directory: Path) -> str:
    """Return a PYTHONHOME: the standard library, and nothing that was installed on top of it."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    made = directory / "home/lib" / version
    made.mkdir(parents=True)
    for entry in Path(os.__file__).parent.iterdir():
        if entry.name not in ("site-packages", "dist-packages", "__pycache__"):
            (made / entry.name).symlink_to(entry)
    return str(directory / "home")


# --------------------------------------------------------------------------- not ours, or taken


@pytest.mark.requires("root")
def test_the_socket_of_another_user(shared_engine):
    path = shared_engine.api.socket_path
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        told = ""
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            pyminidocker.connect(path)
        except errors.PermissionDenied as error:
            told = f"{error}\n{error.hint}"
        finally:
            os.write(writer, told.encode())
            os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    assert told == (
        f"permission denied at {path}: the socket belongs to another user\n"
        "use an engine of your own: unset MINIDOCKER_HOST and MINIDOCKER_RUN"
    )


def test_a_directory_of_somebody_else(home):
    (home / "run").mkdir()
    (home / "run/default").symlink_to("/proc")
    done = minidocker("ps")
    what, hint = lines(done)
    assert done.returncode == 1
    assert what.startswith(f"cannot use {home}/run/default: ")
    assert "MINIDOCKER_RUN" in hint


def test_a_state_directory_that_cannot_be(home):
    done = minidocker("ps", MINIDOCKER_ROOT="/proc/nowhere")
    what, hint = lines(done)
    assert done.returncode == 1
    assert what.startswith("the engine did not start: cannot use /proc/nowhere/default: ")
    assert "MINIDOCKER_ROOT" in hint


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("unix:///nowhere/x.sock", "cannot connect to the engine at unix:///nowhere/x.sock"),
        ("tcp://127.0.0.1:2375", "invalid host tcp://127.0.0.1:2375"),
        ("two words", "invalid engine name 'two words'"),
        (f"/tmp/{'x' * 120}", "the socket's path is too long (at most 107 bytes)"),
    ],
)
def test_a_host_that_is_none(home, host, message):
    done = minidocker("--host", host, "ps")
    what, hint = lines(done)
    assert done.returncode == 1
    assert message in what
    assert hint.startswith("hint: ")


class Impostor(threading.Thread):
    """Another program at our socket; answers every request with the same bytes, or never."""

    def __init__(self, path: str, answer: bytes | None) -> None:
        super().__init__(daemon=True)
        Path(path).parent.mkdir(parents=True, mode=0o700)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.answer = answer
        self.silent: list[socket.socket] = []

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self.answer is None:
                self.silent.append(connection)
                continue
            with connection:
                connection.recv(65536)
                connection.sendall(self.answer)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.silent:
            connection.close()
        self.join(10)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\n<html>", "it answered 404 Not Found"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "the engine's answer is not HTTP: 'SSH-2.0-OpenSSH_9'"),
        (None, "it does not answer"),
    ],
)
def test_another_program_has_taken_the_socket(home, answer, why):
    path = paths.socket_path()
    with Impostor(path, answer):
        done = minidocker("run", "--rm", "busybox", "true")
        assert done.returncode == 125
        assert lines(done) == [
            f"minidocker: another program listens at {path}: {why}",
            "hint: stop that program, or choose another directory with MINIDOCKER_RUN",
        ]
        if answer is not None:
            with pytest.raises(errors.Conflict, match="another program listens"):
                pyminidocker.connect()


def test_a_socket_that_a_killed_engine_left(home):
    path = Path(paths.socket_path())
    path.parent.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert minidocker("ps", "-q").returncode == 0
    assert minidocker("system", "stop").returncode == 0
    assert not path.exists()


def test_a_directory_where_the_socket_should_be(home):
    path = Path(paths.socket_path())
    path.mkdir(parents=True, mode=0o700)
    path.parent.chmod(0o700)
    done = minidocker("ps")
    what, hint = lines(done)
    assert what.endswith(f"cannot use {path} for a socket: is a directory")
    assert "move it away" in hint


# ------------------------------------------------------------------------------ another release


@pytest.fixture
def another_release(tmp_path):
    """A copy of the package that calls itself 9.9.9, and its launcher."""
    shutil.copytree(
        CHECKOUT / "pyminidocker", tmp_path / "pyminidocker",
        ignore=shutil.ignore_patterns("__pycache__", "teach", "widgets"),
    )  # fmt: skip
    (tmp_path / "tools").mkdir()
    shutil.copy(LAUNCHER, tmp_path / "tools/minidocker")
    init = tmp_path / "pyminidocker/__init__.py"
    text = init.read_text()
    changed = re.sub(r'__version__ = ".*"', '__version__ = "9.9.9"', text)
    assert changed != text
    init.write_text(changed)
    return str(tmp_path / "tools/minidocker")


@pytest.mark.parametrize("newer", ["client", "engine"])
def test_client_and_engine_of_different_releases(home, another_release, newer):
    """Each refuses the other in words, and the remedy that they name works."""

    def run(launcher: str, *words: str) -> "subprocess.CompletedProcess[str]":
        env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        return subprocess.run(
            [launcher, *words], capture_output=True, text=True, timeout=30, env=env
        )

    ours, theirs = (LAUNCHER, another_release)[:: 1 if newer == "client" else -1]
    versions = ("9.9.9", pyminidocker.__version__)[:: 1 if newer == "client" else -1]
    started = run(ours, "volume", "create", "kept")
    assert started.returncode == 0, started.stderr
    done = run(theirs, "ps")
    assert done.returncode == 1
    assert lines(done) == [
        f"the engine that runs is version {versions[1]}, this client is {versions[0]}",
        "hint: end the old engine with: minidocker system stop",
    ]
    assert run(theirs, "system", "stop").returncode == 0
    found = run(theirs, "volume", "ls", "-q")
    assert (found.stdout, found.stderr) == ("kept\n", "")
    assert run(theirs, "system", "stop").returncode == 0
