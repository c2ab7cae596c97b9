"""Published UDP ports: an association for each client.

UDP has no connections, so the relay remembers who asked: the first datagram of a client gets a lab
socket of its own, connected to the container, and what comes back by it goes to that client.  After
90 seconds without a word either way it is forgotten (docker-proxy's figure).  An answer leaves from
the very address that was asked, or clients of a machine with several would not know it.

See: udp(7).
"""

import select
import socket
import time

from pyminidocker.network.gate import Gate
from pyminidocker.network.pktinfo import CONTROL_BYTES, IP_PKTINFO, Control, answer_from
from pyminidocker.network.proxy import Address
from pyminidocker.network.reactor import Reactor
from pyminidocker.network.stock import Stock

IDLE_S = 90.0
MAX_CLIENTS = 1024
_SWEEP_S = 10.0
_DATAGRAMS_A_TURN = 64
_DATAGRAM_BYTES = 65535

Client = tuple[object, ...]  # (address, port) or (address, port, flow, scope)
Key = tuple[Client, bytes]


def bind_udp(host: str, port: int) -> socket.socket:
    """Return a bound socket that tells which address each datagram came to.

    Raises:
        OSError: EADDRINUSE, EACCES (a privileged port), EADDRNOTAVAIL, EAFNOSUPPORT.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        sock.bind((host, port))
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


class _Association:
    """One client's way to the container.

    Attributes:
        socket: in the lab, connected to the container.
        client: where answers go.
        source: the control message that makes them leave from the address that was asked.
        last: when a datagram passed last, by the monotonic clock.
    """

    __slots__ = ("client", "last", "socket", "source")

    def __init__(self, sock: socket.socket, client: Client, source: Control) -> None:
        self.socket = sock
        self.client = client
        self.source = source
        self.last = time.monotonic()


class UdpForward:
    """One published UDP port.

    Args:
        reactor: whose events drive it.
        bound: from ``bind_udp``.
        stock: sockets that send from the lab.
    """

    def __init__(self, reactor: Reactor, bound: socket.socket, stock: Stock) -> None:
        self._reactor = reactor
        self._gate = Gate(reactor, bound, self._datagrams_ready)
        self._stock = stock
        self._target: Address | None = None
        self._clients: dict[Key, _Association] = {}
        self._is_sweeping = False

    def aim(self, target: Address | None) -> None:
        """Send datagrams to ``target``; None lets them wait in the socket's buffer."""
        if target != self._target:
            self._drop_all()
        self._target = target
        if target is not None:
            self._stock.fill(self._kind(target))
        self._gate.set_open(target is not None)

    @staticmethod
    def _kind(target: Address) -> str:
        return "udp6" if ":" in target[0] else "udp4"

    def _datagrams_ready(self, _events: int) -> None:
        target, bound = self._target, self._gate.socket
        for _ in range(_DATAGRAMS_A_TURN):
            if target is None or not self._gate.is_watched:
                return
            if not self._stock.count(self._kind(target)):
                # It may be a new client's, and the kernel keeps it better than we could.
                self._gate.rest()
                self._stock.wait(self._kind(target), self._gate.watch)
                self._stock.fill(self._kind(target))
                return
            try:
                data, control, _, client = bound.recvmsg(_DATAGRAM_BYTES, CONTROL_BYTES)
            except OSError:  # EAGAIN: all read; others are ICMP errors about old answers
                return
            association = self._association(client, control, target)
            if association is None:
                continue
            association.last = time.monotonic()
            try:
                association.socket.send(data)
            except OSError:  # ECONNREFUSED: nobody listens in the container, as UDP may find
                pass

    def _association(
        self, client: Client, control: Control, target: Address
    ) -> _Association | None:
        source = answer_from(control)
        key = (client, source[0][2] if source else b"")
        found = self._clients.get(key)
        if found is not None:
            return found
        if len(self._clients) >= MAX_CLIENTS:
            self._drop(min(self._clients, key=lambda one: self._clients[one].last))
        sock = self._stock.take(self._kind(target))
        if sock is None:
            return None
        sock.setblocking(False)
        try:
            sock.connect(target)
        except OSError:  # ENETUNREACH: its network is just being taken away
            sock.close()
            return None
        made = self._clients[key] = _Association(sock, client, source)
        self._reactor.watch(sock.fileno(), lambda _events: self._answers_ready(key), select.EPOLLIN)
        self._sweep_later()
        return made

    def _answers_ready(self, key: Key) -> None:
        association = self._clients.get(key)
        if association is None:
            return
        for _ in range(_DATAGRAMS_A_TURN):
            try:
                data = association.socket.recv(_DATAGRAM_BYTES)
            except OSError:  # EAGAIN: all read; ECONNREFUSED: reading it has cleared it
                return
            association.last = time.monotonic()
            try:
                self._gate.socket.sendmsg([data], association.source, 0, association.client)
            except OSError:  # EAGAIN, or the client cannot be reached: datagrams may get lost
                pass

    def _sweep_later(self) -> None:
        if not self._is_sweeping:
            self._is_sweeping = True
            self._reactor.after(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        self._is_sweeping = False
        oldest = time.monotonic() - IDLE_S
        for key in [key for key, one in self._clients.items() if one.last < oldest]:
            self._drop(key)
        if self._clients:
            self._sweep_later()

    def _drop(self, key: Key) -> None:
        association = self._clients.pop(key)
        self._reactor.forget(association.socket.fileno())
        association.socket.close()

    def _drop_all(self) -> None:
        for key in list(self._clients):
            self._drop(key)

    def close(self) -> None:
        """Free the port and forget all clients."""
        self._gate.close()
        self._drop_all()
