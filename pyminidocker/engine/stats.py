"""``stats``: what containers use, read once a second for everybody who asks.

A hundred clients that follow a hundred containers cost one reading of each a second: followers of
the same rhythm share a collector, which goes round as long as anybody follows.

See: moby daemon/stats/collector.go.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine.listening import Listening
from pyminidocker.engine.stats_processes import ProcessTotals
from pyminidocker.engine.stats_reading import Pair, read, uncounted
from pyminidocker.errors import InvalidArgument

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

LOG = logging.getLogger("minidockerd")
INTERVAL_S = 1.0
SHORTEST_S = 0.1
PAIR_S = 0.5  # between the two readings of a client who wants only one answer
FIRST_S = 0.25  # until the second, which is the first with a share of processors
_BATCH = 5  # containers read in one go: less than a millisecond in which nobody else is served

Containers = Sequence["Container"]
Latest = dict[str, Pair]  # by id, those that run


class Stats:
    """Readings of containers, one or many, once or again and again."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._collectors: dict[float, Collector] = {}

    async def once(self, containers: Containers) -> Latest:
        """Read once, without a reading before."""
        latest: Latest = {}
        totals = ProcessTotals()
        if containers and uncounted(self.engine):
            await asyncio.to_thread(totals.look)
        for number, container in enumerate(containers, 1):
            if (reading := read(self.engine, container, totals)) is not None:
                latest[container.id] = Pair(reading)
            if number % _BATCH == 0:
                await asyncio.sleep(0)
        return latest

    async def twice(self, containers: Containers) -> Latest:
        """Read twice, half a second apart; at once when none of them runs."""
        before = await self.once(containers)
        if not before:
            return {}
        await asyncio.sleep(PAIR_S)
        return join(before, await self.once(containers))

    def follow(
        self,
        select: Callable[[], Containers],
        encode: Callable[[Latest], bytes],
        interval_s: float = INTERVAL_S,
    ) -> "StatsStream":
        """Return a stream that has a piece for each reading; the first comes at once.

        Args:
            select: asked before each reading which containers are meant.
            encode: makes a piece of it; an empty one ends the stream.
            interval_s: from one reading to the next.

        Raises:
            InvalidArgument: not an interval for that.
        """
        if not SHORTEST_S <= interval_s <= 3600:
            raise InvalidArgument(f"interval must be between {SHORTEST_S} and 3600 seconds")
        collector = self._collectors.get(interval_s)
        if collector is None:
            collector = self._collectors[interval_s] = Collector(self, interval_s)
        return StatsStream(collector, select, encode)

    def forget(self, collector: "Collector") -> None:
        """Nobody follows it any more."""
        self._collectors.pop(collector.interval_s, None)

    def close(self) -> None:
        """End all streams: the engine ends."""
        for collector in list(self._collectors.values()):
            for stream in list(collector.streams):
                stream.close()


class Collector:
    """Reads what its streams want to know, in one rhythm.

    Attributes:
        streams: who follows.
        latest: the last readings.
        rounds: how many there were.
    """

    def __init__(self, stats: Stats, interval_s: float) -> None:
        self._stats = stats
        self.interval_s = interval_s
        self.streams: set[StatsStream] = set()
        self.latest: Latest = {}
        self.rounds = 0
        self._task: asyncio.Task[None] | None = None

    def add(self, stream: "StatsStream") -> None:
        """Read for one more."""
        self.streams.add(stream)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
            self._task.add_done_callback(self._ended)

    def discard(self, stream: "StatsStream") -> None:
        """Read for one less; after the last, not at all."""
        self.streams.discard(stream)
        if not self.streams and self._task is not None:
            self._task.cancel()
            self._task = None
            self._stats.forget(self)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.error("reading what containers use failed: %s", error, exc_info=error)
            for stream in list(self.streams):
                stream.close()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            wanted = {one.id: one for stream in list(self.streams) for one in stream.select()}
            self.latest = join(self.latest, await self._stats.once(list(wanted.values())))
            self.rounds += 1
            for stream in list(self.streams):
                stream.wake()
            pause_s = self.interval_s if self.rounds > 1 else min(FIRST_S, self.interval_s)
            await asyncio.sleep(max(SHORTEST_S / 2, began + pause_s - loop.time()))


class StatsStream(Listening):
    """Pieces for one client; iterate, and ``aclose`` when done."""

    def __init__(
        self,
        collector: Collector,
        select: Callable[[], Containers],
        encode: Callable[[Latest], bytes],
    ) -> None:
        super().__init__()
        self.select = select
        self._encode = encode
        self._collector = collector
        # What is known already is given out at once, if all of it is known.
        running = [one.id for one in select() if one.is_running]
        is_known = all(key in collector.latest for key in running)
        self._seen = 0 if is_known else collector.rounds
        collector.add(self)

    async def next_piece(self) -> bytes:
        """Wait for a reading that this client has not had."""
        while self._seen == self._collector.rounds and not self.is_closed:
            await self.wait([])
        if self.is_closed:
            return b""
        self._seen = self._collector.rounds
        return self._encode(self._collector.latest)

    def release(self) -> None:
        """Follow no longer."""
        self._collector.discard(self)


def join(before: Latest, now: Latest) -> Latest:
    """Put to each new reading the one before it, if both are of one life of the container."""
    joined = {}
    for key, pair in now.items():
        last = before.get(key)
        same_life = last is not None and last.now.usage.cpu_ns <= pair.now.usage.cpu_ns
        joined[key] = Pair(pair.now, last.now if last is not None and same_life else None)
    return joined
