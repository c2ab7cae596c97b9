"""Where a gauge has its readings from: the engine's stats, several times a second."""

import threading
import time
from collections.abc import Callable
from typing import Any

from pyminidocker.client.stats import of_row
from pyminidocker.errors import NotFound
from pyminidocker.widgets.follow import StreamThread
from pyminidocker.widgets.life.feed import seconds_of
from pyminidocker.widgets.meters.model import End, Run


class Reader(StreamThread):
    """Reads until it is stopped or the container is removed.

    Args:
        api: the engine's calls, of a client of its own (``Engine.api.onlooker()``).
        container_id: which container.
        run: takes the readings.
        interval_s: from one reading to the next.
        changed: called, from the thread, after each.
        failed: called with what went wrong, in words.
    """

    NAME, RETRY_S = "gauge", 1.0

    def __init__(
        self,
        api: Any,
        container_id: str,
        run: Run,
        interval_s: float,
        changed: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        super().__init__(changed, failed)
        self._api, self._id, self._model, self._interval_s = api, container_id, run, interval_s
        self._is_removed = False
        self.ended = threading.Event()  # set when a run has ended

    def is_over(self) -> bool:
        """Tell whether the container has been removed."""
        return self._is_removed

    def _run(self) -> None:
        super()._run()
        self.ended.set()

    def _read(self) -> None:
        try:
            self._read_stats()
        except NotFound:
            self._is_removed = True

    def _read_stats(self) -> None:
        query = {"name": self._id, "stream": True, "interval": self._interval_s}
        with self._stream(self._api, "/minidocker/stats", query) as response:
            if response is None:
                return
            for rows in response.json_lines():
                if self._stopped.is_set():
                    return
                if rows and "Time" in rows[0]:
                    self.ended.clear()
                    self._model.feed(of_row(rows[0]))
                    self._model.status = rows[0]["Status"]
                    self._changed()
                elif not self.ended.is_set():
                    self._close_run()  # of one that never ran nothing has ended
        self._is_removed = True

    def _close_run(self) -> None:
        """Ask how it ended."""
        attrs = self._api.container_inspect(self._id)
        state = attrs["State"]
        self._model.status = state["Status"]
        if finished := seconds_of(state["FinishedAt"]):
            moment = finished if self._model.readings else time.time()
            self._model.end = End(moment, int(state["ExitCode"]), bool(state["OOMKilled"]))
            self.ended.set()
        self._changed()

    def wait(self, timeout_s: float) -> bool:
        """Wait until a run has ended, and its end is known; tell whether that is so."""
        deadline = time.monotonic() + timeout_s
        while self.ended.wait(max(0.0, deadline - time.monotonic())):
            try:
                state = self._api.container_inspect(self._id)["State"]
            except NotFound:
                return True
            if not state["Running"]:
                return True
            self.ended.clear()  # that was an earlier run; this one's end is told by the stream
        return False
