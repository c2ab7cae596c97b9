"""Published TCP ports: accepted on the real machine, connected from the lab to the container.

A port is *bound* before its container starts, so that a clash is known in time, and *opened* when
the container has an address; in between, connections wait in the backlog.  They wait there, too,
while the stock of lab sockets is empty or descriptors are short.  When the container is gone the
port is closed at once; what is still on its way to clients gets some seconds to arrive.

See: listen(2); docs/decisions/0009.
"""

import socket

from pyminidocker.network.gate import Gate
from pyminidocker.network.proxy import Address, Connection, is_exhaustion
from pyminidocker.network.reactor import Reactor
from pyminidocker.network.stock import Stock

BACKLOG = 4096
DRAIN_S = 10.0
REST_S = 0.2


def bind_tcp(host: str, port: int) -> socket.socket:
    """Return a listening socket that accepts nothing yet.

    SO_REUSEADDR lets a port be taken again while connections of its former life are in TIME_WAIT; a
    port somebody listens on stays refused.

    Raises:
        OSError: EADDRINUSE, EACCES (a privileged port), EADDRNOTAVAIL, EAFNOSUPPORT.
    """
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


class TcpForward:
    """One published TCP port.

    Args:
        reactor: whose events drive it.
        listening: from ``bind_tcp``.
        stock: sockets that connect from the lab.
    """

    def __init__(self, reactor: Reactor, listening: socket.socket, stock: Stock) -> None:
        self._reactor = reactor
        self._gate = Gate(reactor, listening, self._accept)
        self._stock = stock
        self._target: Address | None = None
        self._connections: set[Connection] = set()

    def aim(self, target: Address | None) -> None:
        """Send new connections to ``target``; None lets them wait."""
        self._target = target
        if target is not None:
            self._stock.fill(self._kind(target))
        self._gate.set_open(target is not None)

    @staticmethod
    def _kind(target: Address) -> str:
        return "tcp6" if ":" in target[0] else "tcp4"

    def _accept(self, _events: int) -> None:
        target = self._target
        if target is None:
            return
        kind = self._kind(target)
        outer = self._stock.take(kind)
        if outer is None:
            self._gate.rest()
            self._stock.wait(kind, self._gate.watch)
            return
        try:
            inner, _ = self._gate.socket.accept()
        except OSError as error:
            self._stock.put_back(kind, outer)
            if is_exhaustion(error):
                self._gate.rest()
                self._reactor.after(REST_S, self._gate.watch)
            return
        connection = Connection(
            self._reactor, inner, [target], self._connection_closed, lambda _host: outer
        )
        if inner.fileno() >= 0:
            self._connections.add(connection)

    def _connection_closed(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def close(self) -> None:
        """Free the port; connections may finish within ``DRAIN_S`` seconds."""
        self._gate.close()
        if self._connections:
            self._reactor.after(DRAIN_S, self._abort_all)

    def _abort_all(self) -> None:
        for connection in list(self._connections):
            connection.abort()
