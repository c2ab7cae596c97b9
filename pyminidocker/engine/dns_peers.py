"""Names across hosts: the engines on an overlay network ask each other.

A name that no container here has may belong to one on another host.  The question goes as a plain
DNS query, through the overlay itself, to the engines on the other hosts; whoever has a container of
that name on that network answers.  Docker's swarm tells everybody everything by gossip instead;
asking needs no state that could be out of date, and costs a round trip only for names of others.

See: docs/decisions/0010; ``engine/overlay.py`` says where the others are.
"""

import asyncio
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyminidocker.engine import dns_names
from pyminidocker.engine.network_addresses import contains

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine
    from pyminidocker.engine.records import NetworkRecord
    from pyminidocker.network.dns_messages import Question

PEER_PORT = 7946  # where Docker's engines talk about names
TRIES = 3  # a wire may lose packets
TRY_S = 0.5  # and it may be long
_UDP_BYTES = 65535
_AT_A_TIME = 32
_NXDOMAIN = 3


async def ask(engine: "Engine", container: "Container", question: "Question") -> list[str] | None:
    """Ask the other hosts of the asker's overlay networks.

    Returns:
        What was found, as ``dns_names.find``; None when nobody knows, or there is no other host.
    """
    for network, name, servers in _ways(engine, container, question):
        found = await _ask_hosts(network, servers, name, question.kind)
        if found is not None:
            return found
    return None


def may_know(engine: "Engine", container: "Container", question: "Question") -> bool:
    """Tell whether there are hosts to ask."""
    return any(True for _ in _ways(engine, container, question))


def _ways(
    engine: "Engine", container: "Container", question: "Question"
) -> "Iterator[tuple[NetworkRecord, str, list[str]]]":
    """Yield (network, name there, whom to ask) for a question that nobody here can answer."""
    for network, _ in dns_names.named_places(engine, container):
        if network.driver != "overlay":
            continue
        name = dns_names.name_on(network, question.name)
        if question.address:
            name = question.name if contains(network.subnet, question.address) else ""
        if name and (servers := engine.overlays.name_servers(network)):
            yield network, name, servers


async def _ask_hosts(
    network: "NetworkRecord", servers: list[str], name: str, kind: int
) -> list[str] | None:
    """Ask several hosts at once; the first that knows the name decides.

    With a host's own address for each, the search ends when all have said no; with the broadcast
    address nobody knows how many there are, and it ends with the time.
    """
    from pyminidocker.network import dns_messages

    query = dns_messages.query(name, kind)
    waiting = set(servers)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for _ in range(TRIES):
            for server in waiting:
                try:
                    sock.sendto(query, (server, PEER_PORT))
                except OSError:  # no wire leads there at the moment
                    pass
            try:
                async with asyncio.timeout(TRY_S):
                    while waiting:
                        answer, (sender, _port) = await loop.sock_recvfrom(sock, _UDP_BYTES)
                        if answer[:2] != query[:2] or not contains(network.subnet, sender):
                            continue
                        found = dns_messages.read_answer(answer)
                        if found is not None:
                            return found
                        waiting.discard(sender)
            except (OSError, TimeoutError):
                continue
            return None
    return None


class PeerServer:
    """Answers the other hosts: names of this host's containers on the network they ask from.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            # Any address, so that broadcasts are heard too.
            self._socket.bind(("0.0.0.0", PEER_PORT))  # noqa: S104 - the lab's own
        except OSError:
            self._socket.close()
            raise
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._on_datagrams)

    def close(self) -> None:
        """Stop answering."""
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _on_datagrams(self) -> None:
        for _ in range(_AT_A_TIME):
            try:
                data, (asker, port) = self._socket.recvfrom(_UDP_BYTES)
            except OSError:  # EAGAIN: all read; others: ICMP errors of old answers
                return
            answer = self._answer(data, asker)
            if answer:
                try:
                    self._socket.sendto(answer, (asker, port))
                except OSError:  # the wire is gone: nobody waits any more
                    pass

    def _answer(self, data: bytes, asker: str) -> bytes:
        from pyminidocker.network import dns_messages

        question = dns_messages.read(data)
        network = self._network_of(asker)
        if question is None or network is None or asker == network.gateway:
            return b""  # our own broadcast comes back to us too
        if question.address:
            names = dns_names.names_of_address(self._engine, network, question.address)
            return question.answer(names) if names else question.refusal(_NXDOMAIN)
        endpoints = dns_names.on_network(self._engine, network, question.name)
        if not endpoints:
            return question.refusal(_NXDOMAIN)
        return question.answer(
            dns_names.pick(endpoints, question.kind), limit_bytes=question.udp_bytes
        )

    def _network_of(self, asker: str) -> "NetworkRecord | None":
        for network in self._engine.networks.list({"driver": ["overlay"]}):
            if contains(network.subnet, asker):
                return network
        return None
