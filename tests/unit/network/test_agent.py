"""The host agent and the engine's end of its line, in one namespace: the protocol and the ports."""

import errno
import os
import select
import socket
from collections.abc import Callable, Iterator

import pytest

from pyminidocker.errors import SystemFailure
from pyminidocker.network import forward_udp
from pyminidocker.network.agent import agent_main
from pyminidocker.network.agent_link import AgentLink
from pyminidocker.network.forward import bind_tcp
from pyminidocker.network.forward_udp import UdpForward, bind_udp
from pyminidocker.network.reactor import Reactor
from pyminidocker.network.stock import BATCH, Stock, make_batch


@pytest.fixture
def link() -> Iterator[AgentLink]:
    """A line to an agent, which is a fork of its own as in life."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    agent = os.fork()
    if agent == 0:
        ours.close()  # or it would never see the end of it
        try:
            agent_main(theirs, "/nonexistent")
        finally:
            os._exit(0)
    theirs.close()
    yield AgentLink(ours)
    ours.close()
    os.waitpid(agent, 0)


def hear(link: AgentLink, condition: Callable[[], bool]) -> None:
    """Read what the agent says until it has said what is waited for."""
    while not condition():
        assert select.select([link], [], [], 10)[0], "the agent is silent"
        link.receive()


def listening(link: AgentLink, protocol: str = "tcp", host: str = "127.0.0.1") -> tuple[str, int]:
    """Have the agent listen at a free port; returns its id and the port."""
    with bind_tcp(host, 0) as free:
        port = free.getsockname()[1]
    name = link.listen(protocol, host, port)
    hear(link, lambda: name in link.results)
    assert link.results.pop(name) == 0
    return name, port


def test_facts_of_the_machine(link: AgentLink) -> None:
    link.ask_facts()
    hear(link, lambda: link.facts is not None)
    assert link.facts is not None
    first, last, unprivileged = link.facts
    assert 0 < first < last <= 65535
    assert 0 <= unprivileged <= 65535


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_listen_tells_what_the_kernel_says(link: AgentLink, protocol: str, host: str) -> None:
    name, port = listening(link, protocol, host)
    again = link.listen(protocol, host, port)
    elsewhere = link.listen(protocol, "2001:db8::7" if ":" in host else "192.0.2.7", port)
    hear(link, lambda: len(link.results) == 2)
    assert link.results == {again: errno.EADDRINUSE, elsewhere: errno.EADDRNOTAVAIL}
    link.unlisten([name])
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as other:
        other.bind((host, port))  # free the moment ``unlisten`` has returned


def test_connections_wait_until_there_is_a_target(link: AgentLink) -> None:
    name, port = listening(link)
    with (
        socket.create_server(("127.0.0.1", 0)) as container,
        socket.create_connection(("127.0.0.1", port), timeout=10) as client,
    ):
        container.settimeout(10)
        client.sendall(b"early")
        link.aim(name, container.getsockname())
        assert select.select([link], [], [], 10)[0]
        link.receive()  # the agent has asked for sockets of the lab, and got them
        served, _ = container.accept()
        with served:
            served.settimeout(10)
            assert served.recv(16) == b"early"
            # The next target is for new connections; this one stays.
            link.aim(name, None)
            served.sendall(b"late")
            assert client.recv(16) == b"late"
            # So it does when the port goes, for what is still on its way.
            link.unlisten([name])
            served.sendall(b"last")
            assert client.recv(16) == b"last"


def test_an_agent_that_has_gone_is_named(link: AgentLink) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        other = AgentLink(ours)
        theirs.close()
        with pytest.raises(SystemFailure, match="the host agent"):
            other.listen("tcp", "127.0.0.1", 1)
        other.receive()
        assert other.is_gone
        other.unlisten(["1"])  # which closed them itself


def test_stock_asks_in_time_and_once() -> None:
    asked: list[str] = []
    stock = Stock(asked.append)
    assert stock.take("tcp4") is None
    assert stock.take("tcp4") is None
    assert asked == ["tcp4"]
    woken: list[str] = []
    stock.wait("tcp4", lambda: woken.append("now"))
    stock.add("tcp4", make_batch("tcp4"))
    assert woken == ["now"]
    for _ in range(5):
        stock.fill("tcp4")
    assert asked == ["tcp4"], "there are plenty"
    taken = [stock.take("tcp4") for _ in range(BATCH)]
    assert asked == ["tcp4", "tcp4"], "asked before the last was gone"
    assert stock.take("tcp4") is None
    for sock in taken:
        assert sock is not None
        sock.close()


class Clock:
    """time.monotonic, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def test_udp_clients_are_forgotten_after_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(forward_udp, "time", clock)
    monkeypatch.setattr(forward_udp, "MAX_CLIENTS", 3)
    reactor = Reactor()
    stock = Stock(lambda kind: stock.add(kind, make_batch(kind)))
    bound = bind_udp("127.0.0.1", 0)
    port = bound.getsockname()[1]
    udp = UdpForward(reactor, bound, stock)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as container:
        container.settimeout(10)
        container.bind(("127.0.0.1", 0))
        udp.aim(container.getsockname())
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(5)]
        seen = []
        for client in clients:
            clock.now += 1
            client.sendto(b"x", ("127.0.0.1", port))
            reactor._one_round()
            seen.append(container.recvfrom(16)[1])
        assert len(set(seen)) == 5
        assert len(udp._clients) == 3, "the ones that were silent longest made room"
        clock.now += forward_udp.IDLE_S - 1
        clients[4].sendto(b"x", ("127.0.0.1", port))
        reactor._one_round()
        assert container.recvfrom(16)[1] == seen[4]
        clock.now += 2
        udp._sweep()
        assert len(udp._clients) == 1
        udp.close()
        assert not udp._clients
        for sock in (*clients, *stock._sockets["udp4"]):
            sock.close()
    reactor._epoll.close()


def test_sockets_of_the_machine(link: AgentLink) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        name = link.ask_socket("tcp4")
        hear(link, lambda: name in link.sockets)
        made = link.sockets.pop(name)
        assert isinstance(made, socket.socket)
        with made:
            assert made.family == socket.AF_INET
            assert not os.get_inheritable(made.fileno())
            made.connect(server.getsockname())
            server.accept()[0].close()


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("localhost", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("nosuch.invalid", ""),
        ("x" * 300, ""),
        ("\u2603..", ""),
    ],
)
def test_names_of_the_machine(link: AgentLink, host: str, wanted: str) -> None:
    name = link.ask_addresses(host)
    hear(link, lambda: name in link.addresses)
    code, addresses = link.addresses.pop(name)
    if wanted:
        assert code == 0
        assert wanted in addresses
    else:
        assert code in (socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_NODATA)
        assert addresses == []


def test_the_agent_goes_on_while_it_looks_up(link: AgentLink) -> None:
    """Names take their time in a child; ports do not wait for it."""
    names = [link.ask_addresses(f"nosuch{number}.invalid") for number in range(20)]
    link.ask_facts()
    hear(link, lambda: link.facts is not None)
    hear(link, lambda: all(name in link.addresses for name in names))
