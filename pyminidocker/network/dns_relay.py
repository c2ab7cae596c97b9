"""DNS relay: asks the real host's resolvers on behalf of the lab.

Containers find the bridge's address as ``nameserver`` in /etc/resolv.conf.  Queries that arrive
there are sent on, unread, to the servers of the host's own /etc/resolv.conf, and answers go back
the same way.  Every query gets a socket of its own: an answer needs no bookkeeping to find its
asker, and the port it must come to cannot be guessed (RFC 5452).  Without any server, or when none
answers, the asker is told SERVFAIL.

See: RFC 1035 section 4, resolv.conf(5).
"""

import os
import socket
from collections.abc import Iterable

from pyminidocker.network.pktinfo import CONTROL_BYTES, IP_PKTINFO, Control, answer_from
from pyminidocker.network.reactor import Reactor

RESOLV_CONF = "/etc/resolv.conf"
DNS_PORT = 53
TRY_S = 2.0
MAX_SERVERS = 3  # resolv.conf(5): MAXNS
MAX_QUERIES = 256
_HEADER_BYTES = 12
_DATAGRAM_BYTES = 65535


def host_resolvers(path: str = RESOLV_CONF) -> list[str]:
    """Return the ``nameserver`` addresses of a resolv.conf(5), in order, at most three.

    A file that is missing or unreadable has none.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:  # noqa: PTH123
            return name_servers(lines)[:MAX_SERVERS]
    except OSError:
        return []


def name_servers(lines: Iterable[str]) -> list[str]:
    """Return all ``nameserver`` addresses in the lines of a resolv.conf(5), in order."""
    words = [line.split() for line in lines]
    return [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"]


def servfail(query: bytes) -> bytes:
    """Return the SERVFAIL response to ``query``, empty if that is no query.

    The response repeats id, opcode, "recursion desired" and the question; RA is set and the
    sections after the question are empty (RFC 1035 section 4.1.1, RCODE 2).
    """
    if len(query) < _HEADER_BYTES or query[2] & 0x80:
        return b""
    end = _HEADER_BYTES
    if int.from_bytes(query[4:6], "big") != 1:
        return query[:2] + bytes([query[2] & 0x79 | 0x80, 0x82]) + bytes(8)
    while end < len(query) and query[end]:  # the name: labels with their lengths, then zero
        end += query[end] + 1
    question = query[_HEADER_BYTES : end + 5]
    return query[:2] + bytes([query[2] & 0x79 | 0x80, 0x82, 0, 1]) + bytes(6) + question


class Resolvers:
    """The host's resolvers, read again when their file changes (a laptop moves about)."""

    def __init__(self, path: str = RESOLV_CONF) -> None:
        self._path = path
        self._stamp = (0, 0)
        self._servers: list[str] = []

    def current(self) -> list[str]:
        """Return the addresses to ask, in order."""
        try:
            info = os.stat(self._path)  # noqa: PTH116 - the agent does without pathlib
        except OSError:
            return []
        stamp = (info.st_mtime_ns, info.st_ino)
        if stamp != self._stamp:
            self._stamp, self._servers = stamp, host_resolvers(self._path)
        return self._servers


class _Query:
    """One question on its way.

    Attributes:
        data: the question.
        asker: who asked.
        source: the control message that makes the answer leave from the address that was asked.
        servers: whom to ask yet.
        socket: where the answer is awaited.
        turn: how many servers have been asked.
    """

    __slots__ = ("asker", "data", "servers", "socket", "source", "turn")

    def __init__(
        self, data: bytes, asker: tuple[str, int], source: Control, servers: list[str]
    ) -> None:
        self.data = data
        self.asker = asker
        self.source = source
        self.servers = servers
        self.socket: socket.socket | None = None
        self.turn = 0


class DnsRelay:
    """Relays UDP queries.

    Args:
        reactor: whose events drive it.
        inner: a UDP socket made in the lab, bound to port 53.
        resolvers: whom to ask.
    """

    def __init__(self, reactor: Reactor, inner: socket.socket, resolvers: Resolvers) -> None:
        self._reactor = reactor
        self._inner = inner
        self._resolvers = resolvers
        self._open = 0
        inner.setblocking(False)
        inner.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        reactor.watch(inner.fileno(), self._queries_ready)

    def _queries_ready(self, _events: int) -> None:
        while True:
            try:
                data, control, _, asker = self._inner.recvmsg(_DATAGRAM_BYTES, CONTROL_BYTES)
            except (
                OSError
            ):  # EAGAIN: all read; others (ICMP errors of old answers) say nothing of us
                return
            servers = self._resolvers.current()
            tries = servers * 2 if len(servers) == 1 else list(servers)
            query = _Query(data, asker, answer_from(control), tries)
            if self._open >= MAX_QUERIES:
                self._answer(query, servfail(data))
            else:
                self._ask_next(query)

    def _ask_next(self, query: _Query) -> None:
        """Send the query to the next server that takes it; after the last, answer SERVFAIL."""
        self._drop(query)
        while query.servers:
            server = query.servers.pop(0)
            outer = None
            try:
                family = socket.AF_INET6 if ":" in server else socket.AF_INET
                outer = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
                outer.connect((server, DNS_PORT))
                outer.send(query.data)
            except OSError:
                if outer is not None:
                    outer.close()
                continue
            query.socket = outer
            query.turn += 1
            self._wait(query, outer, query.turn)
            return
        self._answer(query, servfail(query.data))

    def _wait(self, query: _Query, outer: socket.socket, turn: int) -> None:
        self._open += 1
        self._reactor.watch(outer.fileno(), lambda _events: self._answer_ready(query))
        self._reactor.after(TRY_S, lambda: self._overdue(query, turn))

    def _overdue(self, query: _Query, turn: int) -> None:
        if query.socket is not None and query.turn == turn:
            self._ask_next(query)

    def _answer_ready(self, query: _Query) -> None:
        if query.socket is None:
            return
        try:
            answer = query.socket.recv(_DATAGRAM_BYTES)
        except BlockingIOError:
            return
        except OSError:  # ECONNREFUSED: nobody listens there
            self._ask_next(query)
            return
        if answer[:2] != query.data[:2]:
            return
        self._drop(query)
        self._answer(query, answer)

    def _drop(self, query: _Query) -> None:
        if query.socket is not None:
            self._reactor.forget(query.socket.fileno())
            query.socket.close()
            query.socket = None
            self._open -= 1

    def _answer(self, query: _Query, answer: bytes) -> None:
        if answer:
            try:
                self._inner.sendmsg([answer], query.source, 0, query.asker)
            except OSError:  # the asker has gone
                pass
