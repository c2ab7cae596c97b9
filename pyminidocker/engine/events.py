"""What happened, told to everybody who listens (``docker events``), and the recent past."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine import filters as matching
from pyminidocker.engine.records import Event
from pyminidocker.errors import InvalidArgument

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]

REMEMBERED = 256  # as dockerd
KNOWN_FILTERS = frozenset(
    ("type", "event", "container", "image", "network", "volume", "label", "daemon", "scope")
)
# These actions carry detail behind a colon ("exec_start: sh"), so a filter names their beginning.
_FUZZY_ACTIONS = frozenset(("health_status", "exec_create", "exec_start"))


class Events:
    """The engine's event bus; it remembers the last 256 events, as dockerd does."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._past: deque[Event] = deque(maxlen=REMEMBERED)
        self._listeners: set[EventStream] = set()

    def emit(self, kind: str, action: str, actor_id: str, attributes: Mapping[str, str]) -> None:
        """Tell all subscribers.

        Args:
            kind: container, image, network, volume or daemon.
            action: Docker's word: create, start, die, ...
            actor_id: id or name of the object.
            attributes: Docker's attributes of it; not copied, so hand over a fresh mapping.
        """
        event = Event(kind, action, actor_id, dict(attributes), time.time_ns())
        self._past.append(event)
        for listener in self._listeners:
            listener.offer(event)

    def subscribe(
        self, *, since: float = 0.0, until: float = 0.0, filters: Filters | None = None
    ) -> "EventStream":
        """Iterate over events; subscribed when this returns.

        Args:
            since: first those remembered from this time on, seconds since the epoch.
            until: end at this time; a time in the past gives only remembered ones.
            filters: type, event, container, image, network, volume, label, daemon, scope.

        Raises:
            InvalidArgument: an unknown filter.
        """
        wanted = filters or {}
        for name in wanted:
            if name not in KNOWN_FILTERS:
                raise InvalidArgument(f"Invalid filter '{name}'")
        stream = EventStream(self._listeners, wanted)
        if since or until:
            for event in self._past:
                moment = event.time_ns / 1e9
                if moment >= since and (not until or moment <= until):
                    stream.offer(event)
        if until and until <= time.time():
            stream.close()  # only what was; news would come after a gap
            return stream
        self._listeners.add(stream)
        if until:
            stream.end_at(until)
        return stream


class EventStream(AsyncIterator[Event]):
    """An asynchronous iterator over events; ``close`` ends it."""

    def __init__(self, listeners: "set[EventStream]", filters: Filters) -> None:
        self._listeners = listeners
        self._filters = filters
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False

    def offer(self, event: Event) -> None:
        """Put ``event`` in line when the filters let it through."""
        if matches(event, self._filters):
            self._queue.put_nowait(event)

    def end_at(self, moment: float) -> None:
        """End the iteration at this time, seconds since the epoch."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, moment - time.time()), self.close)

    def close(self) -> None:
        """Stop listening; what is in line is still given out."""
        if not self._ended:
            self._ended = True
            self._listeners.discard(self)
            self._queue.put_nowait(None)
            if self._timer is not None:
                self._timer.cancel()

    async def __anext__(self) -> Event:
        event = await self._queue.get()
        if event is None:
            self._queue.put_nowait(None)  # so that a second call ends as well
            raise StopAsyncIteration
        return event


def matches(event: Event, filters: Filters) -> bool:
    """Tell whether an event passes Docker's filters (moby daemon/events/filter.go)."""
    if not filters:
        return True
    attributes = event.attributes
    wanted = filters.get("type")
    if wanted and event.type not in wanted:
        return False
    wanted = filters.get("event")
    if wanted and not _action_matches(event.action, wanted):
        return False
    if not matching.labels_match(attributes, filters.get("label", ())):
        return False
    wanted = filters.get("scope")
    if wanted and "local" not in wanted:
        return False
    for kind in ("container", "network", "volume", "daemon"):
        wanted = filters.get(kind)
        if wanted and not (
            event.type == kind
            and any(
                event.actor_id.startswith(value) or attributes.get("name", "").startswith(value)
                for value in wanted
            )
        ):
            return False
    wanted = filters.get("image")
    return not wanted or _image_matches(event, wanted)


def _action_matches(action: str, wanted: Sequence[str]) -> bool:
    if _FUZZY_ACTIONS.intersection(wanted):
        return any(action.startswith(value) for value in wanted)
    return action in wanted


def _image_matches(event: Event, wanted: Sequence[str]) -> bool:
    name = event.attributes.get("name" if event.type == "image" else "image", "")
    names = {event.actor_id, name, _without_tag(event.actor_id), _without_tag(name)}
    return not names.isdisjoint(wanted)


def _without_tag(name: str) -> str:
    head, _, tail = name.rpartition(":")
    return head if head and "/" not in tail else name
