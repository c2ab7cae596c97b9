"""The socket's side of the API: connections, tasks, back-pressure, taking connections over.

There is one ``Connection`` per client.  It feeds bytes to ``framing.http``, calls the handler that
the router finds and writes what comes back.  Handlers that need not wait are plain functions and
run without a task; any other request has one task.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Any

from pyminidocker import __version__
from pyminidocker.api.body import IncomingBody
from pyminidocker.api.duplex import ConnectionDuplex
from pyminidocker.api.message import (
    MAX_DOCUMENT_BYTES,
    Answer,
    Hijack,
    Outcome,
    Request,
    Streaming,
)
from pyminidocker.api.router import Router
from pyminidocker.api.status import answer_for
from pyminidocker.api.versions import API_VERSION_TEXT
from pyminidocker.errors import MiniDockerError
from pyminidocker.framing.http import Head, ProtocolError, ServerConnection, Signal

log = logging.getLogger("minidocker.api")

# Sent with every answer; docker's clients read the API version from any of them.
COMMON_HEADERS = (
    ("Api-Version", API_VERSION_TEXT),
    ("Docker-Experimental", "false"),
    ("Ostype", "linux"),
    ("Server", f"minidocker/{__version__} (linux)"),
)
# How much of an unwanted request body is read so that the connection can be kept.
DISCARD_BYTES = 1 << 22
# These read what comes with the 101 head; only others must be given time (see ConnectionDuplex).
CAREFUL_READERS = ("minidocker", "Docker-Client", "docker/")


class Server:
    """What all connections share.

    Args:
        engine: handed to the handlers.
        router: finds them.
        log_requests: write one line per request to the log.
    """

    def __init__(self, engine: Any, router: Router, *, log_requests: bool = False) -> None:
        self.engine = engine
        self.router = router
        self.log_requests = log_requests
        self.connections: set[Connection] = set()

    def __call__(self) -> "Connection":
        """Return the protocol for a new connection."""
        return Connection(self)

    def close(self) -> None:
        """Hang up on everybody."""
        for connection in list(self.connections):
            connection.abort()


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._http = ServerConnection()
        self._request: Request | None = None  # the one being answered
        self._body: IncomingBody | None = None
        self._dispatched = False
        self._task: asyncio.Task[None] | None = None
        self._cancellable = False
        self._duplex: ConnectionDuplex | None = None
        self._discarded: int | None = None
        self._client_ended = False
        self._can_write: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport

    # -- what asyncio calls --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the new connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything that served this client."""
        del exc
        self._server.connections.discard(self)
        self.resume_writing()
        if self._body is not None:
            self._body.fail()
        if self._duplex is not None:
            self._duplex.lost()
        self._cancel()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self._duplex is not None:
            self._duplex.feed(data)
            return
        self._http.feed(data)
        self._advance()

    def eof_received(self) -> bool:
        """Take note that the client sends no more; True keeps the other direction open."""
        if self._duplex is not None:
            self._duplex.feed_eof()
            return True
        self._client_ended = True
        if self._body is not None:
            self._body.fail()
        if self._cancellable:
            self._cancel()  # as dockerd: nobody listens to this stream any more
        return self._request is not None

    def pause_writing(self) -> None:
        """Make writers wait: the client reads slowly."""
        self._can_write = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let writers go on."""
        if self._can_write is not None and not self._can_write.done():
            self._can_write.set_result(None)
        self._can_write = None

    async def _drain(self) -> None:
        if self._can_write is not None:
            await self._can_write
        if self._transport.is_closing():
            raise ConnectionResetError("the client went away")

    def abort(self) -> None:
        """Hang up."""
        self._transport.abort()

    def _cancel(self) -> None:
        if self._task is not None and self._cancellable:
            self._task.cancel()

    # -- requests ------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Work through what has arrived, until more is needed or a request needs time."""
        while self._duplex is None and not self._transport.is_closing():
            try:
                event = self._http.next_event()
            except ProtocolError as error:
                self._refuse(error)
                return
            if type(event) is Head:
                self._body = IncomingBody(
                    self._transport.pause_reading, self._resume_reading, self._continue
                )
                self._request = Request(event, self._body)
                self._dispatched = False
            elif type(event) is bytes:
                self._take(event)
            elif event is Signal.END_OF_REQUEST:
                assert self._body is not None
                self._body.finish()
                if self._discarded is not None:
                    self._next_cycle()
            elif self._request is not None and not self._dispatched:
                self._dispatched = True
                self._dispatch(self._request)
                if self._request is not None:
                    return  # a task answers it and goes on from there
            else:
                return

    def _take(self, piece: bytes) -> None:
        if self._discarded is None:
            assert self._body is not None
            self._body.feed(piece)
            return
        self._discarded += len(piece)
        if self._discarded > DISCARD_BYTES:
            self._transport.close()

    def _resume_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _continue(self) -> None:
        if self._http.wants_continue:
            self._transport.write(self._http.continue_100())

    def _refuse(self, error: ProtocolError) -> None:
        text = f"malformed request: {error}\n".encode()
        head = f"HTTP/1.1 {error.status} Bad Request\r\nContent-Length: {len(text)}\r\n"
        self._transport.write(head.encode() + b"Connection: close\r\n\r\n" + text)
        self._transport.close()

    def _dispatch(self, request: Request) -> None:
        server = self._server
        try:
            outcome = server.router.find(request)(server.engine, request)
        except Exception as error:  # noqa: BLE001 - the last place that can answer for it
            outcome = self._failure(error)
        if isinstance(outcome, Answer):
            self._send(outcome)
        else:
            self._task = asyncio.get_running_loop().create_task(self._work(outcome))

    def _failure(self, error: Exception) -> Answer:
        if not isinstance(error, MiniDockerError | ConnectionError):
            request = self._request
            where = f"{request.method} {request.path}" if request is not None else "a request"
            log.error("unexpected error in %s", where, exc_info=error)
        return answer_for(error)

    async def _work(self, outcome: Outcome | Awaitable[Outcome]) -> None:
        """Answer one request that needs time, then go on with the next."""
        if isinstance(outcome, Awaitable):
            try:
                outcome = await outcome
            except Exception as error:  # noqa: BLE001 - the last place that can answer for it
                outcome = self._failure(error)
        try:
            if isinstance(outcome, Answer):
                self._send(outcome)
            elif isinstance(outcome, Streaming):
                await self._stream(outcome)
            else:
                await self._hijack(outcome)
        except (asyncio.CancelledError, ConnectionError):
            self._transport.close()  # nobody is there any more
        except Exception:
            log.exception("an answer broke off")
            self._transport.abort()  # so that the client does not take it for complete
        self._task = None
        self._advance()

    # -- answers -------------------------------------------------------------------------------

    def _send(self, answer: Answer) -> None:
        status, body, content_type, more = answer
        headers = list(more)
        if body:
            headers.append(("Content-Type", content_type))
        if status not in (204, 304):
            headers.append(("Content-Length", str(len(body))))
        if not self._transport.is_closing():
            head = self._http.head(status, headers, common_headers())
            self._transport.write(b"".join((head, self._http.data(body), self._http.end())))
        self._finish_request(status)

    async def _stream(self, answer: Streaming) -> None:
        self._cancellable = True
        http, write = self._http, self._transport.write
        try:
            if self._client_ended:
                raise ConnectionResetError("the client went away")
            if not answer.early:
                body = b"".join([piece async for piece in answer.pieces])
                self._send(Answer(answer.status, body, answer.content_type, answer.headers))
                return
            headers = [("Content-Type", answer.content_type), *answer.headers]
            write(http.head(answer.status, headers, common_headers()))
            async for piece in answer.pieces:
                write(http.data(piece))
                await self._drain()
            write(http.end())
        finally:
            # A generator has it, and so has a thread's stream: the thread would wait for ever.
            if (close := getattr(answer.pieces, "aclose", None)) is not None:
                await close()
        self._finish_request(answer.status)

    async def _hijack(self, answer: Hijack) -> None:
        request = self._request
        assert request is not None
        await request.body.read(MAX_DOCUMENT_BYTES)
        head, early = self._http.take_over(
            upgrade=request.wants_upgrade, content_type=answer.content_type
        )
        self._cancellable = True
        self._duplex = duplex = ConnectionDuplex(self._transport, self._drain, self._cancel)
        self._transport.write(head)
        duplex.feed(early)
        if self._client_ended:
            duplex.feed_eof()
        try:
            if not request.headers.get("user-agent", "").startswith(CAREFUL_READERS):
                await duplex.until_read()
            await answer.serve(duplex)
        finally:
            duplex.finish()
            if self._server.log_requests:
                log.info("%s %s hijacked, done", request.method, request.path)

    def _finish_request(self, status: int) -> None:
        request, self._request = self._request, None
        self._cancellable = False
        if self._server.log_requests and request is not None:
            log.info("%s %s %d", request.method, request.path, status)
        assert self._body is not None
        if self._body.finished:
            self._next_cycle()
        else:
            self._discarded = 0
            self._resume_reading()

    def _next_cycle(self) -> None:
        """Get ready for the next request; hang up when there cannot be one."""
        self._body = self._discarded = None
        if self._client_ended or not self._http.next_cycle():
            self._transport.close()


_date_second = 0
_headers = b""


def common_headers() -> bytes:
    """Return the headers of every answer, made once a second."""
    global _date_second, _headers  # noqa: PLW0603 - a cache
    now = int(time.time())
    if now != _date_second:
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now))
        lines = [f"{name}: {value}\r\n" for name, value in (*COMMON_HEADERS, ("Date", date))]
        _headers = "".join(lines).encode("ascii")
        _date_second = now
    return _headers
