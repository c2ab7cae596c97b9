"""Standard streams of a process: pipes or a pty on the loop, the log, and who listens.

A ``Hub`` belongs to one container (for all of its lives) or to one exec.  Output goes to the log
and to every subscription; input waits in the hub until the process is there and can take it.  A
subscriber that does not keep up makes the hub stop reading once a megabyte waits for it, so that
the process blocks instead of the engine growing (dockerd does the same).
"""

import asyncio
import errno
import fcntl
import logging
import os
import struct
import termios
from collections import deque
from collections.abc import AsyncIterator

from pyminidocker.engine.logs import LogWriter

LOG = logging.getLogger("minidockerd")
STDOUT = 1
STDERR = 2
HIGH_WATER = 1 << 20  # bytes waiting for one subscriber before its hub stops reading
LOW_WATER = HIGH_WATER // 2
INPUT_LIMIT = 64 * 1024  # bytes of stdin held for a process that does not read
_CHUNK = 64 * 1024


class Hub:
    """Where a process's output goes and its input comes from.

    Args:
        log: takes all output as well; None for an exec.

    Attributes:
        log_followers: woken when the log grew or the process ended.
        is_connected: a process's streams are here.
    """

    __slots__ = (
        "_closing_stdin",
        "_console",
        "_input",
        "_input_room",
        "_input_size",
        "_is_writing",
        "_loop",
        "_outputs",
        "_paused",
        "_size",
        "_stdin",
        "_subscriptions",
        "is_connected",
        "log",
        "log_followers",
    )

    def __init__(self, log: LogWriter | None = None) -> None:
        self.log = log
        self.log_followers: set[asyncio.Event] = set()
        self.is_connected = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._outputs: dict[int, int] = {}  # fd -> stream
        self._stdin = -1
        self._console = False
        self._subscriptions: list[Subscription] = []
        self._paused = False
        self._input: deque[bytes] = deque()
        self._input_size = 0
        self._input_room: asyncio.Event | None = None
        self._closing_stdin = False
        self._is_writing = False
        self._size = (0, 0)

    # -- the process's side -------------------------------------------------------------------

    def connect(
        self, *, stdin: int = -1, stdout: int = -1, stderr: int = -1, console: int = -1
    ) -> None:
        """Take over the engine's ends of a process's streams; all are made non-blocking.

        Args:
            stdin: writing end of its stdin, -1 = it has none.
            stdout: reading end of its stdout, -1 = none.
            stderr: reading end of its stderr, -1 = none.
            console: master side of its terminal, instead of the three.
        """
        loop = self._loop = asyncio.get_running_loop()
        self.is_connected = True
        self._console = console >= 0
        if console >= 0:
            stdin, stdout = console, console
        for fd, stream in ((stdout, STDOUT), (stderr, STDERR)):
            if fd >= 0:
                os.set_blocking(fd, False)
                self._outputs[fd] = stream
                loop.add_reader(fd, self._on_readable, fd, stream)
        self._stdin = stdin
        if stdin >= 0 and not self._console:
            os.set_blocking(stdin, False)
        if self._console and self._size != (0, 0):
            self._apply_size()
        if stdin < 0:
            self._drop_input()
        elif self._input or self._closing_stdin:
            self._flush_input()

    def finish(self) -> None:
        """The process is gone: read what is left, close everything, end all subscriptions."""
        self.is_connected = False
        for fd, stream in list(self._outputs.items()):
            while fd in self._outputs and self._read(fd, stream):
                pass
            self._close_output(fd)
        self._close_input()
        self._drop_input()
        self._closing_stdin = False
        self._console = False
        self._paused = False
        if self.log is not None:
            self.log.finish()
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()
        self.wake_followers()

    def wake_followers(self) -> None:
        """Tell readers of the log that there may be more, or that it is over."""
        for follower in self.log_followers:
            follower.set()

    def _on_readable(self, fd: int, stream: int) -> None:
        self._read(fd, stream)

    def _read(self, fd: int, stream: int) -> bool:
        """Pass on one chunk; tell whether there may be more at once."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.EIO:  # the last process with the terminal open is gone
                LOG.error("cannot read the output of a process: %s", error.strerror)
            data = b""
        if not data:
            self._close_output(fd)
            return False
        if self.log is not None:
            self.log.write(stream, data)
            if self.log_followers:
                self.wake_followers()
        for subscription in self._subscriptions:
            subscription.feed(stream, data)
            if subscription.waiting_bytes > HIGH_WATER and self.is_connected:
                self._pause()
        return True

    def _close_output(self, fd: int) -> None:
        if self._outputs.pop(fd, None) is None:
            return
        if self._loop is not None:
            self._loop.remove_reader(fd)
        if not (self._console and fd == self._stdin):
            os.close(fd)

    def _pause(self) -> None:
        if not self._paused and self._loop is not None:
            self._paused = True
            for fd in self._outputs:
                self._loop.remove_reader(fd)

    def resume(self) -> None:
        """Read again, when no subscriber is too far behind any more."""
        if not self._paused or self._loop is None:
            return
        if all(item.waiting_bytes <= LOW_WATER for item in self._subscriptions):
            self._paused = False
            for fd, stream in self._outputs.items():
                self._loop.add_reader(fd, self._on_readable, fd, stream)

    # -- input --------------------------------------------------------------------------------

    async def write_stdin(self, data: bytes) -> None:
        """Give ``data`` to the process's stdin, waiting while too much waits there already.

        Before the process starts the data is kept for it; when it is gone, or has no stdin, the
        data is dropped.
        """
        while self._input_size > INPUT_LIMIT:
            if self._input_room is None:
                self._input_room = asyncio.Event()
            self._input_room.clear()
            await self._input_room.wait()
        if self._closing_stdin or (self.is_connected and self._stdin < 0):
            return
        self._input.append(data)
        self._input_size += len(data)
        if self.is_connected and not self._is_writing:
            self._flush_input()

    def close_stdin(self) -> None:
        """Close the process's stdin after what was written; nothing happens to a terminal."""
        if self._console:
            return
        self._closing_stdin = True
        if self.is_connected and not self._is_writing:
            self._flush_input()

    def _flush_input(self) -> None:
        while self._input:
            data = self._input[0]
            try:
                written = os.write(self._stdin, data)
            except BlockingIOError:
                self._wait_writable()
                return
            except OSError:  # EPIPE, EIO: nobody reads there any more
                self._close_input()
                self._drop_input()
                return
            self._input_size -= written
            if written < len(data):
                self._input[0] = data[written:]
                self._wait_writable()
                return
            self._input.popleft()
        self._stop_writing()
        if self._input_room is not None:
            self._input_room.set()
        if self._closing_stdin and not self._console:
            self._close_input()

    def _wait_writable(self) -> None:
        if not self._is_writing and self._loop is not None:
            self._is_writing = True
            self._loop.add_writer(self._stdin, self._flush_input)
        if self._input_room is not None and self._input_size <= INPUT_LIMIT:
            self._input_room.set()

    def _stop_writing(self) -> None:
        if self._is_writing and self._loop is not None:
            self._is_writing = False
            self._loop.remove_writer(self._stdin)

    def _close_input(self) -> None:
        if self._stdin < 0:
            return
        self._stop_writing()
        fd, self._stdin = self._stdin, -1
        if fd in self._outputs:  # a terminal whose output is still read: one descriptor for both
            self._stdin = fd
            return
        os.close(fd)

    def _drop_input(self) -> None:
        self._input.clear()
        self._input_size = 0
        if self._input_room is not None:
            self._input_room.set()

    # -- the terminal's size ------------------------------------------------------------------

    def resize(self, rows: int, cols: int) -> None:
        """Set the terminal's size; remembered when the process has not started yet."""
        self._size = (rows, cols)
        if self._console and self._stdin >= 0:
            self._apply_size()

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns) last asked for; (0, 0) = never."""
        return self._size

    def _apply_size(self) -> None:
        rows, cols = self._size
        try:
            fcntl.ioctl(self._stdin, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        except OSError:
            pass  # the terminal went away meanwhile

    # -- subscribers --------------------------------------------------------------------------

    def subscribe(self, *, stdout: bool = True, stderr: bool = True) -> "Subscription":
        """Register a receiver now; nothing written from now on is lost to it.

        The subscription ends (StopAsyncIteration) when the process and its pipes are gone.  With
        a terminal everything arrives as stdout.
        """
        subscription = Subscription(self, stdout=stdout, stderr=stderr)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: "Subscription") -> None:
        """Forget a receiver."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self.resume()

    def abandon(self) -> None:
        """End all subscriptions of a process that will never start."""
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()
        self._drop_input()
        self._closing_stdin = False


