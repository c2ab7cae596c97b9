"""Requests to one engine: connections, JSON, errors.

A connection is opened when one is needed and kept for the next call; long answers (logs being
followed, events, waits) hold theirs until they end.  When no engine listens, one is started.
"""

from __future__ import annotations

import os
import time

from pyminidocker import __version__, errors, paths
from pyminidocker.client.connection import Connection, Response, Stream
from pyminidocker.client.json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Self

_USER_AGENT = "minidocker"
RAW_STREAM = "application/vnd.docker.raw-stream"

_ANY_VERSION = ("/_ping", "/version", "/minidocker/engine", "/minidocker/shutdown")
_BY_STATUS: dict[int, type[errors.MiniDockerError]] = {
    304: errors.NotModified,
    400: errors.InvalidArgument,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    501: errors.NotImplementedHere,
    503: errors.Unavailable,
}


_HOST_HINT = "name an engine (--host NAME) or a socket (--host unix:///path)"
_TAKEN_HINT = "stop that program, or choose another directory with MINIDOCKER_RUN"
# An engine that says nothing for so long is looked at more closely.
SILENCE_S = 5.0
# How long to wait before a question is asked again that got no answer.
_AGAIN_S = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:@,")


def quote(text: str) -> str:
    """Percent-encode ``text`` for a path or a query's value (RFC 3986)."""
    if _SAFE.issuperset(text):
        return text
    pieces = []
    for character in text:
        if character in _SAFE:
            pieces.append(character)
        else:
            pieces.extend([f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape")])
    return "".join(pieces)


def query_text(values: Mapping[str, object]) -> str:
    """Return ``values`` as a query string with its ``?``.

    None and "" are left out; booleans become 1 and 0; dictionaries and lists become JSON (Docker's
    ``filters``).
    """
    pairs = []
    for name, value in values.items():
        if value is None or value == "":
            continue
        if value is True or value is False:
            value = "1" if value else "0"
        elif isinstance(value, dict | list):
            value = dumps(value)
        pairs.append(f"{name}={quote(str(value))}")
    return "?" + "&".join(pairs) if pairs else ""


def socket_of(host: str | None) -> tuple[str, str | None]:
    """Return (socket path, engine name or None) for what a user calls a host.

    Args:
        host: an engine's name, ``unix:///path``, an absolute path, or None for the value of
            ``MINIDOCKER_HOST`` or, failing that, the default engine.
    """
    host = host or os.environ.get("MINIDOCKER_HOST") or paths.DEFAULT_ENGINE
    if host.startswith("unix://"):
        return host.removeprefix("unix://"), None
    if host.startswith("/"):
        return host, None
    if "://" in host:
        raise errors.InvalidArgument(
            f"invalid host {host}: the engine listens on a unix socket only",
            hint=_HOST_HINT,
        )
    if not paths.is_engine_name(host):
        raise errors.InvalidArgument(
            f"invalid engine name {host!r}: letters, digits, - and _ only", hint=_HOST_HINT
        )
    return paths.socket_path(host), host


class Transport:
    """The way to one engine; may be shared between threads.

    Args:
        host: see ``socket_of``.
        autostart: start the engine when none listens (never done for an explicit socket).
    """

    def __init__(self, host: str | None = None, *, autostart: bool = True) -> None:
        self.socket_path, self.engine_name = socket_of(host)
        self.autostart = autostart
        self._idle: list[Connection] = []
        self._is_checked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def onlooker(self) -> Self:
        """Return another way to the same engine that never starts it: for who only looks on."""
        return type(self)(f"unix://{self.socket_path}", autostart=False)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def connect(self) -> Connection:
        """Return a new connection, starting the engine when that is allowed and needed.

        Raises:
            Unavailable: no engine there, and none could be started.
            InvalidArgument: no socket can have that path.
        """
        if len(os.fsencode(self.socket_path)) > paths.SOCKET_PATH_LIMIT:
            raise errors.InvalidArgument(
                f"the socket's path is too long (at most {paths.SOCKET_PATH_LIMIT} bytes):"
                f" {self.socket_path}",
                hint="choose a shorter directory with MINIDOCKER_RUN",
            )
        try:
            return Connection(self.socket_path)
        except PermissionError as error:
            raise errors.PermissionDenied(
                f"permission denied at {self.socket_path}: the socket belongs to another user",
                hint="use an engine of your own: unset MINIDOCKER_HOST and MINIDOCKER_RUN",
            ) from error
        except (FileNotFoundError, ConnectionRefusedError) as error:
            if not self.autostart or self.engine_name is None:
                raise errors.Unavailable(
                    f"cannot connect to the engine at unix://{self.socket_path}: is it running?",
                    hint="start it with: minidocker system start",
                ) from error
        from pyminidocker.client.autostart import start_engine

        start_engine(self.engine_name)
        return Connection(self.socket_path)

    def _borrow(self) -> Connection:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if not connection.is_stale():
                return connection
            connection.close()
        return self.connect()

    def open(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        *,
        raw: bytes | Iterable[bytes] | None = None,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = "application/json",
    ) -> Response:
        """Make a request and return the answer with its body unread.

        Args:
            method: HTTP method.
            path: such as ``/containers/json``; every part already went through ``quote``.
            query: see ``query_text``.
            body: sent as JSON.
            raw: sent as it is, instead of ``body``.
            headers: additional ones.
            content_type: of the body.

        Raises:
            MiniDockerError: the engine answered with an error.
        """
        target = path + query_text(query) if query else path
        payload = raw if body is None else dumps(body).encode()
        sent = list(headers)
        if payload is not None:
            sent.append(("Content-Type", content_type))
        response = self._ask(method, target, sent, payload)
        if not self._is_checked:
            self._check_version(response, path)
        if response.status >= 300:
            with response:
                raise self._error(response)
        return response

    def _ask(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        payload: bytes | Iterable[bytes] | None,
    ) -> Response:
        """Make a request; a question that got no answer is asked again.

        An engine that was killed accepts connections until its last thread is gone.
        """
        for pause_s in _AGAIN_S if method in ("GET", "HEAD") else ():
            connection = self._borrow()
            try:
                return self._exchange(connection, method, target, headers, payload)
            except errors.Unavailable:
                time.sleep(pause_s)
        return self._exchange(self._borrow(), method, target, headers, payload)

    def _exchange(
        self,
        connection: Connection,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        payload: bytes | Iterable[bytes] | None,
    ) -> Response:
        try:
            connection.send(method, target, headers, payload)
            if self._is_checked or self.engine_name is None:
                response = connection.receive(method)
            else:
                response = self._receive_warily(connection, method)
        except errors.IntegrityError as error:
            connection.close()
            raise self._foreign(str(error)) from error
        except BaseException:
            connection.close()
            raise
        response.release = self._idle.append
        return response

    def _receive_warily(self, connection: Connection, method: str) -> Response:
        """Receive a first answer; do not wait for ever when it is no engine that listens."""
        connection.socket.settimeout(SILENCE_S)
        try:
            return connection.receive(method)
        except TimeoutError as error:
            if self._is_unlocked():
                raise self._foreign("it does not answer") from error
        finally:
            connection.socket.settimeout(None)
        return connection.receive(method)

    def _is_unlocked(self) -> bool:
        """Tell whether no engine holds the directory of our socket."""
        import fcntl

        try:
            lock = os.open(f"{self.socket_path.rpartition('/')[0]}/lock", os.O_RDONLY)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(lock)
        return True

    def _foreign(self, why: str) -> errors.Conflict:
        return errors.Conflict(
            f"another program listens at {self.socket_path}: {why}", hint=_TAKEN_HINT
        )

    def _check_version(self, response: Response, path: str) -> None:
        """Refuse to talk to an engine of another release (0.1 and 0.2), except to end it."""
        product, _, rest = response.headers.get("server", "").partition("/")
        theirs = rest.partition(" ")[0]
        if (
            product == "minidocker"
            and theirs.split(".")[:2] != __version__.split(".")[:2]
            and path not in _ANY_VERSION
        ):
            response.close()
            raise errors.Unavailable(
                f"the engine that runs is version {theirs}, this client is {__version__}",
                hint="end the old engine with: minidocker system stop",
            )
        self._is_checked = path not in _ANY_VERSION

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
    ) -> Any:
        """Make a request and return its answer's JSON (None for an empty one).

        Raises:
            MiniDockerError: the engine answered with an error.
        """
        with self.open(method, path, query, body) as response:
            return response.json()

    def call_bytes(self, path: str, query: Mapping[str, object] | None = None) -> bytes:
        """GET ``path`` and return the answer's bytes."""
        with self.open("GET", path, query) as response:
            return response.read()

    def upload(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None,
        pieces: bytes | Iterable[bytes],
    ) -> Response:
        """Send a tar archive, piecewise when ``pieces`` is not bytes."""
        return self.open(method, path, query, raw=pieces, content_type="application/x-tar")

    def upgrade(
        self, path: str, query: Mapping[str, object] | None = None, body: object = None
    ) -> Stream:
        """POST ``path`` and take the connection over as a raw stream.

        Raises:
            MiniDockerError: the engine answered with an error.
        """
        headers = [("Connection", "Upgrade"), ("Upgrade", "tcp"), ("User-Agent", _USER_AGENT)]
        response = self.open("POST", path, query, body, headers=headers)
        if response.status not in (101, 200):
            response.close()
            raise errors.IntegrityError(f"the engine did not upgrade: HTTP {response.status}")
        content_type = response.headers.get("content-type", RAW_STREAM)
        return Stream(response.connection, multiplexed=content_type != RAW_STREAM)

    def _error(self, response: Response) -> errors.MiniDockerError:
        text, hint, kind = "", "", ""
        try:
            body = response.json()
        except ValueError as error:
            raise self._foreign(f"it answered {response.status} {response.reason}") from error
        if isinstance(body, dict):
            text, hint = str(body.get("message", "")), str(body.get("hint", ""))
            kind = str(body.get("kind", ""))
        text = text or f"the engine answered {response.status} {response.reason}"
        cls = _BY_STATUS.get(response.status, errors.MiniDockerError)
        if kind in ("InitError", "IntegrityError", "SystemFailure"):
            cls = getattr(errors, kind)
        refusal = cls(text)
        if hint:
            refusal.hint = hint
            refusal.add_note(f"hint: {hint}")
        return refusal
