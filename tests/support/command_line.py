"""Run ``minidocker`` as a person does: as a process, in a pipe or in a terminal."""

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Self

LAUNCHER = str(Path(__file__).resolve().parents[2] / "tools" / "minidocker")
TIMEOUT_S = 30


def environment(**more: str) -> dict[str, str]:
    """Return our environment, such that the launcher takes the Python of the tests."""
    return {**os.environ, "MINIDOCKER_PYTHON": sys.executable, "TZ": "UTC", **more}


def minidocker(
    *words: str, stdin: str | bytes | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; output as text.

    Args:
        words: the command line.
        stdin: what it reads; nothing (an empty file) when left out.
        more: environment variables.
    """
    data = stdin.encode() if isinstance(stdin, str) else stdin or b""
    done = subprocess.run(
        [LAUNCHER, *words], input=data, capture_output=True, env=environment(**more),
        timeout=TIMEOUT_S,
    )  # fmt: skip
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def succeeds(*words: str, stdin: str | bytes | None = None) -> str:
    """Run a command that must succeed; return its output without the last line end."""
    done = minidocker(*words, stdin=stdin)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout.rstrip("\n")


class Terminal:
    """A command in a pseudo-terminal, and somebody who types."""

    def __init__(self, *words: str, rows: int = 24, columns: int = 80, **more: str) -> None:
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(LAUNCHER, [LAUNCHER, *words], environment(**more))
        self.settings = termios.tcgetattr(self.fd)
        self.code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def read_until(self, what: str) -> str:
        """Read until ``what`` has been shown since the last call; return all that was shown."""
        shown = b""
        until = time.monotonic() + TIMEOUT_S
        while what.encode() not in shown:
            left = until - time.monotonic()
            assert left > 0, f"{what!r} did not come: {self.seen + shown!r}"
            if not select.select([self.fd], [], [], left)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # the other end has closed
                data = b""
            assert data, f"ended without {what!r}: {self.seen + shown!r}"
            shown += data
        self.seen += shown
        return shown.decode(errors="replace")

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.fd, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size; the kernel tells the command."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait(self) -> int:
        """Read to the end; return the exit code."""
        while True:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.seen += data
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code

    @property
    def text(self) -> str:
        """Everything that was shown, with plain line ends."""
        return self.seen.decode(errors="replace").replace("\r\n", "\n")


def docker_cli(words: str, socket_path: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Run the docker command against a socket, in a home of its own."""
    docker = shutil.which("docker")
    assert docker is not None
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "DOCKER_HOST": f"unix://{socket_path}",
    }
    return subprocess.run(
        [docker, *words.split()],
        env=environment, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        cwd=home,
    )  # fmt: skip


def judge(done: "subprocess.CompletedProcess[str]", code: int, part: str) -> None:
    """Hold a refused command to its exit code and words, and to plain speech."""
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert part in said
    assert "Traceback" not in said
    assert "Errno" not in said
