"""The DNS server of one container: reads questions from its two sockets and answers them.

What is known here is answered in the callback that read the question; what must be asked elsewhere
gets a task.  How many of these a container may have at a time is limited, so that one with a bug
cannot use up the engine's descriptors; what is above that is told SERVFAIL.
"""

import asyncio
import logging
import socket
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from pyminidocker.engine import dns_forward, dns_names, dns_peers
from pyminidocker.network.dns_relay import servfail

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine
    from pyminidocker.network.dns_messages import Question
    from pyminidocker.network.dns_sockets import DnsSockets

LOG = logging.getLogger("minidockerd")
MAX_QUESTIONS = 256  # on their way to elsewhere, per container
MAX_CONNECTIONS = 32  # per container
IDLE_S = 10.0  # how long a connection may say nothing
_UDP_BYTES = 65535
_TCP_BYTES = 65535
_AT_A_TIME = 32  # datagrams read in one go, before other sockets have their turn
_SERVFAIL = 2


class DnsServer:
    """Serves one container.

    Args:
        engine: what there is to know.
        container: who asks.
        sockets: closed by ``close``.
    """

    def __init__(self, engine: "Engine", container: "Container", sockets: "DnsSockets") -> None:
        self._engine = engine
        self._container = container
        self._sockets = sockets
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = 0
        self._is_closed = False
        loop = asyncio.get_running_loop()
        loop.add_reader(sockets.udp.fileno(), self._on_datagrams)
        loop.add_reader(sockets.tcp.fileno(), self._on_connections)

    def close(self) -> None:
        """Stop serving and let go of the container's namespace."""
        self._is_closed = True
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._sockets.udp.fileno())
        loop.remove_reader(self._sockets.tcp.fileno())
        self._sockets.close()
        for task in self._tasks:
            task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.error("a DNS question failed: %s", error, exc_info=error)

    # -- UDP -----------------------------------------------------------------------------------

    def _on_datagrams(self) -> None:
        for _ in range(_AT_A_TIME):
            try:
                data, asker = self._sockets.udp.recvfrom(_UDP_BYTES)
            except OSError:  # EAGAIN: all read; others (ICMP errors of old answers): no matter
                return
            question = _read(data)
            answer = self._known(data, question)
            if answer is not None:
                self._send(answer, asker)
            elif len(self._tasks) >= MAX_QUESTIONS:
                self._send(servfail(data), asker)
            else:
                assert question is not None
                self._start(self._ask_for(question, data, asker))

    async def _ask_for(self, question: "Question", data: bytes, asker: tuple[str, int]) -> None:
        self._send(await self._elsewhere(question, data, by_tcp=False), asker)

    def _send(self, answer: bytes, asker: tuple[str, int]) -> None:
        if answer and not self._is_closed:
            try:
                self._sockets.udp.sendto(answer, asker)
            except OSError:  # the asker's buffer is full, or it has gone: it will ask again
                pass

    # -- TCP -----------------------------------------------------------------------------------

    def _on_connections(self) -> None:
        try:
            connection, _ = self._sockets.tcp.accept()
        except OSError:
            return
        if self._connections >= MAX_CONNECTIONS:
            connection.close()
            return
        self._connections += 1
        connection.setblocking(False)
        self._start(self._converse(connection))

    async def _converse(self, connection: socket.socket) -> None:
        """Answer the questions of one connection, one after the other (RFC 7766)."""
        try:
            with connection:
                while True:
                    async with asyncio.timeout(IDLE_S):
                        data = await dns_forward.read_message(connection)
                    question = _read(data)
                    answer = self._known(data, question, limit_bytes=_TCP_BYTES)
                    if answer is None:
                        assert question is not None
                        answer = await self._elsewhere(question, data, by_tcp=True)
                    if not answer:
                        return
                    async with asyncio.timeout(IDLE_S):
                        await dns_forward.write_message(connection, answer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # closed by the other side, or it fell silent
        finally:
            self._connections -= 1

    # -- what the answer is --------------------------------------------------------------------

    def _known(
        self, data: bytes, question: "Question | None", *, limit_bytes: int = 0
    ) -> bytes | None:
        """Return the answer that can be given at once; None when others must be asked.

        Args:
            data: the question as it came.
            question: the same, read; None for what cannot be read.
            limit_bytes: longest answer; by default what the asker takes by UDP.
        """
        if question is None:
            return servfail(data)
        if question.address:
            found = dns_names.find_address(self._engine, self._container, question.address)
        else:
            found = dns_names.find(self._engine, self._container, question.name, question.kind)
        if found is not None:
            return question.answer(found, limit_bytes=limit_bytes or question.udp_bytes)
        if dns_peers.may_know(self._engine, self._container, question):
            return None
        return self._closed_way(question)

    def _closed_way(self, question: "Question") -> bytes | None:
        """Return the answer to a question that must not leave; None when it may.

        A container with internal networks only has no way out, not even by DNS (CVE-2024-29018).
        With ``--dns-option ndots:N`` a bare name is meant for the search list: it is answered
        with nothing, so that the resolver goes on there (libnetwork/resolver.go).
        """
        places = self._engine.networks.of(self._container)
        if all(network.internal for network, _ in places):
            return question.refusal(_SERVFAIL)
        options = self._container.record.host.dns_options
        has_ndots = any(option.startswith("ndots:") for option in options)
        is_address = question.kind in (dns_names.A, dns_names.AAAA)
        if has_ndots and is_address and "." not in question.name:
            return question.answer([])
        return None

    async def _elsewhere(self, question: "Question", data: bytes, *, by_tcp: bool) -> bytes:
        """Ask the other hosts of an overlay network, then the outside."""
        found = await dns_peers.ask(self._engine, self._container, question)
        if found is not None:
            limit_bytes = _TCP_BYTES if by_tcp else question.udp_bytes
            return question.answer(found, limit_bytes=limit_bytes)
        if (refusal := self._closed_way(question)) is not None:
            return refusal
        servers = self._container.record.host.dns
        answer = await dns_forward.ask(self._engine, self._sockets, servers, data, by_tcp=by_tcp)
        return answer or servfail(data)


def _read(data: bytes) -> "Question | None":
    from pyminidocker.network import dns_messages

    return dns_messages.read(data)
