"""One HTTP/1.1 exchange on one connection.

h11 keeps the protocol's rules.  A body of known length, as layers are, is read past it, straight
from the socket into one buffer: a pull then costs no copies in Python.

See: RFC 9110, RFC 9112.
"""

import errno
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Self

import h11

from pyminidocker.errors import IntegrityError
from pyminidocker.images.registry.failures import Broken
from pyminidocker.images.registry.urls import authority, split_url

Headers = dict[str, str]
Body = bytes | Iterable[bytes]

CHUNK = 1 << 18
_DISCARD_BYTES = 1 << 16


class Connection:
    """One connection to a server, or through a proxy to it.

    Attributes:
        key: what it may be used for again: (scheme, host, port, is verified).
    """

    def __init__(self, sock: socket.socket, key: tuple[str, str, int, bool]) -> None:
        self.socket = sock
        self.key = key
        self.is_fresh = True
        self.absolute = ""  # of a plain request through a proxy: "http://host:port"
        self.proxy_headers: Headers = {}

    def close(self) -> None:
        """Hang up; only for the thread that uses the connection, or when none does."""
        self.interrupt()
        self.socket.close()

    def interrupt(self) -> None:
        """Free the thread that waits in the connection; it closes it then.

        Closing it here would free the descriptor's number, under which that thread, in the middle
        of a read, could meet the next file that is opened.
        """
        try:
            # Not SSLSocket's: that one would have the other thread read ciphertext as content.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        except OSError:
            pass


# Takes a connection back, and whether it can be used again.
Release = Callable[[Connection, bool], None]


class Response:
    """An answer whose body is still to be read; a context manager.

    Attributes:
        status: the HTTP status.
        reason: its text.
        headers: by lower-case name, of repeated ones all, joined by commas.
        url: where it came from, after redirects.
    """

    def __init__(
        self,
        connection: Connection,
        protocol: h11.Connection,
        head: h11.Response,
        url: str,
        release: Release,
    ) -> None:
        self.status = head.status_code
        self.reason = head.reason.decode("latin-1")
        self.url = url
        self.headers: Headers = {}
        for name, value in head.headers:
            key, text = name.decode("ascii"), value.decode("latin-1")
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text
        self._connection = connection
        self._protocol = protocol
        self._release: Release | None = release
        self._left = self._length(protocol)
        self._ended = self._left == 0
        self._keeps = (
            head.http_version >= b"1.1"
            and protocol.our_state is h11.DONE
            and "close" not in self.headers.get("connection", "").lower()
            and (self._left is not None or "transfer-encoding" in self.headers)
        )

    def _length(self, protocol: h11.Connection) -> int | None:
        """Return how long the body is; None when only its end will tell."""
        is_over = protocol.their_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)
        if is_over or self.status in (204, 304):
            return 0
        if "transfer-encoding" in self.headers or "content-length" not in self.headers:
            return None
        return int(self.headers["content-length"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Be done with the answer; a short rest of the body is read to keep the connection."""
        release, self._release = self._release, None
        if release is None:
            return
        if not self._ended and self._left is not None and self._left <= _DISCARD_BYTES:
            try:
                for _ in self.views():
                    pass
            except (Broken, OSError):
                pass
        release(self._connection, self._ended and self._keeps)

    def read(self, limit: int) -> bytes:
        """Return the whole body.

        Raises:
            IntegrityError: it has more than ``limit`` bytes.
            Broken: the connection ended before the body did.
        """
        data = bytearray()
        for view in self.views():
            data += view
            if len(data) > limit:
                raise IntegrityError(f"{self.url} sent more than {limit} bytes")
        return bytes(data)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            Broken: the connection ended before the body did.
        """
        for view in self.views():
            yield bytes(view)

    def views(self) -> Iterator[memoryview]:
        """Yield the body as it arrives, in one buffer that is filled anew each time.

        Raises:
            Broken: the connection ended before the body did.
        """
        try:
            if self._left is None:
                yield from self._framed()
            else:
                yield from self._counted()
        except (OSError, h11.RemoteProtocolError) as error:
            raise Broken(f"{self.url}: {error_text(error)}") from error
        self._ended = True

    def _counted(self) -> Iterator[memoryview]:
        early, _ = self._protocol.trailing_data
        assert self._left is not None
        if early:
            view = memoryview(early)[: self._left]
            self._left -= len(view)
            yield view
        buffer = memoryview(bytearray(min(CHUNK, self._left)))
        while self._left:
            count = self._connection.socket.recv_into(buffer[: min(len(buffer), self._left)])
            if not count:
                raise OSError(errno.ECONNRESET, "unexpected EOF")
            self._left -= count
            yield buffer[:count]

    def _framed(self) -> Iterator[memoryview]:
        while True:
            event = self._protocol.next_event()
            if event is h11.NEED_DATA:
                self._protocol.receive_data(self._connection.socket.recv(CHUNK))
            elif type(event) is h11.Data:
                yield memoryview(event.data)
            else:
                return


def exchange(
    connection: Connection,
    method: str,
    url: str,
    headers: Headers,
    body: Body | None,
    length: int | None,
    release: Release,
) -> Response:
    """Send a request and read the head of its answer.

    Args:
        connection: to the server, with no other request on it.
        method: HTTP method.
        url: absolute.
        headers: on top of Host and the body's length.
        body: bytes, or pieces.
        length: of a body that comes in pieces; None sends it chunked.
        release: takes the connection back when the answer is done with.

    Raises:
        OSError, h11.ProtocolError, Broken: there was no answer, or it is not HTTP.
    """
    scheme, host, port, _ = connection.key
    lines = {
        "Host": authority(scheme, host, port),
        **connection.proxy_headers,
        **headers,
    }
    if isinstance(body, bytes):
        length, body = len(body), [body]
    if body is not None and length is None:
        lines["Transfer-Encoding"] = "chunked"
    elif body is not None or method in ("POST", "PUT", "PATCH"):
        lines["Content-Length"] = str(length or 0)
    protocol = h11.Connection(h11.CLIENT)
    request = _request(method, connection.absolute + split_url(url)[3], lines)
    send = connection.socket.sendall
    try:
        send(protocol.send(request) or b"")
        for piece in body or ():
            send(protocol.send(h11.Data(data=piece)) or b"")
        send(protocol.send(h11.EndOfMessage()) or b"")
    except (BrokenPipeError, ConnectionResetError):
        protocol.send_failed()  # refused early: the answer may say why
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            data = connection.socket.recv(65536)
            if not data:
                raise Broken("EOF")
            protocol.receive_data(data)
        elif type(event) is h11.Response:
            if method == "HEAD":
                protocol.next_event()
            return Response(connection, protocol, event, url, release)
        elif type(event) is not h11.InformationalResponse:
            raise Broken("EOF")


def _request(method: str, target: str, headers: Headers) -> h11.Request:
    try:
        return h11.Request(method=method, target=target, headers=list(headers.items()))
    except UnicodeEncodeError as error:  # such as a token of what no header may hold
        raise Broken(f"a header cannot be sent: {error}") from error


def error_text(error: BaseException) -> str:
    """Return what went wrong on the wire in a few words."""
    if isinstance(error, TimeoutError):
        return "i/o timeout"
    if isinstance(error, ConnectionResetError):
        return "connection reset by peer"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
