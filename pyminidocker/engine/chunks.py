"""Streams of bytes between a thread that blocks and the loop that must not.

Both directions hold a bounded number of chunks, so that a slow client slows the disk down instead
of filling memory; either side may give up, and the other notices.
"""

import asyncio
import io
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator

from pyminidocker.errors import SystemFailure

LIMIT = 16  # chunks in between
CHUNK_BYTES = 64 * 1024


class GivenUp(Exception):
    """The reader does not want any more."""


class Outgoing(AsyncIterator[bytes]):
    """Chunks made by a thread, fetched on the loop.

    The thread calls ``put`` and at last ``finish``; the loop iterates, or gives up by ``close``.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._condition = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._error: BaseException | None = None
        self._is_finished = False
        self._is_closed = False
        self._ready = asyncio.Event()

    def put(self, chunk: bytes) -> None:
        """Hand over a chunk, waiting while too many are in between (the thread's side).

        Raises:
            GivenUp: nobody reads any more.
        """
        with self._condition:
            while len(self._chunks) >= LIMIT and not self._is_closed:
                self._condition.wait()
            if self._is_closed:
                raise GivenUp
            self._chunks.append(chunk)
        self._loop.call_soon_threadsafe(self._ready.set)

    def feed(self, chunks: Iterator[bytes]) -> None:
        """Hand over all of ``chunks``, then finish; errors come out at the reader's side."""
        try:
            gathered = bytearray()
            for chunk in chunks:
                if not gathered and len(chunk) >= CHUNK_BYTES:
                    self.put(chunk)  # large as it is: no need to copy it
                    continue
                gathered += chunk
                if len(gathered) >= CHUNK_BYTES:
                    self.put(bytes(gathered))
                    gathered.clear()
            if gathered:
                self.put(bytes(gathered))
        except GivenUp:
            self.finish()
        except OSError as error:
            self.finish(
                SystemFailure(f"cannot read {error.filename or 'a file'}: {error.strerror}")
            )
        except BaseException as error:  # noqa: BLE001 - raised where the stream is read
            self.finish(error)
        else:
            self.finish()

    def finish(self, error: BaseException | None = None) -> None:
        """No more will come (the thread's side)."""
        with self._condition:
            self._is_finished = True
            self._error = error
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ready.set)

    def close(self) -> None:
        """Give up reading; the thread is let go at its next ``put``."""
        with self._condition:
            self._is_closed = True
            self._chunks.clear()
            self._condition.notify_all()

    async def aclose(self) -> None:
        """Give up reading, as with a generator: whoever reads calls it at the end, come what may.

        The thread itself keeps this object alive, so nothing else would tell it.
        """
        self.close()

    def __del__(self) -> None:
        self.close()

    async def __anext__(self) -> bytes:
        while True:
            self._ready.clear()
            with self._condition:
                if self._chunks:
                    chunk = self._chunks.popleft()
                    self._condition.notify_all()
                    return chunk
                if self._error is not None:
                    raise self._error
                if self._is_finished or self._is_closed:
                    raise StopAsyncIteration
            await self._ready.wait()


class Incoming(io.RawIOBase):
    """Chunks that arrive on the loop, read by a thread as a file."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._is_finished = False
        self._is_abandoned = False
        self._room = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def pour(self, chunks: AsyncIterator[bytes]) -> None:
        """Hand over all of ``chunks``; what the reader does not want is still taken and dropped."""
        try:
            async for chunk in chunks:
                while True:
                    self._room.clear()
                    with self._condition:
                        if self._is_abandoned:
                            break
                        if len(self._chunks) < LIMIT:
                            self._chunks.append(chunk)
                            self._condition.notify_all()
                            break
                    await self._room.wait()
        finally:
            with self._condition:
                self._is_finished = True
                self._condition.notify_all()

    def abandon(self) -> None:
        """The reader is done (the thread's side)."""
        with self._condition:
            self._is_abandoned = True
            self._chunks.clear()
        self._loop.call_soon_threadsafe(self._room.set)

    def readable(self) -> bool:
        """Say that this file can be read."""
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Wait for bytes and put them into ``buffer``; 0 at the end."""
        with self._condition:
            while not self._chunks and not self._is_finished:
                self._condition.wait()
            if not self._chunks:
                return 0
            chunk = self._chunks.popleft()
            size = min(len(buffer), len(chunk))
            if size < len(chunk):
                self._chunks.appendleft(chunk[size:])
        buffer[:size] = chunk[:size]
        self._loop.call_soon_threadsafe(self._room.set)
        return size
