"""Where a live topology gets its news from: changes of the kernel's state, and packets.

Each stream is read by a thread of its own.  Packets are collected and handed over at most
``BATCHES_PER_S`` times a second, because a notebook server drops messages above about a thousand a
second without a word.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Protocol

from pyminidocker.errors import MiniDockerError

BATCHES_PER_S = 20
MOST_PER_BATCH = 200
QUIET_S = 0.15  # changes are collected for so long before the kernel is read again
RETRY_S = 2.0


class Source(Protocol):
    """An engine, as far as a topology needs it."""

    def topology(self) -> dict[str, Any]:
        """Return the topology document."""

    def changes(self, stopped: threading.Event) -> Iterator[Any]:
        """Yield something whenever something has changed, until ``stopped`` and ``stop``."""

    def packets(self, stopped: threading.Event) -> Iterator[dict[str, Any]]:
        """Yield captured packets, until ``stopped`` and ``stop``."""

    def stop(self) -> None:
        """End the streams that are being read."""


def hang_up(streams: Iterable[Any]) -> None:
    """End streams that other threads read (``Response``): their reads return."""
    for response in streams:
        with suppress(OSError):  # it has ended by itself
            response.connection.socket.shutdown(socket.SHUT_RDWR)


class EngineSource:
    """An engine behind its API.

    Args:
        api: its calls, of a client of this source's own (``Engine.api.onlooker()``).
        words: what to capture, as for ``capture``; everything when empty.
    """

    def __init__(self, api: Any, words: tuple[str, ...] = ()) -> None:
        self._api = api
        self._words = words
        self._open: list[Any] = []
        self._lock = threading.Lock()

    def topology(self) -> dict[str, Any]:
        """Return the topology document."""
        document: dict[str, Any] = self._api.topology()
        return document

    def changes(self, stopped: threading.Event) -> Iterator[Any]:
        """Yield at every change."""
        path = "/minidocker/topology/changes"
        return self._lines(lambda: self._api.open("GET", path), stopped)

    def packets(self, stopped: threading.Event) -> Iterator[dict[str, Any]]:
        """Yield packets of all links of the lab host."""
        return self._lines(lambda: self._api.capture_stream(words=self._words), stopped)

    def stop(self) -> None:
        """End both streams: their reads return."""
        with self._lock:
            streams, self._open = self._open, []
        hang_up(streams)
        self._api.close()

    def _lines(self, start: Callable[[], Any], stopped: threading.Event) -> Iterator[Any]:
        with start() as response:
            with self._lock:  # either ``stop`` finds the stream here, or we find it stopped
                if stopped.is_set():
                    return
                self._open.append(response)
            yield from response.json_lines()


class Feed:
    """Reads the streams of several engines until it is stopped.

    Args:
        sources: by the engine's name.
        changed: called when something has changed (from a thread); returns for how many seconds
            it wants to be left alone.
        batch: called with [(engine, packet), ...], in the order of time (from a thread).
        failed: called with what went wrong, in words.
    """

    def __init__(
        self,
        sources: dict[str, Source],
        *,
        changed: Callable[[], float],
        batch: Callable[[list[tuple[str, dict[str, Any]]]], None],
        failed: Callable[[str], None],
    ) -> None:
        self._sources = sources
        self._changed, self._batch, self._failed = changed, batch, failed
        self._stopped = threading.Event()
        self._dirty = threading.Event()
        self._waiting: list[tuple[str, dict[str, Any]]] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start reading."""
        for name, source in self._sources.items():
            self._spawn(self._read_changes, name, source)
            self._spawn(self._read_packets, name, source)
        self._spawn(self._tell_changes)
        self._spawn(self._hand_over)

    def stop(self) -> None:
        """Stop reading; threads end by themselves."""
        self._stopped.set()
        self._dirty.set()
        for source in self._sources.values():
            source.stop()

    def join(self, timeout_s: float = 5.0) -> bool:
        """Wait until all threads have ended; tell whether they did."""
        end = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _spawn(self, run: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=run, args=args, name="topology", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _again(
        self,
        name: str,
        stream: Callable[[threading.Event], Iterator[Any]],
        use: Callable[[Any], None],
    ) -> None:
        """Read a stream; open it again when it breaks, unless we stopped it."""
        while not self._stopped.is_set():
            try:
                for item in stream(self._stopped):
                    if self._stopped.is_set():
                        return
                    use(item)
                return  # the engine has nothing more to say
            except (MiniDockerError, OSError, ValueError) as error:
                if not self._stopped.is_set():
                    self._failed(f"{name}: {error}")
            self._stopped.wait(RETRY_S)

    def _read_changes(self, name: str, source: Source) -> None:
        self._again(name, source.changes, lambda _change: self._dirty.set())

    def _read_packets(self, name: str, source: Source) -> None:
        def keep(packet: dict[str, Any]) -> None:
            with self._lock:
                self._waiting.append((name, packet))

        self._again(name, source.packets, keep)

    def _tell_changes(self) -> None:
        while not self._stopped.is_set():
            self._dirty.wait()
            self._stopped.wait(QUIET_S)
            self._dirty.clear()
            if not self._stopped.is_set():
                self._stopped.wait(self._changed())

    def _hand_over(self) -> None:
        while not self._stopped.wait(1 / BATCHES_PER_S):
            with self._lock:
                taken, self._waiting = self._waiting, []
            if not taken:
                continue
            taken.sort(key=lambda pair: float(pair[1].get("Time") or 0))
            if len(taken) > MOST_PER_BATCH:
                over = len(taken) - MOST_PER_BATCH
                taken = [*taken[:MOST_PER_BATCH], (taken[0][0], {"Dropped": over})]
            self._batch(taken)
