"""The agent's loop and its proxied connections, over loopback."""

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pyminidocker.network.proxy import Address, Listener, original_destination
from pyminidocker.network.reactor import Reactor

LOOPBACK = ("127.0.0.1", 0)


@contextmanager
def served(*targets: Address) -> Iterator[Address]:
    """Run a proxy to ``targets`` in a thread; yields its address."""
    reactor = Reactor()
    stop_reader, stop_writer = os.pipe()
    reactor.watch(stop_reader, lambda _events: reactor.stop())
    with socket.create_server(LOOPBACK) as listening:
        Listener(reactor, listening, lambda _connection: list(targets))
        thread = threading.Thread(target=reactor.run)
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            os.write(stop_writer, b"x")
            thread.join(10)
            os.close(stop_reader)
            os.close(stop_writer)


def closed_port() -> Address:
    with socket.create_server(LOOPBACK) as sock:
        address: Address = sock.getsockname()
    return address


def test_first_target_that_answers_is_taken() -> None:
    with (
        socket.create_server(LOOPBACK) as target,
        served(closed_port(), target.getsockname()) as proxy,
        socket.create_connection(proxy, timeout=10) as client,
        target.accept()[0] as server,
    ):
        server.sendall(b"hello")
        assert client.recv(16) == b"hello"


def talk(client: socket.socket, address: Address) -> bytes:
    client.connect(address)
    return client.recv(1)


def test_no_target_is_a_reset() -> None:
    for targets in ((), (closed_port(),)):
        with served(*targets) as proxy, socket.socket() as client:
            client.settimeout(10)
            with pytest.raises(ConnectionResetError):
                talk(client, proxy)


def test_bulk_passes_both_ways_at_once() -> None:
    payload = os.urandom(1 << 20) * 8
    received: dict[str, bytes] = {}

    def send(sock: socket.socket) -> None:
        sock.sendall(payload)
        sock.shutdown(socket.SHUT_WR)

    def receive(name: str, sock: socket.socket) -> None:
        with sock.makefile("rb") as stream:
            received[name] = stream.read()

    with (
        socket.create_server(LOOPBACK) as target,
        served(target.getsockname()) as proxy,
        socket.create_connection(proxy, timeout=20) as client,
        target.accept()[0] as server,
    ):
        server.settimeout(20)
        threads = [threading.Thread(target=send, args=(sock,)) for sock in (client, server)]
        threads += [
            threading.Thread(target=receive, args=(name, sock))
            for name, sock in (("client", client), ("server", server))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert received == {"client": payload, "server": payload}


def test_out_of_descriptors_means_waiting_not_spinning() -> None:
    """The listener rests until a connection of its own closes."""

    class Full:
        def __init__(self, listening: socket.socket) -> None:
            self.listening = listening
            self.failures = 1

        def accept(self) -> tuple[socket.socket, Address]:
            if self.failures:
                self.failures -= 1
                raise OSError(errno.EMFILE, "too many open files")
            return self.listening.accept()

        def fileno(self) -> int:
            return self.listening.fileno()

        def setblocking(self, flag: bool) -> None:
            self.listening.setblocking(flag)

    reactor = Reactor()
    with socket.create_server(LOOPBACK) as listening:
        full = Full(listening)
        listener = Listener(reactor, full, lambda _connection: [])  # type: ignore[arg-type]
        with socket.create_connection(listening.getsockname(), timeout=10) as client:
            rounds: list[int] = []

            def count() -> None:
                rounds.append(1)
                if len(rounds) == 3:
                    listener._closed(None)  # type: ignore[arg-type] # as a connection that ends does

            for moment in range(3):
                reactor.after(0.01 * (moment + 1), count)
            reactor.after(0.2, reactor.stop)
            reactor.run()
            assert len(rounds) == 3
            assert full.failures == 0
            with pytest.raises(ConnectionResetError):
                client.recv(1)


def test_deadlines_come_in_order() -> None:
    reactor = Reactor()
    order: list[str] = []

    def note(word: str) -> Callable[[], None]:
        return lambda: order.append(word)

    reactor.after(0.02, reactor.stop)
    reactor.after(0.01, note("second"))
    reactor.after(0.0, note("first"))
    reactor.run()
    assert order == ["first", "second"]


def test_one_handlers_mistake_does_not_end_the_loop(capfd: pytest.CaptureFixture[str]) -> None:
    reactor = Reactor()

    def fail() -> None:
        raise ValueError("a bug")

    reactor.after(0.0, fail)
    reactor.after(0.01, reactor.stop)
    reactor.run()
    assert "a bug" in capfd.readouterr().err


def test_connection_that_was_not_redirected_has_no_destination() -> None:
    with (
        socket.create_server(LOOPBACK) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as inner,
    ):
        assert original_destination(inner) == []
