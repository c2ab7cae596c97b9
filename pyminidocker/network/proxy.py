"""Transparent TCP proxy: one socket in the lab, one on the real host, bytes carried between them.

A redirected connection arrives at the proxy's own address; where it was meant to go is in the
kernel's connection tracking, and ``SO_ORIGINAL_DST`` reads it.  The agent connects there from the
real host and then copies both ways.  Each direction ends by itself (half-close: one side may say
"that was all" and still listen), and a slow reader stops the reading from the other side, so that
at most one chunk per direction waits in memory.

See: tcp(7); linux/netfilter_ipv4.h SO_ORIGINAL_DST.
"""

import errno
import select
import socket
import struct
from collections.abc import Callable

from pyminidocker.network.reactor import Reactor

SO_ORIGINAL_DST = 80
CHUNK_BYTES = 262_144
CHUNKS_A_TURN = 8
_SOCKADDR_IN = struct.Struct("!2xH4s8x")
_RESET = struct.pack("@ii", 1, 0)  # struct linger: close() sends RST
_WOULD_BLOCK = (BlockingIOError, InterruptedError)

Address = tuple[str, int]
Targets = Callable[[socket.socket], list[Address]]

_chunk = memoryview(bytearray(CHUNK_BYTES))  # one for all: a chunk is used up before the next


def original_destination(connection: socket.socket) -> list[Address]:
    """Return where a redirected connection was meant to go, empty when it was not redirected.

    Somebody who connects to the proxy's own port must not make the agent connect to itself, and a
    loopback address never comes from another host: both are turned down.
    """
    try:
        raw = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, _SOCKADDR_IN.size)
    except OSError:  # ENOENT: conntrack knows of no such connection
        return []
    port, packed = _SOCKADDR_IN.unpack(raw)
    target = (socket.inet_ntoa(packed), port)
    if target == connection.getsockname() or packed[0] in (0, 127):
        return []
    return [target]


class _End:
    """One of a connection's two sockets, and what is on its way to it."""

    __slots__ = ("finished", "pending", "readable", "socket", "writable")

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.readable = True
        self.writable = True
        self.pending: memoryview | None = None  # read from the other end, not yet written here
        self.finished = False  # the other end has said its last word, and so have we here


class Connection:
    """A proxied connection.

    Args:
        reactor: whose events drive it.
        inner: the accepted socket, on the lab's side.
        targets: where to connect, in order of preference.
        on_close: called once when both sockets are closed.
    """

    __slots__ = ("_connected", "_inner", "_on_close", "_outer", "_queued", "_reactor", "_targets")

    def __init__(
        self,
        reactor: Reactor,
        inner: socket.socket,
        targets: list[Address],
        on_close: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._inner = _End(inner)
        self._outer: _End | None = None
        self._targets = targets
        self._on_close = on_close
        self._connected = False
        self._queued = False
        _tune(inner)
        reactor.watch(inner.fileno(), self._inner_ready)
        self._connect_next()

    def _connect_next(self) -> None:
        """Start connecting to the next target; without one, reset the inner side."""
        while self._targets:
            host, port = self._targets.pop(0)
            try:
                outer = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
            except OSError:  # EMFILE
                break
            _tune(outer)
            code = outer.connect_ex((host, port))
            if code in (0, errno.EINPROGRESS):
                self._outer = _End(outer)
                self._reactor.watch(outer.fileno(), self._outer_ready)
                return
            outer.close()
        self._abort()

    def _outer_ready(self, events: int) -> None:
        outer = self._outer
        if outer is None:
            return
        if not self._connected:
            if outer.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._reactor.forget(outer.socket.fileno())
                outer.socket.close()
                self._outer = None
                self._connect_next()
                return
            if not events & select.EPOLLOUT:
                return
            self._connected = True
        self._ready(outer, events)

    def _inner_ready(self, events: int) -> None:
        self._ready(self._inner, events)

    def _ready(self, end: _End, events: int) -> None:
        # An event may be stale, meant for a socket that had the same number: the socket tells.
        if events & select.EPOLLERR and end.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._abort()
            return
        if events & (select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLHUP):
            end.readable = True
        if events & (select.EPOLLOUT | select.EPOLLHUP):
            end.writable = True
        if self._connected:
            self._turn()

    def _turn(self) -> None:
        """Carry what can be carried, but not for ever: the others want their turn, too."""
        inner, outer = self._inner, self._outer
        if outer is None or inner.socket.fileno() < 0:
            return
        try:
            more = _carry(inner, outer)
            more = _carry(outer, inner) or more
        except OSError:  # ECONNRESET, EPIPE, ETIMEDOUT: the other side should see it, too
            self._abort()
            return
        if inner.finished and outer.finished:
            self._close()
        elif more and not self._queued:
            self._queued = True
            self._reactor.again(self._queued_turn)

    def _queued_turn(self) -> None:
        self._queued = False
        self._turn()

    def _abort(self) -> None:
        for end in (self._inner, self._outer):
            if end is not None and end.socket.fileno() >= 0:
                end.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._close()

    def _close(self) -> None:
        if self._inner.socket.fileno() < 0:
            return
        for end in (self._inner, self._outer):
            if end is not None:
                self._reactor.forget(end.socket.fileno())
                end.socket.close()
        self._outer = None
        self._on_close()


def _tune(sock: socket.socket) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the far end does the collecting
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a namespace may die silently


def _carry(source: _End, sink: _End) -> bool:
    """Copy from ``source`` to ``sink`` until one of them blocks; True if there may be more.

    Raises:
        OSError: the connection is broken.
    """
    for _ in range(CHUNKS_A_TURN):
        if sink.finished or not sink.writable:
            return False
        if sink.pending is not None:
            chunk, sink.pending = sink.pending, None
        elif not source.readable:
            return False
        else:
            try:
                size = source.socket.recv_into(_chunk)
            except _WOULD_BLOCK:
                source.readable = False
                return False
            if not size:
                sink.socket.shutdown(socket.SHUT_WR)
                sink.finished = True
                return False
            chunk = _chunk[:size]
        try:
            sent = sink.socket.send(chunk)
        except _WOULD_BLOCK:
            sent = 0
        if sent < len(chunk):
            sink.pending = memoryview(bytes(chunk[sent:]))
            sink.writable = False
            return False
    return True


class Listener:
    """Accepts connections in the lab and proxies each.

    Args:
        reactor: whose events drive it.
        listening: a listening socket made in the lab.
        targets: tells where an accepted connection is to go; none resets it.
    """

    def __init__(self, reactor: Reactor, listening: socket.socket, targets: Targets) -> None:
        self._reactor = reactor
        self._listening = listening
        self._targets = targets
        self._paused = False
        listening.setblocking(False)
        self._resume()

    def _resume(self) -> None:
        self._reactor.watch(self._listening.fileno(), self._accept, select.EPOLLIN)

    def _closed(self) -> None:
        if self._paused:
            self._paused = False
            self._resume()

    def _accept(self, _events: int) -> None:
        try:
            inner, _ = self._listening.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                # The waiting connection would wake us for ever: rest until one of ours closes.
                self._paused = True
                self._reactor.forget(self._listening.fileno())
            return
        Connection(self._reactor, inner, self._targets(inner), self._closed)
