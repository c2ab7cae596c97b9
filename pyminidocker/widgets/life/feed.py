"""Where the diagram has its news from: the engine's events about one container.

The engine remembers its last 256 events, so most lives can be told from their beginning.  Older
ones begin with what ``inspect`` says.
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pyminidocker.errors import NotFound
from pyminidocker.widgets.follow import StreamThread
from pyminidocker.widgets.life.model import Life, Stay, begin

MOST_ROUNDS = 3
Json = Mapping[str, Any]


def seconds_of(text: str) -> float:
    """Return a time of ``inspect`` in seconds since the epoch, 0 for "never"."""
    if not text or text.startswith("0001-"):
        return 0.0
    head, dot, tail = text.rstrip("Z").partition(".")
    moment = datetime.fromisoformat(f"{head}+00:00").timestamp()
    return moment + (float(f"0.{tail}") if dot else 0.0)


class Biographer:
    """Keeps a life up to date; may be asked from several threads.

    Args:
        api: the engine's calls, of a client of its own (``Engine.api.onlooker()``).
        container_id: whose life.

    Attributes:
        life: what is known.

    Raises:
        NotFound: no such container.
    """

    def __init__(self, api: Any, container_id: str) -> None:
        self.api, self.id = api, container_id
        self._lock = threading.RLock()
        self._seen: set[tuple[int, str]] = set()
        self.life: Life = begin(api.container_inspect(container_id))
        self.refresh()

    def refresh(self) -> bool:
        """Read remembered events, then compare with ``inspect``; tell whether anything changed.

        Raises:
            MiniDockerError: the engine does not answer.
        """
        changed = False
        for _ in range(MOST_ROUNDS):
            changed |= self._catch_up()
            known = len(self._seen)
            try:
                attrs = self.api.container_inspect(self.id)
            except NotFound:
                return changed | self._is_gone()
            changed |= self._catch_up()
            with self._lock:
                # Nothing happened while inspect was asked, as far as any thread has heard.
                if len(self._seen) == known:
                    return changed | self._compare(attrs)
        return changed

    def take(self, event: Json) -> bool:
        """Take an event, once; tell whether it changed the state."""
        key = (int(event.get("timeNano") or 0), str(event.get("Action") or ""))
        with self._lock:
            if key in self._seen:
                return False
            self._seen.add(key)
            return self.life.feed(event)

    def _catch_up(self) -> bool:
        filters = {"container": [self.id], "type": ["container"]}
        until = f"{time.time():.6f}"
        past = [*self.api.events(since="1", until=until, filters=filters)]
        # An engine that adds what happened since leaves a gap between the two.
        known = [one for one in past if int(one["timeNano"]) <= float(until) * 1e9]
        return sum(self.take(event) for event in known) > 0

    def _is_gone(self) -> bool:
        self._catch_up()  # its last event may have come in between
        with self._lock:
            return self.life.correct("removed", time.time())

    def _compare(self, attrs: Json) -> bool:
        """Believe ``inspect`` where it differs from what events told."""
        state = attrs["State"]
        with self._lock:
            self.life.take_settings(attrs)
            if not self.life.stays:
                self._remember(attrs)
                return True
            ended = seconds_of(state["FinishedAt"]) or time.time()
            return self.life.correct(state["Status"], ended, int(state["ExitCode"]))

    def _remember(self, attrs: Json) -> None:
        """Begin a life whose events nobody remembers."""
        state, life = attrs["State"], self.life
        life.is_complete = False
        life.restarts = int(attrs.get("RestartCount") or 0)
        life.stays.append(Stay("created", seconds_of(attrs["Created"]), "create"))
        if started := seconds_of(state["StartedAt"]):
            life.stays.append(Stay("running", started, "start"))
        if state["Status"] not in ("created", "running"):
            ended = seconds_of(state["FinishedAt"]) or time.time()
            life.correct(state["Status"], ended, int(state["ExitCode"]))


class Follower(StreamThread):
    """Reads events until it is stopped or the container is gone.

    Args:
        biographer: who is told.
        changed: called, from the thread, after something has changed.
        failed: called with what went wrong, in words.
    """

    NAME, RETRY_S = "lifecycle", 2.0

    def __init__(
        self, biographer: Biographer, changed: Callable[[], None], failed: Callable[[str], None]
    ) -> None:
        super().__init__(changed, failed)
        self._biographer = biographer

    def is_over(self) -> bool:
        """Tell whether the container has been removed."""
        return self._biographer.life.state == "removed"

    def _read(self) -> None:
        query = {"filters": {"container": [self._biographer.id], "type": ["container"]}}
        with self._stream(self._biographer.api, "/events", query) as response:
            if response is None:
                return
            if self._biographer.refresh():  # what happened before the stream was open
                self._changed()
            for event in response.json_lines():
                if self._biographer.take(event):
                    self._changed()
                if self._stopped.is_set() or self.is_over():
                    return
