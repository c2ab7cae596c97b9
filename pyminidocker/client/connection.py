"""A small blocking HTTP/1.1 client for one unix socket.

``http.client`` would do, but importing it (with ``email``, ``ssl`` and ``socket``) costs a fresh
process more than everything else that ``minidocker ps`` does.  This module knows what the Engine
API uses and no more: bodies with a length, chunked or until the end of the connection; keep-alive;
``101 UPGRADED``, after which the connection is a plain pipe in both directions.

See: RFC 9112; unix(7).
"""

from __future__ import annotations

import _socket

from pyminidocker.client.json_text import loads
from pyminidocker.errors import IntegrityError, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Self

_READ = 65536
_MSG_DONTWAIT = 0x40
_MSG_PEEK = 0x02


class Connection:
    """One connection to an engine.

    Args:
        path: the unix socket's path.

    Raises:
        OSError: nobody listens there.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        self.buffer = b""
        try:
            self.socket.connect(path)
        except BaseException:
            self.socket.close()
            raise

    def fileno(self) -> int:
        """Return the socket's file descriptor, for select()."""
        return self.socket.fileno()

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        self.socket.close()

    def is_stale(self) -> bool:
        """Tell whether the other end hung up (or sent something nobody asked for)."""
        try:
            self.socket.recv(1, _MSG_DONTWAIT | _MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def fill(self) -> bool:
        """Read more into the buffer; False when the other end has closed."""
        data = self.socket.recv(_READ)
        self.buffer += data
        return bool(data)

    def send(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | Iterable[bytes] | None = None,
    ) -> None:
        """Send one request.

        Args:
            method: ``GET``, ``POST`` ...
            target: path and query, already percent-encoded.
            headers: on top of Host and the body's length.
            body: bytes, or pieces that are sent chunked.
        """
        head = f"{method} {target} HTTP/1.1\r\nHost: minidocker\r\n"
        for name, value in headers:
            head += f"{name}: {value}\r\n"
        try:
            if body is None:
                length = "Content-Length: 0\r\n" if method in ("POST", "PUT") else ""
                self.socket.sendall(f"{head}{length}\r\n".encode("latin-1"))
            elif isinstance(body, bytes):
                head += f"Content-Length: {len(body)}\r\n\r\n"
                self.socket.sendall(head.encode("latin-1") + body)
            else:
                self.socket.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode("latin-1"))
                for piece in filter(None, body):
                    self.socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.socket.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused early, or gone: the answer says why, if there is one

    def receive(self, method: str) -> Response:
        """Read the head of the answer to a request made with ``method``.

        Raises:
            Unavailable: the engine closed the connection without an answer.
            IntegrityError: what came is not HTTP.
        """
        while True:
            while (end := self.buffer.find(b"\r\n\r\n")) < 0:
                try:
                    alive = self.fill()
                except ConnectionResetError:
                    alive = False
                if not alive:
                    raise Unavailable(
                        f"the engine closed the connection without an answer (unix://{self.path})",
                        hint="daemon.log beside its socket may say why",
                    )
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            status_line, *lines = head.decode("latin-1").split("\r\n")
            version, _, rest = status_line.partition(" ")
            status, _, reason = rest.partition(" ")
            if not version.startswith("HTTP/1.") or not status.isdecimal():
                raise IntegrityError(f"the engine's answer is not HTTP: {status_line[:60]!r}")
            headers = {}
            for line in lines:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            if status != "100":
                return Response(self, method, int(status), reason, headers)


