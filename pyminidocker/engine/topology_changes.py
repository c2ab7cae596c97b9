"""Telling listeners that the lab's network has changed, and that it is time to look again.

The kernel announces what happens to links, addresses, routes and rules, the engine what happens to
containers and networks; a start is some thirty announcements.  They are collected for a moment and
told as one, so that a listener who reads the whole state each time reads it once.
"""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from pyminidocker.engine.listening import Listening

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.network.changes import Changes

QUIET_S = 0.1  # what comes within it is told as one
NEIGHBOURS_S = 0.5  # the same for ARP tables and what bridges have learned
_TYPES = {"type": ["container", "network"]}


class ChangeStream(Listening):
    """JSON lines ``{"Seq": n}``; the first at once, so that nothing is missed after it."""

    def __init__(self, engine: "Engine", changes: "Changes", siblings: "set[ChangeStream]") -> None:
        super().__init__()
        self._changes = changes
        self._siblings = siblings
        self._sequence = 0
        self._has_event = False
        self._events = engine.events.subscribe(filters=_TYPES)
        self._following = self.loop.create_task(self._follow())
        siblings.add(self)

    async def _follow(self) -> None:
        async for event in self._events:
            if not event.action.startswith("exec_"):
                self._has_event = True
                self.wake()

    def release(self) -> None:
        """Close the netlink sockets and stop listening to the engine."""
        self._siblings.discard(self)
        self._events.close()
        self._following.cancel()
        self._changes.close()

    async def next_piece(self) -> bytes:
        """Return a line when something has changed."""
        from pyminidocker.network.changes import NEIGHBOURS, NOTHING

        while self._sequence and not self.is_closed:
            found = self._changes.drain()
            if self._has_event or found != NOTHING:
                is_minor = found == NEIGHBOURS and not self._has_event
                await asyncio.sleep(NEIGHBOURS_S if is_minor else QUIET_S)
                break
            await self.wait(self._changes.filenos())
        if self.is_closed:
            return b""
        self._has_event = False
        self._changes.drain()
        self._sequence += 1
        return msgspec.json.encode({"Seq": self._sequence}) + b"\n"
