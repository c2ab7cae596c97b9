"""The engine's side of a process's standard input: kept until it can be taken, then in order."""

import asyncio
import os
from collections import deque

LIMIT = 64 * 1024  # bytes held for a process that does not read


class Stdin:
    """Input for one process after another (a container's lives), never blocking the loop.

    Before the process starts everything is kept for it, its end as well; when it is gone, or has no
    stdin, input is dropped.
    """

    __slots__ = (
        "_chunks",
        "_fd",
        "_is_connected",
        "_is_ending",
        "_is_terminal",
        "_is_writing",
        "_loop",
        "_room",
        "_size",
    )

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fd = -1
        self._is_terminal = False
        self._is_connected = False
        self._is_ending = False
        self._is_writing = False
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._room: asyncio.Event | None = None

    def connect(self, fd: int, *, is_terminal: bool = False) -> None:
        """Take over the writing end, non-blocking, of a process that starts.

        Args:
            fd: -1 = it has no stdin.
            is_terminal: the descriptor stays the caller's, and the input's end means nothing.
        """
        self._loop = asyncio.get_running_loop()
        self._fd = fd
        self._is_terminal = is_terminal
        self._is_connected = True
        if fd < 0:
            self._drop()
        elif self._chunks or self._is_ending:
            self._flush()

    def disconnect(self) -> None:
        """The process is gone, or will never be."""
        self._close()
        self._drop()
        self._is_connected = False
        self._is_ending = False
        self._is_terminal = False

    async def write(self, data: bytes) -> None:
        """Give ``data`` to the process, waiting while too much waits there already."""
        while self._size > LIMIT:
            if self._room is None:
                self._room = asyncio.Event()
            self._room.clear()
            await self._room.wait()
        if self._is_ending or (self._is_connected and self._fd < 0):
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._is_connected and not self._is_writing:
            self._flush()

    def end(self) -> None:
        """Close the process's stdin after what was written; nothing happens to a terminal."""
        if self._is_terminal:
            return
        self._is_ending = True
        if self._is_connected and not self._is_writing:
            self._flush()

    def _flush(self) -> None:
        while self._chunks and self._fd >= 0:
            data = self._chunks[0]
            try:
                written = os.write(self._fd, data)
            except BlockingIOError:
                self._wait_writable()
                return
            except OSError:  # EPIPE, EIO: nobody reads there any more
                self._close()
                self._drop()
                return
            self._size -= written
            if written < len(data):
                self._chunks[0] = data[written:]
                self._wait_writable()
                return
            self._chunks.popleft()
        self._stop_writing()
        self._tell_room()
        if self._is_ending and not self._is_terminal:
            self._close()

    def _wait_writable(self) -> None:
        if not self._is_writing and self._loop is not None:
            self._is_writing = True
            self._loop.add_writer(self._fd, self._flush)
        if self._size <= LIMIT:
            self._tell_room()

    def _stop_writing(self) -> None:
        if self._is_writing and self._loop is not None:
            self._is_writing = False
            self._loop.remove_writer(self._fd)

    def _tell_room(self) -> None:
        if self._room is not None:
            self._room.set()

    def _close(self) -> None:
        if self._fd < 0:
            return
        self._stop_writing()
        fd, self._fd = self._fd, -1
        if not self._is_terminal:
            os.close(fd)

    def _drop(self) -> None:
        self._chunks.clear()
        self._size = 0
        self._tell_room()