class Response:
    """An answer whose body is still to be read.

    Attributes:
        status: the HTTP status.
        reason: its text.
        headers: by lower-case name.
        release: takes the connection when it can be used again.
    """

    def __init__(
        self, connection: Connection, method: str, status: int, reason: str, headers: dict[str, str]
    ) -> None:
        self.status, self.reason, self.headers = status, reason, headers
        self.connection = connection
        self.release: Callable[[Connection], None] | None = None
        self.reusable = headers.get("connection", "").lower() != "close"
        self._chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self._left: int | None = None  # None: until the connection ends
        if method == "HEAD" or status in (204, 304):
            self._chunked, self._left = False, 0
        elif not self._chunked and "content-length" in headers:
            self._left = int(headers["content-length"])
        elif not self._chunked:
            self.reusable = False
        self.finished = self._left == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """Return the connection's descriptor; bytes may already be buffered (see ``chunks``)."""
        return self.connection.fileno()

    def close(self) -> None:
        """Be done with the answer; what was not read of it costs the connection."""
        release, self.release = self.release, None
        if not (self.finished and self.reusable):
            self.connection.close()
        elif release is not None:
            release(self.connection)
        self.finished = True

    def read(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.chunks())

    def json(self) -> Any:
        """Return the whole body, decoded; None when it is empty."""
        body = self.read()
        return loads(body) if body else None

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            Unavailable: the connection ended before the body did.
        """
        connection = self.connection
        while not self.finished:
            if self._chunked:
                piece = self._next_chunk()
            else:
                if not connection.buffer and not self._fill():
                    break
                piece, connection.buffer = _split(connection.buffer, self._left)
                if self._left is not None:
                    self._left -= len(piece)
                    self.finished = self._left == 0
            if piece:
                yield piece

    def lines(self) -> Iterator[bytes]:
        """Yield the body line by line, without the line ends."""
        rest = b""
        for piece in self.chunks():
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
        if rest:
            yield rest

    def json_lines(self) -> Iterator[Any]:
        """Yield the JSON values of a stream (events, progress), one a line."""
        for line in self.lines():
            if line.strip():
                yield loads(line)

    def _fill(self) -> bool:
        """Read more; at the end of the connection decide whether the body may end here."""
        if self.connection.fill():
            return True
        self.finished, self.reusable = True, False
        if self._chunked or self._left:
            raise Unavailable("the engine closed the connection in the middle of an answer")
        return False

    def _next_chunk(self) -> bytes:
        """Return the next chunk's bytes (RFC 9112, 7.1); b"" after the last."""
        connection = self.connection
        if self._left is None:  # at a chunk's head
            while (end := connection.buffer.find(b"\r\n")) < 0:
                self._fill()
            size = int(connection.buffer[:end].partition(b";")[0], 16)
            connection.buffer = connection.buffer[end + 2 :]
            if size == 0:
                while b"\r\n" not in connection.buffer:
                    self._fill()
                connection.buffer = connection.buffer.partition(b"\r\n")[2]
                self.finished = True
                return b""
            self._left = size + 2
        if not connection.buffer:
            self._fill()
        piece, connection.buffer = _split(connection.buffer, self._left)
        self._left -= len(piece)
        data = piece[: len(piece) - max(0, 2 - self._left)] if self._left < 2 else piece
        if self._left == 0:
            self._left = None
        return data


def _split(data: bytes, limit: int | None) -> tuple[bytes, bytes]:
    """Cut ``data`` after ``limit`` bytes (None: take it all)."""
    if limit is None or len(data) <= limit:
        return data, b""
    return data[:limit], data[limit:]


class Stream:
    """A connection that has become a pipe to a process (attach, exec).

    Attributes:
        multiplexed: bytes come as frames of stdout and stderr (no terminal).
    """

    def __init__(self, connection: Connection, *, multiplexed: bool) -> None:
        self._connection = connection
        self.multiplexed = multiplexed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """Return the socket; ask ``buffered`` before waiting on it with select()."""
        return self._connection.fileno()

    @property
    def buffered(self) -> bool:
        """Whether bytes came together with the answer's head and wait for ``receive``."""
        return bool(self._connection.buffer)

    def receive(self, size: int = _READ) -> bytes:
        """Return the next bytes as they come over the wire; b"" at the end."""
        connection = self._connection
        if connection.buffer:
            data, connection.buffer = _split(connection.buffer, size)
            return data
        try:
            return connection.socket.recv(size)
        except ConnectionResetError:
            return b""

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield (1 stdout | 2 stderr, bytes) until the process closes its output."""
        from pyminidocker.framing.stdcopy import STDOUT, Demultiplexer

        demultiplexer = Demultiplexer()
        while data := self.receive():
            if self.multiplexed:
                yield from demultiplexer.feed(data)
            else:
                yield STDOUT, data

    def send(self, data: bytes) -> None:
        """Write to the process's standard input."""
        self._connection.socket.sendall(data)

    def receive_descriptors(self) -> tuple[bytes, list[int]]:
        """Return the next bytes with the file descriptors that came along (close-on-exec).

        See: unix(7), SCM_RIGHTS.
        """
        data, ancillary, _, _ = self._connection.socket.recvmsg(
            _READ, _socket.CMSG_SPACE(4 * 16), _socket.MSG_CMSG_CLOEXEC
        )
        numbers = b"".join(piece for _, kind, piece in ancillary if kind == _socket.SCM_RIGHTS)
        return data, list(memoryview(numbers).cast("i"))

    def detach(self) -> int:
        """Give the connection's descriptor away; the stream is of no more use."""
        return self._connection.socket.detach()

    def close_stdin(self) -> None:
        """End the process's standard input and go on reading (half-close)."""
        try:
            self._connection.socket.shutdown(_socket.SHUT_WR)
        except OSError:
            pass  # the process is gone already

    def close(self) -> None:
        """Close both directions; the process goes on."""
        self._connection.close()
