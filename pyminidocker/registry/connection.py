"""One client's connection: requests in, answers out, one thread that does nothing else.

The thread blocks where the client does: nothing is buffered for a slow one, and files go out by
sendfile(2), from the page cache to the socket, so that thirty students who pull the same image cost
hardly any memory and no copying.

See: RFC 9112; sendfile(2); socket(7), SO_RCVTIMEO.
"""

import os
import socket
import ssl
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, unquote

from pyminidocker.framing.http import Head, ProtocolError, ServerConnection, Signal
from pyminidocker.registry.failures import Refused
from pyminidocker.registry.journal import Entry, Journal

IDLE_S = 120
LINGER_S = 5
MOST_LINGERING_BYTES = 16 << 20
RECEIVE_BYTES = 256 << 10
SENDFILE_BYTES = 4 << 20
BODILESS = (204, 304)
_VERSION = b"Docker-Distribution-API-Version: registry/2.0\r\nX-Content-Type-Options: nosniff\r\n"

Headers = list[tuple[str, str]]


class Gone(Exception):
    """The client went away, or broke off in the middle of a request."""


class Call:
    """One request, and the means to answer it.

    Attributes:
        method: ``GET``, ``HEAD`` ...
        path: decoded, without the query.
        query: the last value of each parameter.
        headers: by lower-case name.
        entry: what the journal will know of it.
    """

    def __init__(self, connection: "Connection", head: Head, entry: Entry) -> None:
        target, _, query = head.target.partition("?")
        self._connection = connection
        self.method = head.method
        self.path = unquote(target)
        self.query = dict(parse_qsl(query, keep_blank_values=True))
        self.headers = head.headers
        self.entry = entry
        entry.method, entry.path = head.method, head.target

    def body(self) -> Iterator[bytes]:
        """Yield the request's body as it arrives.

        Raises:
            Gone: it broke off.
        """
        return self._connection.body(self.entry)

    def whole_body(self, most_bytes: int) -> bytes:
        """Return a small body.

        Raises:
            Refused: SIZE_INVALID; it is longer.
        """
        gathered = bytearray()
        for piece in self.body():
            gathered += piece
            if len(gathered) > most_bytes:
                message = f"more than {most_bytes} bytes are too many here"
                raise Refused("SIZE_INVALID", message, status=413)
        return bytes(gathered)

    def answer(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """Send an answer with what it has of a body."""
        if status not in BODILESS:
            headers = [*headers, ("Content-Length", str(len(body)))]
        self._connection.answer(self, status, headers, body)

    def answer_head(self, headers: Headers) -> None:
        """Send 200 and headers, Content-Length among them: the answer to a HEAD."""
        self._connection.answer(self, 200, headers, b"")

    def answer_file(
        self, status: int, headers: Headers, fd: int, start: int, size_bytes: int
    ) -> None:
        """Send part of a file."""
        length = ("Content-Length", str(size_bytes))
        self._connection.answer_file(self, status, [*headers, length], fd, start, size_bytes)

    def hang_up(self) -> None:
        """End the connection, from another thread: whoever reads there comes to an end."""
        self._connection.hang_up()


class Connection:
    """Serves one client.

    Args:
        sock: connected, blocking.
        client: its address, for the journal.
        journal: where requests are noted.
        handle: answers a call.
        log: is given every entry when it is complete.
    """

    def __init__(
        self,
        sock: socket.socket,
        client: str,
        journal: Journal,
        handle: Callable[[Call], None],
        log: Callable[[Entry], None],
    ) -> None:
        self._socket = sock
        self._client = client
        self._journal = journal
        self._handle = handle
        self._log = log
        self._http = ServerConnection()
        self._is_complete = True  # the request at hand has been read to its end
        self._has_answered = False
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Timeouts of the kernel's: a socket with Python's own would be non-blocking below.
        timeout = struct.pack("ll", IDLE_S, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)

    def serve(self) -> None:
        """Answer requests until the client has no more."""
        try:
            while (head := self._next_head()) is not None:
                self._serve(head)
                if not self._is_complete:
                    self._linger()
                    return
                if not self._http.next_cycle():
                    return
        except (Gone, OSError):
            pass  # nobody is there to be told
        except ProtocolError as error:
            self._say_goodbye(error)

    def hang_up(self) -> None:
        """End the connection from another thread."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is over already
            pass

    def _next_head(self) -> Head | None:
        while True:
            event = self._http.next_event()
            if isinstance(event, Head):
                return event
            if event is Signal.CLOSED:
                return None
            data = self._socket.recv(65536)
            if not data:
                return None
            self._http.feed(data)

    def _serve(self, head: Head) -> None:
        entry = self._journal.begin(self._client)
        self._is_complete = self._has_answered = False
        try:
            call = Call(self, head, entry)
            try:
                self._handle(call)
                self._pass_over_rest()
            except Refused as error:
                self._refuse(call, error)
            except (Gone, OSError, ProtocolError):
                raise
            except Exception:  # noqa: BLE001 - a defect must not end the registry
                traceback.print_exc(file=sys.stderr)
                self._refuse(call, Refused("UNKNOWN", "internal error; see the registry's log"))
        finally:
            self._journal.end(entry)
            self._log(entry)

    def _refuse(self, call: Call, error: Refused) -> None:
        if self._has_answered:
            raise Gone from error
        self._pass_over_rest()
        headers = [("Content-Type", "application/json"), *error.headers]
        if not self._is_complete:
            headers.append(("Connection", "close"))
        body = error.body()
        self.answer(call, error.status, [*headers, ("Content-Length", str(len(body)))], body)

    # ------------------------------------------------------------------------------------ bodies

    def body(self, entry: Entry) -> Iterator[bytes]:
        """Yield the request's body."""
        if self._http.wants_continue:
            self._socket.sendall(self._http.continue_100())
        while not self._is_complete:
            event = self._next_piece()
            if isinstance(event, bytes):
                entry.received += len(event)
                yield event
            elif event is Signal.NEED_DATA:
                data = self._socket.recv(RECEIVE_BYTES)
                if not data:
                    raise Gone
                self._http.feed(data)

    def _next_piece(self) -> bytes | Signal:
        """Return a piece of body or a signal; notes the end of the request."""
        event = self._http.next_event()
        if isinstance(event, Head) or event is Signal.CLOSED:
            raise Gone
        if event is Signal.END_OF_REQUEST:
            self._is_complete = True
        return event

    def _pass_over_rest(self) -> None:
        """Take what has arrived of a body that nobody reads; usually that is all of it."""
        while not self._is_complete:
            if self._next_piece() is Signal.NEED_DATA:
                return

    def _linger(self) -> None:
        """Let the client finish what we do not want, so that it reads our answer and no reset.

        See: RFC 9112 section 9.6, Tear-down.
        """
        self._socket.shutdown(socket.SHUT_WR)
        until, left = time.monotonic() + LINGER_S, MOST_LINGERING_BYTES
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 1, 0))
        while left > 0 and time.monotonic() < until:
            data = self._socket.recv(RECEIVE_BYTES)
            if not data:
                return
            left -= len(data)

    # ----------------------------------------------------------------------------------- answers

    def answer(self, call: Call, status: int, headers: Headers, body: bytes) -> None:
        """Send head and body of an answer."""
        data = self._begin_answer(call, status, headers)
        if body and call.method != "HEAD":
            call.entry.sent += len(body)
        self._socket.sendall(data + self._http.data(body) + self._http.end())

    def answer_file(
        self, call: Call, status: int, headers: Headers, fd: int, start: int, size_bytes: int
    ) -> None:
        """Send the head, and part of a file behind it."""
        flags = socket.MSG_MORE if size_bytes else 0  # the head does not need a packet of its own
        data = self._begin_answer(call, status, headers)
        while data:
            data = data[self._socket.send(data, 0 if self._is_tls else flags) :]
        end = start + size_bytes
        while start < end:
            sent = self._send_part(fd, start, min(end - start, SENDFILE_BYTES))
            if sent == 0:  # the file has been cut short
                raise Gone
            start += sent
            call.entry.sent += sent
        self._http.passed_by(size_bytes)
        self._socket.sendall(self._http.end())

    @property
    def _is_tls(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    def _send_part(self, fd: int, start: int, most_bytes: int) -> int:
        if not self._is_tls:
            return os.sendfile(self._socket.fileno(), fd, start, most_bytes)
        data = os.pread(fd, min(most_bytes, RECEIVE_BYTES), start)
        self._socket.sendall(data)
        return len(data)

    def _begin_answer(self, call: Call, status: int, headers: Headers) -> bytes:
        self._has_answered = True
        call.entry.status = status
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        return self._http.head(status, [*headers, ("Date", date)], _VERSION)

    def _say_goodbye(self, error: ProtocolError) -> None:
        body = Refused("UNKNOWN", str(error), status=error.status).body()
        head = (
            f"HTTP/1.1 {error.status} Bad Request\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        try:
            self._socket.sendall(head.encode() + body)
            self._linger()
        except OSError:
            pass
