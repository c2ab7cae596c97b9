"""What attach, exec, logs and events share: attachments become connections."""

import asyncio
from collections.abc import Awaitable, Callable

from pyminidocker.api.message import Duplex, Request
from pyminidocker.engine.attachment import Attachment
from pyminidocker.framing.http import MULTIPLEXED_STREAM, RAW_STREAM
from pyminidocker.framing.stdcopy import frame


def content_type(request: Request, *, tty: bool) -> str:
    """Return what kind of stream follows; clients of API 1.41 are always told "raw"."""
    return RAW_STREAM if tty or request.versioned else MULTIPLEXED_STREAM


async def connect(
    duplex: Duplex,
    attachment: Attachment,
    start: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Carry bytes between a client and a process until one of them is done.

    Args:
        duplex: the client.
        attachment: the process; closed at the end.
        start: begins the process, once everything is connected; what it raises is told to the
            client as output, because the head of the answer is long gone.
    """
    reading = asyncio.create_task(_carry_input(duplex, attachment))
    try:
        if start is not None:
            # A client that leaves now must not leave a half-started process behind.
            starting = asyncio.ensure_future(start())
            starting.add_done_callback(_look_at)
            try:
                await asyncio.shield(starting)
            except Exception as error:  # noqa: BLE001 - told to the client
                text = f"{error}\r\n".encode()
                await duplex.write(text if attachment.tty else frame(1, text))
                return
        async for stream, data in attachment:
            await duplex.write(data if attachment.tty else frame(stream, data))
    finally:
        reading.cancel()
        attachment.close()


def _look_at(starting: "asyncio.Future[None]") -> None:
    """Take note of how a start ended, which nobody else may be there to do."""
    if not starting.cancelled():
        starting.exception()


async def _carry_input(duplex: Duplex, attachment: Attachment) -> None:
    while data := await duplex.read():
        await attachment.write(data)
    attachment.write_eof()
