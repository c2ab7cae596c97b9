"""Start a registry: bind its sockets here, then leave them to a process of its own.

Nothing has to be waited for: both sockets listen before the process exists, and who connects early
waits in the kernel's queue.  A port that is taken is found out here.

See: docs/decisions/0019.
"""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from pyminidocker import paths
from pyminidocker.client.companions import Companions
from pyminidocker.errors import Conflict, InvalidArgument, NotFound, SystemFailure, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Json = dict[str, Any]

REGISTRIES = Companions(
    "registry", ".registries", "minidocker registry ls", "minidocker registry stop"
)
PROGRAM = f"{__file__.removesuffix('client/registry_start.py')}registry/__main__.py"
DEFAULT_PORT = 5000
# h11 and msgspec are found as this process finds them.
ENVIRONMENT = {"HOME", "PYTHONPATH", "PYTHONNOUSERSITE", "PYTHONUSERBASE", "TZ"}
# Descriptors of connections that let registries live: they go with this process, or with ``stop``.
_held: dict[str, int] = {}


class Plan:
    """A registry that is about to be: its sockets, and what its process is told.

    Args:
        root: the directory of its content; empty for one of its own.
        host: where it listens.
        port: 0 takes a free one.
        name: empty for a free one.
        read_only: refuse changes.
        users: name -> password; empty lets everybody in.

    Raises:
        Conflict: the name or port is taken.
        InvalidArgument: a name, address or user that makes no sense.
        SystemFailure: the directory cannot be made.
    """

    def __init__(
        self,
        root: str,
        *,
        host: str,
        port: int,
        name: str,
        read_only: bool,
        users: Mapping[str, str],
        certificate: str = "",
        key: str = "",
    ) -> None:
        check_users(users)
        lock = REGISTRIES.take_lock()
        try:
            self.name = name or REGISTRIES.free_name("registry")
            self.control = REGISTRIES.listen(self.name)
        finally:
            os.close(lock)
        self._control_path = REGISTRIES.path_of(self.name)
        try:
            self.listener = listen(host, port)
            try:
                self.root, self.is_temporary = _directory(root, self.name)
            except BaseException:
                self.listener.close()
                raise
        except BaseException:
            self.control.close()
            Path(self._control_path).unlink(missing_ok=True)
            raise
        self._settings = {
            "root": self.root,
            "users": dict(users),
            "read_only": read_only,
            "certificate": certificate,
            "key": key,
        }
        self._about = {
            "Name": self.name,
            "Address": address_of(self.listener),
            "Root": self.root,
            "IsTemporary": self.is_temporary,
            "IsReadOnly": read_only,
            "NeedsLogin": bool(users),
            "IsTls": bool(certificate),
        }

    def told(self, *, background: bool, holder: int = -1, log_requests: bool = False) -> int:
        """Return a descriptor to read what the process is told; the caller closes it."""
        from pyminidocker.client.json_text import dumps

        told = {
            "settings": {**self._settings, "log_requests": log_requests},
            "about": self._about,
            "listener": self.listener.fileno(),
            "control": self.control.fileno(),
            "control_path": self._control_path,
            "holder": holder,
            "is_temporary": self.is_temporary,
            "background": background,
        }
        # Not on the command line, which everybody can read: there are passwords in it.
        fd = os.memfd_create("registry")
        os.write(fd, dumps(told).encode())
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def give_up(self) -> None:
        """Take back what was bound."""
        self.close()
        Path(self._control_path).unlink(missing_ok=True)

    def close(self) -> None:
        """Close our copies of the sockets."""
        self.listener.close()
        self.control.close()


def start(plan: Plan, *, detached: bool) -> Json:
    """Run the planned registry in the background; returns its state.

    Args:
        plan: is used up.
        detached: it outlives this process.

    Raises:
        Conflict: another registry changes that directory.
        Unavailable: its process could not be started, or ended at once.
    """
    ours, theirs = socket.socketpair()
    told = plan.told(background=True, holder=-1 if detached else theirs.fileno())
    try:
        kept = [plan.listener.fileno(), plan.control.fileno(), theirs.fileno(), told]
        log_size = _size(REGISTRIES.log)
        REGISTRIES.spawn([PROGRAM, "--told", str(told)], kept, ENVIRONMENT)
    except BaseException:
        plan.give_up()
        ours.close()
        raise
    finally:
        theirs.close()
        os.close(told)
    plan.close()
    try:
        state = REGISTRIES.ask(plan.name)
    except NotFound as error:
        ours.close()
        raise _stillborn(plan, log_size) from error
    if detached:
        ours.close()
    else:
        _hold(plan.name, ours)
    return state


