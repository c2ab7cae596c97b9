"""Moving bytes between our terminal or pipes and a process; detach keys."""

import os
import signal
import socket
import threading

import pytest

from pyminidocker.cli import attached, keys
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.session import DETACHED, ENDED, GIVEN_UP, Session, Signals
from pyminidocker.client.connection import Stream
from pyminidocker.framing.stdcopy import frame


@pytest.mark.parametrize(
    ("text", "sequence"),
    [
        ("", b"\x10\x11"),
        ("ctrl-p,ctrl-q", b"\x10\x11"),
        ("ctrl-a,x", b"\x01x"),
        ("ctrl-@", b"\x00"),
        ("ctrl-[,ctrl-_", b"\x1b\x1f"),
    ],
)
def test_detach_keys(text, sequence):
    assert keys.parse(text) == sequence


@pytest.mark.parametrize("text", ["foo", "ctrl-", "ctrl-1", "a,,b"])
def test_no_detach_keys(text):
    with pytest.raises(ValueError, match="invalid detach keys"):
        keys.parse(text)


def test_detach_filter_gives_back_what_was_no_sequence():
    found = keys.DetachFilter(b"\x10\x11")
    assert found.feed(b"ab\x10") == (b"ab", False)
    assert found.feed(b"c") == (b"\x10c", False)
    assert found.feed(b"\x10\x10") == (b"\x10", False)
    assert found.feed(b"\x11rest") == (b"", True)


class Wire:
    """What ``Stream`` needs of a connection, over one end of a socket pair."""

    def __init__(self, sock, early=b""):
        self.socket = sock
        self.buffer = early

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()


@pytest.fixture
def process():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def stream_of(sock, early=b""):
    return Stream(Wire(sock, early), multiplexed=True)


def test_output_is_split_and_what_came_early_is_not_lost(process, capfd):
    ours, theirs = process
    theirs.sendall(frame(2, b"err") + frame(1, b"late"))
    theirs.shutdown(socket.SHUT_WR)
    session = Session(stream_of(ours, frame(1, b"early ")), tty=False, stdin=False)
    assert session.run() == ENDED
    assert capfd.readouterr() == ("early late", "err")


def test_a_terminals_output_is_not_split(process, capfd):
    ours, theirs = process
    theirs.sendall(b"raw \x01\x00\x00\x00")
    theirs.shutdown(socket.SHUT_WR)
    assert Session(stream_of(ours), tty=True, stdin=False).run() == ENDED
    assert capfd.readouterr().out == "raw \x01\x00\x00\x00"


@pytest.fixture
def stdin():
    """Replace descriptor 0 by a pipe; gives the end to write to."""
    reader, writer = os.pipe()
    before = os.dup(0)
    os.dup2(reader, 0)
    os.close(reader)
    yield writer
    os.dup2(before, 0)
    os.close(before)


def test_much_input_and_output_at_once_do_not_lock_up(process, stdin, capfd):
    """Like ``cat big | minidocker run -i busybox cat``: both directions full."""
    ours, theirs = process
    big = os.urandom(1 << 19).hex().encode()

    def feed():
        with open(stdin, "wb") as pipe:
            pipe.write(big)

    def echo():
        while data := theirs.recv(65536):
            theirs.sendall(frame(1, data))
        theirs.shutdown(socket.SHUT_WR)

    threads = [threading.Thread(target=feed), threading.Thread(target=echo)]
    for thread in threads:
        thread.start()
    assert Session(stream_of(ours), tty=False, stdin=True).run() == ENDED
    for thread in threads:
        thread.join()
    assert capfd.readouterr().out == big.decode()


def test_end_of_input_leaves_output_open(process, stdin, capfd):
    ours, theirs = process
    os.write(stdin, b"question")
    os.close(stdin)

    def answer():
        asked = b""
        while data := theirs.recv(100):
            asked += data
        theirs.sendall(frame(1, b"answer to " + asked))
        theirs.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=answer)
    thread.start()
    assert Session(stream_of(ours), tty=False, stdin=True).run() == ENDED
    thread.join()
    assert capfd.readouterr().out == "answer to question"


def test_detaching(process, stdin):
    ours, theirs = process
    os.write(stdin, b"ls\x10\x11")
    read = []
    thread = threading.Thread(target=lambda: read.append(theirs.recv(10)))
    thread.start()
    session = Session(stream_of(ours), tty=True, stdin=True, detach_keys=b"\x10\x11")
    assert session.run() == DETACHED
    thread.join()
    os.close(stdin)
    assert read == [b"ls"]


def test_signals_are_passed_on_and_three_interrupts_end_us(process, capfd):
    ours, theirs = process
    passed = []

    class Process(Stream):
        """Sends us a signal whenever we read from it."""

        def receive(self, size=65536):
            os.kill(os.getpid(), signal.SIGINT if passed else signal.SIGUSR1)
            return super().receive(size)

    def proxy(name):
        passed.append(name)
        theirs.sendall(frame(1, b"!"))

    theirs.sendall(frame(1, b"!"))
    session = Session(Process(Wire(ours), multiplexed=True), tty=False, stdin=False, proxy=proxy)
    assert session.run() == GIVEN_UP
    assert passed == ["USR1", "INT", "INT"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_signal_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with Signals((signal.SIGTERM,)) as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.read() == bytes([signal.SIGTERM])
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("path", ["run", "container exec", "attach", "start"])
def test_in_a_notebook_cell_nobody_can_type(path, monkeypatch):
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    monkeypatch.setattr(os, "isatty", lambda _: True)
    with pytest.raises(Failure) as caught:
        attached.check_input(path, "busybox", ["sh"], tty=True, stdin=True)
    assert caught.value.exit_code == 1
    assert "would wait for ever" in caught.value.message
    assert "terminal(" in caught.value.hint
    attached.check_input(path, "busybox", ["ls"], tty=True, stdin=False)


def test_a_terminal_is_needed_for_a_terminal(monkeypatch):
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    monkeypatch.setattr(os, "isatty", lambda _: False)
    with pytest.raises(Failure, match="the input device is not a TTY"):
        attached.check_input("run", "busybox", [], tty=True, stdin=True)
    attached.check_input("run", "busybox", [], tty=False, stdin=True)