class Subscription(AsyncIterator[tuple[int, bytes]]):
    """An asynchronous iterator over (stream, bytes); stream is STDOUT or STDERR.

    Attributes:
        waiting_bytes: how much has not been fetched yet.
    """

    __slots__ = ("_chunks", "_ended", "_hub", "_streams", "_waiter", "waiting_bytes")

    def __init__(self, hub: Hub, *, stdout: bool, stderr: bool) -> None:
        self._hub = hub
        self._streams = (STDOUT if stdout else 0, STDERR if stderr else 0)
        self._chunks: deque[tuple[int, bytes]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self.waiting_bytes = 0

    def feed(self, stream: int, data: bytes) -> None:
        """Put a chunk in line (the hub's side)."""
        if stream in self._streams and not self._ended:
            self._chunks.append((stream, data))
            self.waiting_bytes += len(data)
            self._wake()

    def end(self) -> None:
        """No more will come (the hub's side); what is in line is still given out."""
        self._ended = True
        self._wake()

    def close(self) -> None:
        """Stop receiving; a reader that waits is let go with StopAsyncIteration."""
        self._chunks.clear()
        self.waiting_bytes = 0
        self.end()
        self._hub.unsubscribe(self)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def __anext__(self) -> tuple[int, bytes]:
        while not self._chunks:
            if self._ended:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        stream, data = self._chunks.popleft()
        self.waiting_bytes -= len(data)
        if self.waiting_bytes <= LOW_WATER:
            self._hub.resume()
        return stream, data