def _hold(name: str, connection: socket.socket) -> None:
    _let_go(name)
    _held[name] = connection.detach()


def _let_go(name: str) -> None:
    if name in _held:
        os.close(_held.pop(name))


def _stillborn(plan: Plan, log_size: int) -> Exception:
    """Return the error of a registry that ended at once: the last thing it complained about."""
    try:
        with open(REGISTRIES.log, encoding="utf-8", errors="replace") as log:  # noqa: PTH123
            log.seek(log_size)
            words = log.read().strip().splitlines()
    except OSError:
        words = []
    said = [line.removeprefix("registry: ") for line in words if line.startswith("registry: ")]
    if said and "another registry has" in said[-1]:
        return Conflict(said[-1], hint="stop that one, or start this one with read_only")
    reason = said[-1] if said else "its process ended at once"
    return Unavailable(f"registry {plan.name}: {reason}", hint=f"see {REGISTRIES.log}")


def join(name: str) -> Json:
    """Return the state of a registry that runs, which now lives as long as this process as well.

    Raises:
        NotFound: there is none of that name.
    """
    if name in _held:
        try:
            return REGISTRIES.ask(name)
        except NotFound:
            _let_go(name)
            raise
    state, connection = REGISTRIES.hold(name, {"hold": True})
    _hold(name, connection)
    return state


def stop(name: str) -> None:
    """End a registry, and wait until its port is free; one that is not there is fine."""
    try:
        REGISTRIES.ask(name, {"stop": True})
    except NotFound:
        pass
    finally:
        _let_go(name)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens for a registry's clients.

    Raises:
        Conflict: the port is taken.
        InvalidArgument: no such address here, or no such port.
    """
    if not 0 <= port <= 65535:
        raise InvalidArgument(f"invalid port {port}: a port is 0 to 65535")
    everywhere = host in ("", "::")
    is_ipv6 = everywhere or ":" in host
    try:
        return socket.create_server(
            ("::" if everywhere else host, port),
            family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
            backlog=1024,
            dualstack_ipv6=everywhere,
        )
    except OSError as error:
        place = f"{host or '*'}:{port}"
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"something listens at {place} already", hint="choose another port, or 0 for any"
            ) from error
        if error.errno == errno.EACCES:
            raise Conflict(f"port {port} is for root", hint="choose one above 1023") from error
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)
        raise InvalidArgument(f"cannot listen at {place}: {why.lower()}") from error


def address_of(listener: socket.socket) -> str:
    """Return ``HOST:PORT`` under which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_users(users: Mapping[str, str]) -> None:
    """Make sure that names and passwords can be sent by basic authentication.

    Raises:
        InvalidArgument: they cannot.
    """
    for name, password in users.items():
        if not name or ":" in name or not password:
            raise InvalidArgument(
                f"invalid user {name!r}", hint="a name without colon, and a password"
            )


def _directory(root: str, name: str) -> tuple[str, bool]:
    """Return (the directory of the content, whether it is the registry's own)."""
    is_own = not root
    path = Path(root or f"{paths.state_root('.registries')}/{name}").expanduser().absolute()
    try:
        if is_own and path.exists():
            _empty(path)  # a killed registry of that name left it
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemFailure(
            f"cannot use {path}: {(error.strerror or str(error)).lower()}"
        ) from error
    return str(path), is_own


def _empty(top: Path) -> None:
    """Remove what is in a directory of ours: there are only files and directories in it."""
    for where, directories, files in os.walk(top, topdown=False):
        for name in files:
            Path(where, name).unlink(missing_ok=True)
        for name in directories:
            Path(where, name).rmdir()


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except FileNotFoundError:
        return 0
