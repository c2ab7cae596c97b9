"""Blocking work of a build: in a thread, and waited for even when the build is called off.

A thread cannot be interrupted.  Were the build to end while one still reads the context or a
layer, the descriptors it reads from would be closed beneath it, and their numbers given to others.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], stop: Callable[[], None] | None = None) -> T:
    """Run ``work`` in a thread; when the caller is cancelled, that happens after the thread's end.

    Args:
        work: blocks.
        stop: called when the caller is cancelled; makes ``work`` fail soon.

    Raises:
        Exception: whatever ``work`` raises.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if stop is not None:
            stop()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # nobody is there any more to hear of it
        raise
