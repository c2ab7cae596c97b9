"""Views that follow one container: a thread reads a stream of the engine and tells the view.

The thread must not keep a view that nobody holds any more, and stopping must not wait for the next
line of the stream: therefore the view is held weakly, and ``stop`` hangs up.
"""

import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import traitlets

from pyminidocker.errors import MiniDockerError
from pyminidocker.widgets.base import LearningView
from pyminidocker.widgets.wiring.feed import hang_up


class StreamThread(ABC):
    """Reads a stream in a thread of its own, until it is stopped or ``is_over``.

    Args:
        changed: called, from the thread, after something has changed.
        failed: called with what went wrong, in words.
    """

    NAME: ClassVar[str]  # the thread's
    RETRY_S: ClassVar[float]  # before the stream is opened again

    def __init__(self, changed: Callable[[], None], failed: Callable[[str], None]) -> None:
        self._changed, self._failed = changed, failed
        self._stopped = threading.Event()
        self._open: list[Any] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=self.NAME, daemon=True)

    @abstractmethod
    def is_over(self) -> bool:
        """Tell whether there is nothing more to read."""

    @abstractmethod
    def _read(self) -> None:
        """Open the stream (``_stream``) and read it until it ends, or has to."""

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

    def _run(self) -> None:
        while not self._stopped.is_set() and not self.is_over():
            try:
                self._read()
            except (MiniDockerError, OSError, ValueError) as error:
                if not self._stopped.is_set():
                    self._failed(str(error))
            self._stopped.wait(0 if self.is_over() else self.RETRY_S)

    @contextmanager
    def _stream(self, api: Any, path: str, query: Mapping[str, Any]) -> Iterator[Any]:
        """Open a stream that ``stop`` ends; None when we are stopped already."""
        with api.open("GET", path, query) as response:
            with self._lock:  # either ``stop`` finds the stream here, or we find it stopped
                is_late = self._stopped.is_set()
                if not is_late:
                    self._open = [response]
            try:
                yield None if is_late else response
            finally:
                with self._lock:
                    self._open = []


class LiveView(LearningView):
    """A view with a thread that reads while ``live`` is True; subclasses say which.

    Attributes:
        live: read; set it to False to leave the engine alone.
    """

    live = traitlets.Bool(default_value=False).tag(sync=True)
    _feed: Any = None  # what reads at present

    @abstractmethod
    def _make_feed(self, changed: Callable[[], None], failed: Callable[[str], None]) -> Any:
        """Return a ``StreamThread`` that has not been started."""

    @abstractmethod
    def _changed(self) -> None:
        """Show what has changed."""

    @traitlets.observe("live")
    def _live_changed(self, change: Any) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.stop()
        if not change["new"]:
            return
        me = weakref.ref(self)  # a view that nobody holds any more must not be kept by its thread

        def changed() -> None:
            if (view := me()) is not None:
                view._changed()

        def failed(what: str) -> None:
            if (view := me()) is not None:
                view.message = what

        self._feed = self._make_feed(changed, failed)
        weakref.finalize(self, self._feed.stop)
        self._feed.start()
