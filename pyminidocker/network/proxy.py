"""TCP proxy: for each connection one socket in the lab and one on the real host, joined.

The agent uses it both ways.  Outwards, a redirected connection arrives at the proxy's own address;
where it was meant to go is in the kernel's connection tracking, and ``SO_ORIGINAL_DST`` reads it.
Inwards (``forward``), the target is a container.  Each direction ends by itself (half-close: one
side may say "that was all" and still listen), and a slow reader stops the reading from the other
side, so that little waits in memory.

See: tcp(7); linux/netfilter_ipv4.h SO_ORIGINAL_DST.
"""

import errno
import select
import socket
import struct
from collections.abc import Callable

from pyminidocker.network.carry import Flow
from pyminidocker.network.reactor import Reactor

SO_ORIGINAL_DST = 80
_SOCKADDR_IN = struct.Struct("!2xH4s8x")
_RESET = struct.pack("@ii", 1, 0)  # struct linger: close() sends RST
_IN = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLHUP
_OUT = select.EPOLLOUT | select.EPOLLHUP
_ENDING = select.EPOLLRDHUP | select.EPOLLHUP

Address = tuple[str, int]
Targets = Callable[[socket.socket], list[Address]]
Maker = Callable[[str], socket.socket]


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


def local_socket(host: str) -> socket.socket:
    """Return a TCP socket for ``host``'s family, made where this process lives.

    Raises:
        OSError: EMFILE.
    """
    return socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)


class Connection:
    """A proxied connection.

    Args:
        reactor: whose events drive it.
        inner: the accepted socket.
        targets: where to connect, in order of preference.
        on_close: called with it once, when both sockets are closed.
        make_socket: makes the socket that connects to a host, in the namespace it must be in.
    """

    __slots__ = (
        "_connected", "_from_inner", "_from_outer", "_inner", "_make_socket", "_on_close", "_outer",
        "_queued", "_reactor", "_targets",
    )  # fmt: skip

    def __init__(
        self,
        reactor: Reactor,
        inner: socket.socket,
        targets: list[Address],
        on_close: "Callable[[Connection], None]",
        make_socket: Maker = local_socket,
    ) -> None:
        self._reactor = reactor
        self._inner = inner
        self._outer: socket.socket | None = None
        self._from_inner: Flow
        self._from_outer: Flow
        self._targets = targets
        self._on_close = on_close
        self._make_socket = make_socket
        self._connected = False
        self._queued = False
        _tune(inner)
        self._connect_next()

    def _connect_next(self) -> None:
        """Start connecting to the next target; without one, reset the inner side."""
        while self._targets:
            host, port = self._targets.pop(0)
            try:
                outer = self._make_socket(host)
            except OSError:  # EMFILE
                break
            _tune(outer)
            code = outer.connect_ex((host, port))
            if code in (0, errno.EINPROGRESS):
                self._outer = outer
                self._from_inner = Flow(self._inner, outer)
                self._from_outer = Flow(outer, self._inner)
                self._reactor.watch(outer.fileno(), self._outer_ready)
                return
            outer.close()
        self.abort()

    def _outer_ready(self, events: int) -> None:
        outer = self._outer
        if outer is None:
            return
        # An event may be stale, meant for a socket that had the same number: the socket tells.
        if events & select.EPOLLERR and outer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            if self._connected:
                self.abort()
                return
            self._reactor.forget(outer.fileno())
            outer.close()
            self._outer = None
            self._connect_next()
            return
        if not self._connected:
            if not events & select.EPOLLOUT:
                return
            self._connected = True
            self._reactor.watch(self._inner.fileno(), self._inner_ready)
        self._turn(events, self._from_outer, self._from_inner)

    def _inner_ready(self, events: int) -> None:
        if self._outer is None:
            return
        if events & select.EPOLLERR and self._inner.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.abort()
            return
        self._turn(events, self._from_inner, self._from_outer)

    def _turn(self, events: int, coming: Flow, going: Flow) -> None:
        """Note what a socket is ready for, which ``coming`` reads and ``going`` writes; carry."""
        if events & _IN:
            coming.readable = True
            if events & _ENDING:
                coming.is_ending = True
        if events & _OUT:
            going.writable = True
        self._carry()

    def _carry(self) -> None:
        """Carry what can be carried, but not for ever: the others want their turn, too."""
        one, other = self._from_inner, self._from_outer
        try:
            more = not one.finished and one.carry()
            more = (not other.finished and other.carry()) or more
        except OSError:  # ECONNRESET, EPIPE, ETIMEDOUT: the other side should see it, too
            self.abort()
            return
        if one.finished and other.finished:
            self._close()
        elif more and not self._queued:
            self._queued = True
            self._reactor.again(self._queued_turn)

    def _queued_turn(self) -> None:
        self._queued = False
        if self._outer is not None:
            self._carry()

    def abort(self) -> None:
        """End it the hard way: both sides see a reset."""
        for sock in (self._inner, self._outer):
            if sock is not None and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._close()

    def _close(self) -> None:
        if self._inner.fileno() < 0:
            return
        if self._outer is not None:
            self._from_inner.release()
            self._from_outer.release()
        for sock in (self._inner, self._outer):
            if sock is not None:
                self._reactor.forget(sock.fileno())
                sock.close()
        self._outer = None
        self._on_close(self)


def _tune(sock: socket.socket) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the far end does the collecting
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a namespace may die silently


class Listener:
    """Accepts connections and proxies each.

    Args:
        reactor: whose events drive it.
        listening: a listening socket.
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

    def _closed(self, _connection: Connection) -> None:
        if self._paused:
            self._paused = False
            self._resume()

    def _accept(self, _events: int) -> None:
        try:
            inner, _ = self._listening.accept()
        except OSError as error:
            if is_exhaustion(error):
                # The waiting connection would wake us for ever: rest until one of ours closes.
                self._paused = True
                self._reactor.forget(self._listening.fileno())
            return
        Connection(self._reactor, inner, self._targets(inner), self._closed)


def is_exhaustion(error: OSError) -> bool:
    """Tell whether an accept failed for want of descriptors or memory."""
    return error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
