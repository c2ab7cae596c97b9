"""Standard streams of a process: pipes or a pty on the loop, the log, and who listens.

A ``Hub`` belongs to one container (for all of its lives) or to one exec.  Output goes to the log
and to every subscription; input waits in the hub until the process is there and can take it.  A
subscriber that does not keep up makes the hub stop reading once a megabyte waits for it, so that
the process blocks instead of the engine growing (dockerd does the same).
"""

import asyncio
import errno
import logging
import os
from collections import deque
from collections.abc import AsyncIterator

from pyminidocker.engine.logs import LogWriter
from pyminidocker.engine.stdin import Stdin
from pyminidocker.kernel import terminal
from pyminidocker.kernel.libc import SyscallError

LOG = logging.getLogger("minidockerd")
STDOUT = 1
STDERR = 2
HIGH_WATER = 1 << 20  # bytes waiting for one subscriber before its hub stops reading
LOW_WATER = HIGH_WATER // 2
_CHUNK = 64 * 1024


class Hub:
    """Where a process's output goes and its input comes from.

    Args:
        log: takes all output as well; None for an exec.

    Attributes:
        log_followers: woken when the log grew or the process ended.
        is_connected: a process's streams are here.
        stdin: its input.
        size: (rows, columns) of its terminal last asked for; (0, 0) = never.
    """

    __slots__ = (
        "_console",
        "_loop",
        "_outputs",
        "_paused",
        "_subscriptions",
        "is_connected",
        "log",
        "log_followers",
        "size",
        "stdin",
    )

    def __init__(self, log: LogWriter | None = None) -> None:
        self.log = log
        self.log_followers: set[asyncio.Event] = set()
        self.is_connected = False
        self.stdin = Stdin()
        self.size = (0, 0)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._outputs: dict[int, int] = {}  # fd -> stream
        self._console = -1
        self._subscriptions: list[Subscription] = []
        self._paused = False

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
        self._console = console
        if console >= 0:
            stdin, stdout = console, console
        if stdin >= 0:
            os.set_blocking(stdin, False)
        for fd, stream in ((stdout, STDOUT), (stderr, STDERR)):
            if fd >= 0:
                os.set_blocking(fd, False)
                self._outputs[fd] = stream
                loop.add_reader(fd, self._read, fd, stream)
        if console >= 0 and self.size != (0, 0):
            self._apply_size()
        self.stdin.connect(stdin, is_terminal=console >= 0)

    def finish(self) -> None:
        """The process is gone, or will never be: read what is left, close, end subscriptions."""
        self.is_connected = False
        for fd, stream in list(self._outputs.items()):
            while fd in self._outputs and self._read(fd, stream):
                pass
            self._close_output(fd)
        self.stdin.disconnect()
        if self._console >= 0:
            os.close(self._console)
            self._console = -1
        self._paused = False
        if self.log is not None:
            self.log.finish()
        self._end_subscriptions()
        self.wake_followers()

    def wake_followers(self) -> None:
        """Tell readers of the log that there may be more, or that it is over."""
        for follower in self.log_followers:
            follower.set()

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
        if fd != self._console:
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
                self._loop.add_reader(fd, self._read, fd, stream)

    # -- the terminal's size ------------------------------------------------------------------

    def resize(self, rows: int, cols: int) -> None:
        """Set the terminal's size; remembered when the process has not started yet."""
        self.size = (rows, cols)
        if self._console >= 0:
            self._apply_size()

    def _apply_size(self) -> None:
        try:
            terminal.set_size(self._console, *self.size)
        except SyscallError:
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

    def _end_subscriptions(self) -> None:
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()


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
