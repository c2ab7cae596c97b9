"""Start the engine when a client finds none.

Of several clients that want the engine at once, the one that gets a lock starts it, and the others
wait for the lock.  The engine says over a pipe when it is ready, or what went wrong.

See: flock(2); posix_spawn(3); daemon(7).
"""

from __future__ import annotations

import os
import sys

from pyminidocker import paths
from pyminidocker.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ROOT = __file__.removesuffix("/pyminidocker/client/autostart.py")
# What of the environment an engine may know: it lives longer than the shell that started it.
_KEPT = (
    "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONPATH",
    "PYTHONUSERBASE", "TMPDIR", "TZ", "USER",
    # the way to registries
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "SSL_CERT_DIR", "SSL_CERT_FILE",
)  # fmt: skip
_LOG_LINES = 8
_FIRST_PAUSE_S = 0.1  # before another try, while another engine has the lock; doubles each time
DOCTOR = "see what this host allows with: minidocker system doctor"


def start_engine(name: str = "default", *, timeout_s: float = 30.0) -> None:
    """Start engine ``name`` in the background and return when it answers.

    Safe when several clients do it at once.

    Args:
        name: the engine's name.
        timeout_s: how long to wait for it.

    Raises:
        Unavailable: it did not start; the message says why.
    """
    import fcntl

    try:
        run_dir = paths.ensure_private(paths.run_root(name))
    except OSError as error:
        raise Unavailable(
            f"cannot use {paths.run_root(name)}: {error.strerror or error}",
            hint="choose another directory with MINIDOCKER_RUN",
        ) from error
    lock = os.open(f"{run_dir}/start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _answers(name):
            _start(name, run_dir, timeout_s)
    finally:
        os.close(lock)


def _answers(name: str) -> bool:
    from pyminidocker.client.connection import Connection

    try:
        Connection(paths.socket_path(name)).close()
    except OSError:
        return False
    return True


def _start(name: str, run_dir: str, timeout_s: float) -> None:
    import time

    until, pause_s = time.monotonic() + timeout_s, _FIRST_PAUSE_S
    while not _try(name, run_dir, timeout_s):
        # Another one has the engine's lock.  It was started by hand in this very moment, and will
        # answer; or it was killed, and has not ended yet: then the lock will be free.
        again = time.monotonic() + pause_s
        while time.monotonic() < again:
            if _answers(name):
                return
            time.sleep(0.02)
        if again > until:
            raise Unavailable(
                f"engine {name!r} is running but does not answer at {paths.socket_path(name)}",
                hint=f"stop it with: minidocker --host {name} system stop",
            )
        pause_s = min(2 * pause_s, 2.0)


def _try(name: str, run_dir: str, timeout_s: float) -> bool:
    """Start the engine once; False when another one holds its lock."""
    ready, told = os.pipe()
    try:
        os.set_inheritable(told, True)
        _spawn(name, told)
        os.close(told)
        told = -1
        return _await(run_dir, ready, timeout_s)
    finally:
        os.close(ready)
        if told >= 0:
            os.close(told)


def _spawn(name: str, ready_fd: int) -> None:
    """Run ``api/boot.py`` in a session of its own; its parent is gone when this returns."""
    from signal import SIGHUP, SIGINT, SIGPIPE, SIGTERM

    environment = {
        key: value
        for key, value in os.environ.items()
        if key in _KEPT or key.startswith(("XDG_", "MINIDOCKER_"))
    }
    environment.pop("MINIDOCKER_HOST", None)
    command = [sys.executable, "-P", "-S", f"{_ROOT}/pyminidocker/api/boot.py"]
    command += ["--name", name, "--detach", "--ready-fd", str(ready_fd)]
    try:
        pid = os.posix_spawn(
            command[0],
            command,
            environment,
            setsigmask=(),
            setsigdef=(SIGHUP, SIGINT, SIGPIPE, SIGTERM),
        )
    except OSError as error:
        raise Unavailable(f"cannot run {command[0]}: {error.strerror}", hint=DOCTOR) from error
    os.waitpid(pid, 0)  # it forks and exits at once


def _await(run_dir: str, ready: int, timeout_s: float) -> bool:
    """Read what the engine says about its start; False when it says that another one runs."""
    import select

    poll: Any = select.poll()
    poll.register(ready, select.POLLIN)
    text = ""
    while poll.poll(timeout_s * 1000):
        data = os.read(ready, 4096)
        text += data.decode("utf-8", "replace")
        if not data or text.count("\n") >= (1 if text.startswith("ready") else 2):
            break
    if text.startswith("ready"):
        for line in text.splitlines()[1:]:
            sys.stderr.write(f"WARNING: {line.removeprefix('warning ')}\n")
        return True
    if text.startswith("running "):
        return False
    log = _last_lines(f"{run_dir}/daemon.log")
    if text.startswith("error "):
        message, _, hint = text.removeprefix("error ").partition("\n")
        raise Unavailable(f"the engine did not start: {message}", hint=hint.strip() or DOCTOR)
    reason = "ended without a word" if not text else f"said {text!r}"
    raise Unavailable(f"the engine did not start: it {reason}\n{log}".rstrip(), hint=DOCTOR)


def _last_lines(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as log:  # noqa: PTH123
            return "".join(log.readlines()[-_LOG_LINES:])
    except OSError:
        return ""
