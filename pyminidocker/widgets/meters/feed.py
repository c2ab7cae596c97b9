"""Where a gauge has its readings from: the engine's stats, several times a second."""

import threading
import time
from collections.abc import Callable
from typing import Any

from pyminidocker.client.stats import of_row
from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.widgets.life.feed import seconds_of
from pyminidocker.widgets.meters.model import End, Run
from pyminidocker.widgets.wiring.feed import hang_up

RETRY_S = 1.0


class Reader:
    """Reads in a thread of its own, until it is stopped or the container is removed.

    Args:
        api: the engine's calls, of a client of its own (``Engine.api.onlooker()``).
        container_id: which container.
        run: takes the readings.
        interval_s: from one reading to the next.
        changed: called, from the thread, after each.
        failed: called with what went wrong, in words.
    """

    def __init__(
        self,
        api: Any,
        container_id: str,
        run: Run,
        interval_s: float,
        changed: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        self._api, self._id, self._run, self._interval_s = api, container_id, run, interval_s
        self._changed, self._failed = changed, failed
        self._stopped = threading.Event()
        self._is_removed = False
        self._open: list[Any] = []
        self._lock = threading.Lock()
        self.ended = threading.Event()  # set when a run has ended
        self._thread = threading.Thread(target=self._read_on, name="gauge", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading; the thread ends by itself."""
        self._stopped.set()
        with self._lock:
            streams, self._open = self._open, []
        hang_up(streams)

    def join(self, timeout_s: float = 5.0) -> bool:
        """Wait until the thread has ended; tell whether it did."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _read_on(self) -> None:
        while not self._stopped.is_set() and not self._is_removed:
            try:
                self._read()
            except NotFound:
                self._is_removed = True
            except (MiniDockerError, OSError, ValueError) as error:
                if not self._stopped.is_set():
                    self._failed(str(error))
            self._stopped.wait(0 if self._is_removed else RETRY_S)
        self.ended.set()

    def _read(self) -> None:
        query = {"name": self._id, "stream": True, "interval": self._interval_s}
        with self._api.open("GET", "/minidocker/stats", query) as response:
            with self._lock:  # either ``stop`` finds the stream here, or we find it stopped
                if self._stopped.is_set():
                    return
                self._open = [response]
            for rows in response.json_lines():
                if self._stopped.is_set():
                    return
                if rows and "Time" in rows[0]:
                    self.ended.clear()
                    self._run.feed(of_row(rows[0]))
                    self._run.status = rows[0]["Status"]
                    self._changed()
                elif not self.ended.is_set():
                    self._close_run()  # of one that never ran nothing has ended
        self._is_removed = True
        with self._lock:
            self._open = []

    def _close_run(self) -> None:
        """Ask how it ended."""
        attrs = self._api.container_inspect(self._id)
        state = attrs["State"]
        self._run.status = state["Status"]
        if finished := seconds_of(state["FinishedAt"]):
            moment = finished if self._run.readings else time.time()
            self._run.end = End(moment, int(state["ExitCode"]), bool(state["OOMKilled"]))
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
