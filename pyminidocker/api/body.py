"""A request's body on its way from the socket to a handler, with back-pressure."""

import asyncio
from collections.abc import AsyncIterator, Callable

from pyminidocker.errors import InvalidArgument

HIGH_WATER_BYTES = 1 << 18


class IncomingBody:
    """Collects pieces until a handler takes them; asks the socket to pause when there are many.

    Args:
        pause: called when too much waits.
        resume: called when there is room again.
        on_read: called before the first read (answers ``Expect: 100-continue``).
    """

    __slots__ = (
        "_failed",
        "_finished",
        "_on_read",
        "_pause",
        "_paused",
        "_pieces",
        "_resume",
        "_size",
        "_waiter",
    )

    def __init__(
        self, pause: Callable[[], None], resume: Callable[[], None], on_read: Callable[[], None]
    ) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._finished = self._failed = self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._pause, self._resume, self._on_read = pause, resume, on_read

    @property
    def finished(self) -> bool:
        """Whether the client has sent all of it."""
        return self._finished

    def feed(self, piece: bytes) -> None:
        """Add a piece."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > HIGH_WATER_BYTES and not self._paused:
            self._paused = True
            self._pause()
        self._wake()

    def finish(self) -> None:
        """Note that it is complete."""
        self._finished = True
        self._wake()

    def fail(self) -> None:
        """Note that the client is gone before it was complete."""
        if not self._finished:
            self._failed = True
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def read(self, limit: int) -> bytes:
        """Return the whole body.

        Raises:
            InvalidArgument: more than ``limit`` bytes.
            ConnectionResetError: the client went away.
        """
        data = b""
        async for piece in self.chunks():
            data = data + piece if data else piece
            if len(data) > limit:
                raise InvalidArgument(f"request body is larger than {limit} bytes")
        return data

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            ConnectionResetError: the client went away.
        """
        if not self._finished and not self._pieces:
            self._on_read()
        while True:
            if self._pieces:
                data = b"".join(self._pieces) if len(self._pieces) > 1 else self._pieces[0]
                self._pieces.clear()
                self._size = 0
                if self._paused:
                    self._paused = False
                    self._resume()
                yield data
            elif self._failed:
                raise ConnectionResetError("the client went away in the middle of its request")
            elif self._finished:
                return
            else:
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
