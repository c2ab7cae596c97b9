"""Carrying bytes: small things by copying, bulk through a pipe, and what is left when it breaks."""

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from pyminidocker.network import carry
from pyminidocker.network.carry import CHUNK_BYTES, Flow, Pipes

Ends = tuple[socket.socket, socket.socket, socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Two TCP connections: (writer, source), (sink, reader)."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        writer = socket.create_connection(server.getsockname(), timeout=10)
        source, _ = server.accept()
        sink = socket.create_connection(server.getsockname(), timeout=10)
        reader, _ = server.accept()
    reader.settimeout(10)
    source.setblocking(False)
    sink.setblocking(False)
    yield writer, source, sink, reader
    for sock in (writer, source, sink, reader):
        sock.close()


@pytest.fixture(params=[0, 2], ids=["copied", "spliced"])
def pipes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipes]:
    lent = Pipes(request.param)
    monkeypatch.setattr(carry, "PIPES", lent)
    yield lent
    while lent._free:
        for fd in lent._free.pop():
            os.close(fd)


def pump(flow: Flow, reader: socket.socket, wanted: int) -> bytes:
    """Do what the reactor does, with a reader at the other end, until ``wanted`` bytes came."""
    got = b""
    reader.setblocking(False)
    while len(got) < wanted:
        flow.readable = flow.writable = True
        flow.carry()
        try:
            got += reader.recv(1 << 20)
        except BlockingIOError:
            continue
    return got


def test_small_and_large_arrive_in_order(ends: Ends, pipes: Pipes) -> None:
    writer, source, sink, reader = ends
    flow = Flow(source, sink)
    for size in (1, 100, 3 * CHUNK_BYTES + 17, 5, CHUNK_BYTES):
        data = os.urandom(size)
        writer.setblocking(False)
        sent, got = 0, b""
        while len(got) < size:
            if sent < size:
                try:
                    sent += writer.send(data[sent:])
                except BlockingIOError:
                    pass
            got += pump(flow, reader, 1)
        assert got == data
    flow.release()


def test_end_of_file_is_passed_on_after_the_last_byte(ends: Ends, pipes: Pipes) -> None:
    writer, source, sink, reader = ends
    flow = Flow(source, sink)
    writer.sendall(b"last words")
    writer.shutdown(socket.SHUT_WR)
    flow.is_ending = True  # what EPOLLRDHUP says: a short read is not all
    flow.carry()
    assert flow.finished
    reader.settimeout(10)
    assert reader.makefile("rb").read() == b"last words"


def test_a_short_read_waits_for_the_next_event(ends: Ends) -> None:
    writer, source, sink, reader = ends
    flow = Flow(source, sink)
    writer.sendall(b"x")
    assert reader_gets(flow, reader) == b"x"
    assert not flow.readable
    assert not flow.carry()


def reader_gets(flow: Flow, reader: socket.socket) -> bytes:
    flow.carry()
    return reader.recv(100)


def test_pipes_are_lent_and_given_back(ends: Ends) -> None:
    pipes = Pipes(1)
    one = pipes.borrow()
    assert one is not None
    assert pipes.borrow() is None
    pipes.give_back(one, is_empty=True)
    assert pipes.borrow() == one
    # What is left in it belongs to nobody any more: it is not lent again.
    pipes.give_back(one, is_empty=False)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(one[0])
    another = pipes.borrow()
    assert another is not None
    pipes.give_back(another, is_empty=False)


def test_a_broken_connection_gives_its_pipe_back(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, source, sink, _ = ends
    pipes = Pipes(1)
    monkeypatch.setattr(carry, "PIPES", pipes)
    flow = Flow(source, sink)
    writer.setblocking(False)
    data = bytes(1 << 20)
    while flow.writable:  # until the reader, who does not read, has stopped it all
        flow.readable = True
        try:
            writer.send(data)
        except BlockingIOError:
            pass
        flow.carry()
    flow.release()
    lent = pipes.borrow()
    assert lent is not None
    pipes.give_back(lent, is_empty=False)


def test_a_user_with_many_pipes_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fd: int, _command: int, _size: int) -> int:
        raise PermissionError(errno.EPERM, "too many pipes")

    monkeypatch.setattr(carry.fcntl, "fcntl", refuse)
    pipes = Pipes(4)
    assert pipes.borrow() is None
    assert pipes.borrow() is None
