"""The conversation with a container's process: our stdin to it, its output to us.

One loop over poll(2) moves the bytes, without threads: stdin and the connection are read when they
have something, and written to when they have room, so that ``cat big | minidocker run -i busybox
cat`` cannot deadlock.  Signals arrive through a wake-up descriptor in the same loop and are passed
on to the container.

See: poll(2), signal(7).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # ``signal`` costs 3 ms for names unused here
import os
import select

from pyminidocker.cli.keys import DetachFilter
from pyminidocker.cli.terminal import RawTerminal, size
from pyminidocker.errors import MiniDockerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from pyminidocker.client.connection import Stream

_CHUNK = 32768
_HIGH_WATER = 1 << 20  # stop reading stdin while this much waits to be sent
_DRAIN_TRIES, _DRAIN_PAUSE_S = 100, 0.002
_PATIENCE = 3  # as many SIGINTs (or SIGTERMs) end us, whatever the container makes of them
_PROXIED = {
    _signal.SIGHUP: "HUP", _signal.SIGINT: "INT", _signal.SIGQUIT: "QUIT",
    _signal.SIGUSR1: "USR1", _signal.SIGUSR2: "USR2", _signal.SIGTERM: "TERM",
    _signal.SIGALRM: "ALRM", _signal.SIGCONT: "CONT",
}  # fmt: skip

ENDED, DETACHED, GIVEN_UP = "ended", "detached", "given up"


class Signals:
    """Catches signals for the length of a ``with`` block; ``read`` says which came."""

    def __init__(self, numbers: tuple[int, ...]) -> None:
        self._numbers = numbers
        self._before: dict[int, object] = {}
        self._reader, self._writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def __enter__(self) -> Self:
        for number in self._numbers:
            self._before[number] = _signal.signal(number, lambda *_: None)
        _signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            _signal.signal(number, handler)
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """Return a descriptor that is readable when a signal has come."""
        return self._reader

    def read(self) -> bytes:
        """Return the numbers of the signals that came, one byte each."""
        try:
            return os.read(self._reader, 256)
        except BlockingIOError:
            return b""


class Session:
    """One attached process.

    Args:
        stream: the connection to it.
        tty: it has a terminal; its output is one raw stream.
        stdin: pass our standard input on.
        detach_keys: the bytes that detach; empty when stdin is not a terminal's.
        proxy: called with a signal's name for every signal we get; None to take them ourselves.
        resize: called with (rows, columns) when our terminal changes its size.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        tty: bool,
        stdin: bool,
        detach_keys: bytes = b"",
        proxy: Callable[[str], None] | None = None,
        resize: Callable[[int, int], None] | None = None,
    ) -> None:
        stream.multiplexed = not tty
        self._stream = stream
        self._tty = tty
        self._keys = DetachFilter(detach_keys) if detach_keys else None
        self._proxy = proxy
        self._resize = resize
        self._stdin_open = stdin
        self._pending = b""
        self._interrupts = 0

    def run(self) -> str:
        """Move bytes until the process closes its output; return how it ended.

        Returns:
            ``ENDED``, ``DETACHED`` (by the keys) or ``GIVEN_UP`` (Ctrl-C three times).
        """
        numbers = tuple(_PROXIED) if self._proxy is not None else ()
        if self._resize is not None:
            numbers += (_signal.SIGWINCH,)
        with Signals(numbers) as signals:
            if self._tty and self._stdin_open and os.isatty(0):
                with RawTerminal(0):
                    return self._pump(signals)
            if self._tty and os.isatty(1):
                with RawTerminal(1, output_only=True):
                    return self._pump(signals)
            return self._pump(signals)

    def _pump(self, signals: Signals) -> str:
        from pyminidocker.framing.stdcopy import STDERR, Demultiplexer

        stream, split = self._stream, Demultiplexer()
        os.set_blocking(stream.fileno(), False)
        while True:
            ready = {} if stream.buffered else self._poll(signals)
            if signals.fileno() in ready and (end := self._signalled(signals.read())):
                return end
            detached = 0 in ready and self._stdin_open and self._read_stdin()
            if self._pending:
                self._send()
            if detached:
                _wait_until_read(stream.fileno())
                return DETACHED
            if stream.buffered or ready.get(stream.fileno(), 0) & ~select.POLLOUT:
                try:
                    data = stream.receive()
                except BlockingIOError:
                    continue
                if not data:
                    return ENDED
                if self._tty:
                    write_all(1, data)
                    continue
                for number, piece in split.feed(data):
                    write_all(2 if number == STDERR else 1, piece)

    def _poll(self, signals: Signals) -> dict[int, int]:
        poller = select.poll()
        events = select.POLLIN | (select.POLLOUT if self._pending else 0)
        poller.register(self._stream.fileno(), events)
        poller.register(signals.fileno(), select.POLLIN)
        if self._stdin_open and len(self._pending) < _HIGH_WATER:
            poller.register(0, select.POLLIN)
        return dict(poller.poll())

    def _read_stdin(self) -> bool:
        """Take what was typed; True when it held the detach keys."""
        try:
            data = os.read(0, _CHUNK)
        except OSError:
            data = b""
        if not data:
            self._stdin_open = False
            if not self._pending:
                self._stream.close_stdin()
            return False
        detached = False
        if self._keys is not None:
            data, detached = self._keys.feed(data)
        self._pending += data
        return detached

    def _send(self) -> None:
        """Write what fits; half-close after the last byte of an ended stdin."""
        try:
            sent = os.write(self._stream.fileno(), self._pending)
        except BlockingIOError:
            return
        except OSError:  # the process is gone; its last output may still be on its way
            self._pending, self._stdin_open = b"", False
            return
        self._pending = self._pending[sent:]
        if not self._pending and not self._stdin_open:
            self._stream.close_stdin()

    def _signalled(self, numbers: bytes) -> str:
        for number in numbers:
            if number == _signal.SIGWINCH:
                rows, columns = size()
                if self._resize is not None and rows:
                    _quietly(lambda r=rows, c=columns: self._resize(r, c))  # type: ignore[misc]
                continue
            if number in (_signal.SIGINT, _signal.SIGTERM):
                self._interrupts += 1
                if self._interrupts >= _PATIENCE:
                    return GIVEN_UP
            name = _PROXIED.get(number)
            if name is not None and self._proxy is not None:
                _quietly(lambda n=name: self._proxy(n))  # type: ignore[misc]
        return ""


def _quietly(act: Callable[[], None]) -> None:
    """Do something that may come too late: the process may just have ended."""
    try:
        act()
    except MiniDockerError:
        pass


def _wait_until_read(fd: int) -> None:
    """Wait (not long) until the engine has taken what was typed just before the detach keys.

    It would lose it when it finds, with output at hand, that nobody listens any more.

    See: unix(7), SIOCOUTQ.
    """
    import fcntl
    import termios

    for _ in range(_DRAIN_TRIES):
        if not any(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4))):
            return
        select.select([], [], [], _DRAIN_PAUSE_S)


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``, also to a descriptor that takes it piecewise."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            poller = select.poll()
            poller.register(fd, select.POLLOUT)
            poller.poll()
