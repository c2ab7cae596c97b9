"""One HTTP/1.1 connection, seen from the server, without any input or output.

Bytes go in, events come out; answers go in, bytes come out.  h11 keeps the protocol's rules; this
module adds what Docker's API needs and HTTP frameworks refuse: handing the connection over to a
process (``101 UPGRADED``, or the old bare ``200`` without framing), together with the bytes that
the client sent ahead.

See: RFC 9112; Docker Engine API, "Attach to a container", hijacking.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple, Self

import h11

# `docker run` with a long environment puts it into the body; only URLs with filters get long.
MAX_HEAD_BYTES = 65536
RAW_STREAM = "application/vnd.docker.raw-stream"
MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream"


class Head(NamedTuple):
    """The head of a request.

    Attributes:
        method: ``GET``, ``POST`` ...
        target: path and query as they were sent.
        headers: by lower-case name; of repeated ones the last.
    """

    method: str
    target: str
    headers: dict[str, str]


class Signal(Enum):
    """What ``next_event`` says when it has neither a head nor a piece of a body."""

    END_OF_REQUEST = "the request is complete"
    NEED_DATA = "more bytes are needed"
    PAUSED = "a further request waits until this one is answered"
    CLOSED = "the client sends nothing more"


class ProtocolError(Exception):
    """The client does not speak HTTP; answer with ``status`` and hang up."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Elsewhere(bytes):
    """Stands for bytes that do not come this way; only their number is real."""

    _size: int

    def __new__(cls, size_bytes: int) -> Self:
        made = super().__new__(cls)
        made._size = size_bytes
        return made

    def __len__(self) -> int:
        return self._size


class ServerConnection:
    """The server's side of one connection."""

    def __init__(self) -> None:
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._bodiless = False  # the request is a HEAD: its answer must not have a body

    def feed(self, data: bytes) -> None:
        """Take bytes from the client; b"" means that it will send no more."""
        self._h11.receive_data(data)

    def next_event(self) -> Head | bytes | Signal:
        """Return the next thing in the bytes fed so far: a head, a piece of body, or a signal.

        Raises:
            ProtocolError: these bytes are not HTTP.
        """
        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise ProtocolError(error.error_status_hint, str(error)) from error
        kind = type(event)
        if kind is h11.Data:
            return bytes(event.data)  # type: ignore[union-attr]
        if kind is h11.Request:
            request: h11.Request = event  # type: ignore[assignment]
            self._bodiless = request.method == b"HEAD"
            headers = {
                name.decode("ascii"): value.decode("latin-1") for name, value in request.headers
            }
            return Head(request.method.decode("ascii"), request.target.decode("latin-1"), headers)
        if kind is h11.EndOfMessage:
            return Signal.END_OF_REQUEST
        if kind is h11.ConnectionClosed:
            return Signal.CLOSED
        return Signal.PAUSED if event is h11.PAUSED else Signal.NEED_DATA

    @property
    def wants_continue(self) -> bool:
        """Whether the client waits for ``100 Continue`` before it sends its body."""
        return self._h11.they_are_waiting_for_100_continue

    def continue_100(self) -> bytes:
        """Return the bytes that ask the client for its body."""
        return self._h11.send(h11.InformationalResponse(status_code=100, headers=[])) or b""

    def head(self, status: int, headers: Iterable[tuple[str, str]], constant: bytes = b"") -> bytes:
        """Return the head of an answer; without Content-Length its body will be chunked.

        Args:
            status: the HTTP status.
            headers: what h11 looks at, and whatever differs from answer to answer.
            constant: further header lines, ready as bytes, which h11 need not check every time.
        """
        head = self._h11.send(h11.Response(status_code=status, headers=list(headers))) or b""
        status_line, end, rest = head.partition(b"\r\n")
        return b"".join((status_line, end, constant, rest))

    def data(self, piece: bytes) -> bytes:
        """Return a piece of the answer's body as it goes over the wire."""
        if self._bodiless:
            return b""
        return self._h11.send(h11.Data(data=piece)) or b""

    def passed_by(self, size_bytes: int) -> None:
        """Count a piece of the answer's body that the caller sends itself, by sendfile(2).

        Only after a ``head`` with Content-Length: nothing is put around such bytes.
        """
        self._h11.send_with_data_passthrough(h11.Data(data=_Elsewhere(size_bytes)))

    def end(self) -> bytes:
        """Return what ends the answer's body."""
        return self._h11.send(h11.EndOfMessage()) or b""

    def next_cycle(self) -> bool:
        """Get ready for the next request; False when this connection must be closed instead."""
        state = self._h11
        if state.our_state is h11.DONE and state.their_state is h11.DONE:
            state.start_next_cycle()
            return True
        return False

    def take_over(self, *, upgrade: bool, content_type: str) -> tuple[bytes, bytes]:
        """Leave HTTP: return (head to send, bytes that the client sent ahead).

        The head is written by hand: h11 would chunk the bare ``200``, which for Docker means "raw
        bytes from here on, in both directions".

        Args:
            upgrade: the client asked with ``Upgrade: tcp``.
            content_type: ``RAW_STREAM`` or ``MULTIPLEXED_STREAM``.
        """
        early, _ = self._h11.trailing_data
        if upgrade:
            head = (
                f"HTTP/1.1 101 UPGRADED\r\nContent-Type: {content_type}\r\n"
                "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
            )
        else:
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n"
        return head.encode("ascii"), early
