"""Find and talk to the processes that are wires (``network/wire.py``).

Each has a unix socket named for it in the run directory, and nothing else on disk: what a wire is,
only the wire says.  A socket nobody listens on was a wire that was killed; whoever sees it first
removes it.

See: unix(7); flock(2).
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from pyminidocker import paths
from pyminidocker.errors import InvalidArgument, NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Json = dict[str, Any]

_SUFFIX = ".sock"
_ANSWER_S = 10.0
# What can be set on a wire: (least, most), in the name's unit.
LIMITS: dict[str, tuple[float, float]] = {
    "latency_ms": (0, 60_000),
    "jitter_ms": (0, 60_000),
    "loss_percent": (0, 100),
    "mtu": (68, 65_535),
    "bandwidth_mbit": (0, 1_000_000),
}


def directory() -> str:
    """Return the directory of the wires' sockets."""
    # No engine can be called that: names begin with a letter or digit.
    return paths.ensure_private(paths.run_root(".wires"))


def path_of(name: str) -> str:
    """Return the path of a wire's socket.

    Raises:
        InvalidArgument: no wire can be called that.
    """
    if not paths.is_engine_name(name):
        raise InvalidArgument(f"invalid wire name {name!r}: letters, digits, - and _ only")
    path = f"{directory()}/{name}{_SUFFIX}"
    if len(os.fsencode(path)) > paths.SOCKET_PATH_LIMIT:
        raise InvalidArgument(
            f"the wire's name is too long: {name}", hint="give it a short one with --name"
        )
    return path


def check_settings(settings: Mapping[str, object]) -> None:
    """Make sure that every setting is one that a wire can have.

    Raises:
        InvalidArgument: an unknown name, or a value out of range.
    """
    for name, value in settings.items():
        if name not in LIMITS:
            raise InvalidArgument(f"a wire has no {name!r}", hint=f"it has {', '.join(LIMITS)}")
        least, most = LIMITS[name]
        if not isinstance(value, int | float) or not least <= value <= most:
            raise InvalidArgument(f"invalid {name} {value!r}: it can be {least} to {most}")


def names() -> list[str]:
    """Return the names of the wires that there may be; ``ask`` tells which there are."""
    return sorted(path.stem for path in Path(directory()).glob(f"*{_SUFFIX}"))


def ask(name: str, request: Mapping[str, object] | None = None) -> Json:
    """Ask a wire for its state, perhaps after changing it.

    Args:
        name: the wire's.
        request: ``{"change": {...}}`` or ``{"cut": True}``.

    Returns:
        Name, Seed, Since, Pid, Settings, and Ends: for each Host, Link, Address and counters.

    Raises:
        NotFound: there is no such wire.
        Unavailable: it does not answer.
    """
    from pyminidocker.client.json_text import dumps, loads

    path = path_of(name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(_ANSWER_S)
        try:
            sock.connect(path)
            sock.sendall(dumps(dict(request or {})).encode() + b"\n")
            text = b""
            while data := sock.recv(65_536):
                text += data
        except TimeoutError as error:
            raise Unavailable(f"wire {name} does not answer") from error
        except OSError:
            text = b""
    if not text:
        sweep(path)
        raise NotFound(f"no such wire: {name}", hint="see them with: minidocker wire ls")
    state: Json = loads(text)
    if "error" in state:
        raise InvalidArgument(f"wire {name}: {state['error']}")
    return state


def sweep(path: str) -> None:
    """Remove the socket of a wire that was killed."""
    lock = take_lock()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.connect(path)
    except ConnectionRefusedError:
        Path(path).unlink(missing_ok=True)
    except OSError:
        pass
    finally:
        os.close(lock)


def take_lock() -> int:
    """Be the only one that makes or sweeps wires, until the returned descriptor is closed."""
    import fcntl

    lock = os.open(f"{directory()}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock
