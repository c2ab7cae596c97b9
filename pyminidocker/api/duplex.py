"""A connection that was taken over: raw bytes in both directions, each with back-pressure.

The client may close its side (the end of stdin) and go on reading; whether it is gone altogether
shows only as EPOLLHUP, for which an epoll set that asks for nothing else is kept on the loop.

See: epoll_ctl(2), EPOLLHUP; shutdown(2).
"""

import asyncio
import fcntl
import select
import termios
from collections.abc import Callable
from typing import Any

from pyminidocker.kernel.fd import send_with_fds

HIGH_WATER_BYTES = 1 << 16
LINGER_S = 5.0
READ_BY_PEER_S = 0.2


class ConnectionDuplex:
    """The raw connection behind an attach or exec.

    Args:
        transport: the connection's transport.
        drain: waits while the client does not read.
        on_hangup: called when the client has closed both directions.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        drain: "Callable[[], Any]",
        on_hangup: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._drain = drain
        self._on_hangup = on_hangup
        self._pieces: list[bytes] = []
        self._size = 0
        self._eof = self._paused = self._discarding = False
        self._waiter: asyncio.Future[None] | None = None
        self._epoll: select.epoll | None = None

    def _fd(self) -> int:
        return int(self._transport.get_extra_info("socket").fileno())

    # -- from the client -----------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Take bytes that arrived."""
        if self._discarding or not data:
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def feed_eof(self) -> None:
        """Note that the client sends no more, and watch for its end."""
        self._eof = True
        self._wake()
        if self._discarding:
            self._transport.close()
        elif not self._transport.is_closing():
            self._watch_hangup()

    def _watch_hangup(self) -> None:
        self._epoll = select.epoll()
        self._epoll.register(self._fd(), 0)
        if self._epoll.poll(0):
            self._hung_up()
        else:
            asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._hung_up)

    def _hung_up(self) -> None:
        self._unwatch()
        self._on_hangup()

    def _unwatch(self) -> None:
        if self._epoll is not None:
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def lost(self) -> None:
        """Note that the connection is closed."""
        self._eof = True
        self._unwatch()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def read(self) -> bytes:
        """Return the next bytes from the client; b"" when it has closed its side."""
        while not self._pieces:
            if self._eof:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return data

    # -- to the client -------------------------------------------------------------------------

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the client is slow."""
        self._transport.write(data)
        await self._drain()

    def send_descriptors(self, data: bytes, fds: list[int]) -> None:
        """Send bytes with copies of file descriptors, past the transport, which knows of no such.

        Nothing else may be on its way: a client that reads it without asking for descriptors loses
        them.  So the client speaks first, when it has read everything up to here.

        Raises:
            OSError: the client has gone.

        See: unix(7), SCM_RIGHTS.
        """
        with self._transport.get_extra_info("socket").dup() as sock:
            send_with_fds(sock, data, fds)

    async def until_read(self) -> None:
        """Wait until the client has read everything sent so far, at most 0.2 s.

        docker-py throws away stream bytes that arrive in one read with the ``101`` head.

        See: ioctl_tty(2), TIOCOUTQ; unix(7).
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + READ_BY_PEER_S
        pause = 0.0
        while not self._transport.is_closing() and loop.time() < until:
            unread = fcntl.ioctl(self._fd(), termios.TIOCOUTQ, b"\0\0\0\0")
            if unread == b"\0\0\0\0":
                return
            await asyncio.sleep(pause)
            pause = 0.0005

    def finish(self) -> None:
        """End our side; close when the client has ended its own, or after five seconds.

        Closing at once, with input still unread, would reset the connection under the client's
        last read.
        """
        self._discarding = True
        self._pieces.clear()
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        if self._eof or self._transport.is_closing():
            self._transport.close()
            return
        self._transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER_S, self._transport.close)
