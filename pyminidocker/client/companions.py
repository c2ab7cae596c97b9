"""Find, start and talk to small processes beside the engines: wires, and registries.

Each has a unix socket named for it in the run directory, and nothing else there: what it is, only
it can say.  A socket nobody listens on belonged to one that was killed; whoever sees it first
removes it.

See: unix(7); flock(2); posix_spawn(3).
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from pyminidocker import paths
from pyminidocker.errors import Conflict, InvalidArgument, NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    Json = dict[str, Any]

_SUFFIX = ".sock"
_ANSWER_S = 10.0


class Companions:
    """All processes of one kind.

    Args:
        kind: what one is called, e.g. ``"wire"``.
        place: the directory of their sockets, in the run directory.  It begins with a dot: no
            engine can be called that.
        seen_by: the command that lists them.
        removed_by: the command that ends one.
    """

    def __init__(self, kind: str, place: str, seen_by: str, removed_by: str) -> None:
        self.kind = kind
        self.place = place
        self._seen_by = seen_by
        self._removed_by = removed_by

    def directory(self) -> str:
        """Return the directory of their sockets."""
        return paths.ensure_private(paths.run_root(self.place))

    @property
    def log(self) -> str:
        """The file that holds what they complain about."""
        return f"{self.directory()}/{self.place[1:]}.log"

    def path_of(self, name: str) -> str:
        """Return the path of the socket of the one called ``name``.

        Raises:
            InvalidArgument: none can be called that.
        """
        if not paths.is_engine_name(name):
            raise InvalidArgument(
                f"invalid {self.kind} name {name!r}: letters, digits, - and _ only"
            )
        path = f"{self.directory()}/{name}{_SUFFIX}"
        if len(os.fsencode(path)) > paths.SOCKET_PATH_LIMIT:
            raise InvalidArgument(
                f"the {self.kind}'s name is too long: {name}",
                hint="give it a short one with --name",
            )
        return path

    def names(self) -> list[str]:
        """Return the names of those that there may be; ``ask`` tells which there are."""
        return sorted(path.stem for path in Path(self.directory()).glob(f"*{_SUFFIX}"))

    def free_name(self, wanted: str) -> str:
        """Return ``wanted``, with a number behind it when there is one of that name."""
        taken, name, number = set(self.names()), wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        return name

    def ask(self, name: str, request: Mapping[str, object] | None = None) -> Json:
        """Ask one for its state, perhaps after changing it.

        Args:
            name: whom.
            request: what else is wanted; each kind says what it understands.

        Raises:
            InvalidArgument: it refuses the request.
            NotFound: there is none of that name.
            Unavailable: it does not answer.
        """
        sock = self._told(name, request or {})
        text = b""
        try:
            with sock:
                while data := sock.recv(65_536):
                    text += data
        except TimeoutError as error:
            raise Unavailable(f"{self.kind} {name} does not answer") from error
        except OSError:
            text = b""
        return self._state(name, text)

    def hold(self, name: str, request: Mapping[str, object]) -> tuple[Json, socket.socket]:
        """Ask as ``ask`` does; return the state and the connection, which stays open.

        Raises:
            NotFound: there is none of that name.
            Unavailable: it does not answer.
        """
        sock = self._told(name, request)
        text = b""
        try:
            while not text.endswith(b"\n"):
                data = sock.recv(65_536)
                if not data:
                    break
                text += data
            state = self._state(name, text)
        except TimeoutError as error:
            sock.close()
            raise Unavailable(f"{self.kind} {name} does not answer") from error
        except BaseException:
            sock.close()
            raise
        return state, sock

    def _told(self, name: str, request: Mapping[str, object]) -> socket.socket:
        """Return a connection over which the request has been sent."""
        from pyminidocker.client.json_text import dumps

        path = self.path_of(name)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(_ANSWER_S)
        try:
            sock.connect(path)
            sock.sendall(dumps(dict(request)).encode() + b"\n")
        except TimeoutError as error:
            sock.close()
            raise Unavailable(f"{self.kind} {name} does not answer") from error
        except OSError as error:
            sock.close()
            raise self._missing(name) from error
        return sock

    def _state(self, name: str, text: bytes) -> Json:
        from pyminidocker.client.json_text import loads

        if not text:
            raise self._missing(name)
        state: Json = loads(text)
        if "error" in state:
            raise InvalidArgument(f"{self.kind} {name}: {state['error']}")
        return state

    def _missing(self, name: str) -> NotFound:
        self.sweep(self.path_of(name))
        return NotFound(f"no such {self.kind}: {name}", hint=f"see them with: {self._seen_by}")

    def sweep(self, path: str) -> None:
        """Remove the socket of one that was killed."""
        lock = self.take_lock()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)
        except OSError:
            pass
        finally:
            os.close(lock)

    def take_lock(self) -> int:
        """Be the only one that makes or sweeps sockets, until the returned descriptor is closed."""
        import fcntl

        lock = os.open(f"{self.directory()}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    def listen(self, name: str) -> socket.socket:
        """Bind the socket of a new one; what a killed one left there is replaced.

        The caller has the lock.

        Raises:
            Conflict: there is one of that name.
        """
        path = self.path_of(name)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.connect(path)
            raise Conflict(
                f"there is a {self.kind} {name} already", hint=f"first: {self._removed_by} {name}"
            )
        except FileNotFoundError:
            pass
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)
        except Conflict:
            listener.close()
            raise
        listener.bind(path)
        listener.listen(8)
        return listener

    def spawn(self, program: Iterable[str], kept: Sequence[int], environment: set[str]) -> None:
        """Run a Python program that goes into the background by itself, with some descriptors.

        Args:
            program: arguments of the interpreter.
            kept: the descriptors it inherits, under the numbers they have.
            environment: the names of the variables it inherits.

        Raises:
            Unavailable: it cannot be run.
        """
        from signal import SIGHUP, SIGINT, SIGPIPE, SIGTERM

        log_flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions: list[Any] = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, self.log, log_flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        # Onto itself: takes away close-on-exec in the child only, whatever other threads spawn.
        actions += [(os.POSIX_SPAWN_DUP2, fd, fd) for fd in kept]
        command = [sys.executable, "-P", *program]
        known = {"PYTHONHOME", "MINIDOCKER_RUN", *environment}
        try:
            pid = os.posix_spawn(
                command[0],
                command,
                {key: value for key, value in os.environ.items() if key in known},
                file_actions=actions,
                setsigmask=(),
                setsigdef=(SIGHUP, SIGINT, SIGPIPE, SIGTERM),
            )
        except OSError as error:
            raise Unavailable(f"cannot run {command[0]}: {error.strerror}") from error
        os.waitpid(pid, 0)  # it forks and exits at once
