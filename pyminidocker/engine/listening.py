"""Streams of bytes for a client that listens, until it, or what it listens to, has gone.

A generator function would let go of nothing if it were closed before its first turn, as happens
when a client leaves at once; an object holds its descriptors from the beginning and closes them
whenever it is told to.
"""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator


class Listening(AsyncGenerator[bytes, None]):
    """What all such streams share; a subclass has ``next_piece`` and ``release``."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.is_over = False
        self.is_closed = False
        self._news: asyncio.Future[None] | None = None
        self._watched: list[int] = []

    @abstractmethod
    async def next_piece(self) -> bytes:
        """Return the next piece, empty at the end."""

    @abstractmethod
    def release(self) -> None:
        """Let go of descriptors and timers; called once."""

    def end(self, _: object = None) -> None:
        """Give out what is there, then end; may be a callback of anything."""
        self.is_over = True
        self.wake()

    def wake(self) -> None:
        """Let ``wait`` return."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def wait(self, filenos: list[int], timeout_s: float | None = None) -> None:
        """Wait until a descriptor is readable, ``wake`` is called, or time is up."""
        self._news = self.loop.create_future()
        self._watched = filenos
        for fileno in filenos:
            self.loop.add_reader(fileno, self.wake)
        timer = None if timeout_s is None else self.loop.call_later(timeout_s, self.wake)
        try:
            await self._news
        finally:
            self._news = None
            if timer is not None:
                timer.cancel()
            self._stop_watching()

    def _stop_watching(self) -> None:
        for fileno in self._watched:
            self.loop.remove_reader(fileno)
        self._watched = []

    def close(self) -> None:
        """Let go of everything; safe to repeat."""
        if not self.is_closed:
            self.is_closed = self.is_over = True
            self.wake()
            self._stop_watching()  # before the numbers can be another's
            self.release()

    async def asend(self, value: None, /) -> bytes:
        """Return the next piece."""
        del value
        piece = b"" if self.is_closed else await self.next_piece()
        if piece:
            return piece
        self.close()
        raise StopAsyncIteration

    async def athrow(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: object = None,
        /,
    ) -> bytes:
        """Close, and raise."""
        del tb
        self.close()
        if isinstance(typ, BaseException):
            raise typ
        raise val if isinstance(val, BaseException) else typ()

    async def aclose(self) -> None:
        """Close."""
        self.close()
