"""The guest's serial lines, seen from the host.

Each is one end of a socket pair whose other end qemu has: nothing is left on disk, and when qemu
ends, whatever way, the line ends too.
"""

import base64
import os
import select
import socket
import threading
import time
from dataclasses import dataclass, field

from pyminidocker.errors import Unavailable

_SHOWN_LINES = 5
_PANIC = "Kernel panic"  # says why; registers and addresses follow


@dataclass(slots=True)
class _Source:
    """A line that is listened to."""

    socket: socket.socket
    text: bytearray = field(default_factory=bytearray)
    dates: list[tuple[int, float]] = field(default_factory=list)  # (bytes so far, when)


class Listener:
    """Keeps what arrives on some lines, and when: a thread of its own, so that nobody has to wait.

    Args:
        sockets: the lines by name.
    """

    def __init__(self, sockets: dict[str, socket.socket]) -> None:
        self._sources = {name: _Source(line) for name, line in sockets.items()}
        self._news = threading.Condition()
        self._open = len(sockets)
        self._thread = threading.Thread(target=self._listen, name="vm-lines", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        poll = select.poll()
        by_fd = {source.socket.fileno(): source for source in self._sources.values()}
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        while by_fd:
            for fd, _ in poll.poll():
                try:
                    data = os.read(fd, 1 << 16)
                except OSError:
                    data = b""
                now = time.monotonic()
                with self._news:
                    if data:
                        source = by_fd[fd]
                        source.text += data
                        source.dates.append((len(source.text), now))
                    else:
                        poll.unregister(fd)
                        del by_fd[fd]
                        self._open -= 1
                    self._news.notify_all()

    def text(self, name: str) -> str:
        """Return everything a line has said so far."""
        with self._news:
            return self._sources[name].text.decode(errors="replace").replace("\r\n", "\n")

    def when(self, name: str, words: bytes) -> float | None:
        """Return the moment at which ``words`` first were on a line; None when they were not."""
        with self._news:
            return self._when(name, words)

    def _when(self, name: str, words: bytes) -> float | None:
        source = self._sources[name]
        place = source.text.find(words)
        if place < 0:
            return None
        return next(date for size, date in source.dates if size >= place + len(words))

    def wait_for(self, name: str, words: bytes, timeout_s: float) -> float | None:
        """Wait until ``words`` are on a line and return when they came.

        Returns:
            None when the time is over, or all lines have ended.
        """
        until = time.monotonic() + timeout_s
        with self._news:
            while (date := self._when(name, words)) is None:
                left = until - time.monotonic()
                if left <= 0 or not self._open:
                    return None
                self._news.wait(left)
            return date

    @property
    def has_ended(self) -> bool:
        """Whether all the lines were closed at the other end."""
        with self._news:
            return not self._open

    def last_words(self) -> str:
        """Return the last lines of the first that said anything, for an error's message."""
        for name in self._sources:
            lines = [line for line in self.text(name).splitlines() if line.strip()]
            for line in lines:
                if _PANIC in line:
                    return line
            if lines:
                return "\n".join(lines[-_SHOWN_LINES:])
        return ""

    def close(self) -> None:
        """Wait for the thread, which ends when qemu has, and close the sockets."""
        self._thread.join()
        for source in self._sources.values():
            source.socket.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command in the guest left behind."""

    code: int
    stdout: bytes
    stderr: bytes


class CommandLine:
    """The second serial line: commands go in, answers come out (see guest.py).

    Args:
        line: our end.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._received = b""

    def run(self, command: str, timeout_s: float, grace_s: float = 30.0) -> Answer:
        """Run a shell command in the guest and wait for its end.

        Args:
            command: a script for the guest's shell.
            timeout_s: after this time the guest kills it.
            grace_s: how much longer the guest may take to say so.

        Raises:
            Unavailable: the guest does not answer, or is gone.
        """
        token = os.urandom(6).hex()
        script = base64.b64encode(command.encode(errors="surrogateescape") + b"\n").decode()
        until = time.monotonic() + timeout_s + grace_s
        self._send(f"{token} {max(1, round(timeout_s))} {script}\n".encode(), until)
        while True:
            words = self._read_line(until).split()
            if len(words) == 4 and words[0] == token.encode():
                break  # an older line is the answer to a command that was given up
        code, out_size, err_size = (int(word) for word in words[1:])
        return Answer(code, self._read(out_size, until), self._read(err_size, until))

    def close(self) -> None:
        """Close our end."""
        self._line.close()

    def _send(self, data: bytes, until: float) -> None:
        while data:
            self._wait(select.POLLOUT, until)
            try:
                data = data[self._line.send(data) :]
            except OSError as error:
                raise Unavailable("the virtual machine has ended") from error

    def _read_line(self, until: float) -> bytes:
        while b"\n" not in self._received:
            self._receive(until)
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _read(self, size: int, until: float) -> bytes:
        while len(self._received) < size:
            self._receive(until)
        data, self._received = self._received[:size], self._received[size:]
        return data

    def _receive(self, until: float) -> None:
        self._wait(select.POLLIN, until)
        try:
            data = self._line.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            raise Unavailable("the virtual machine has ended")
        self._received += data

    def _wait(self, event: int, until: float) -> None:
        poll = select.poll()
        poll.register(self._line, event)
        if not poll.poll(max(0.0, until - time.monotonic()) * 1e3):
            raise Unavailable("the virtual machine does not answer in time")
