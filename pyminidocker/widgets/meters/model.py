"""What a gauge knows of a container: readings one after the other, its limits, and how it ended.

A reading is a moment: between two of them, memory may have been at the limit and gone again.  The
end is therefore not guessed from the last reading, but told by the engine, which has it from the
kernel.
"""

from dataclasses import dataclass, field

from pyminidocker.client.stats import Stats
from pyminidocker.units import binary_size

MOST_READINGS = 400
KILLED = 137  # 128 + SIGKILL


@dataclass(frozen=True, slots=True)
class End:
    """How a container's run ended.

    Attributes:
        time: when, seconds since the epoch.
        exit_code: of its first process.
        is_oom: the kernel had killed a process of it for want of memory.
    """

    time: float
    exit_code: int
    is_oom: bool = False

    def says(self) -> str:
        """Say it in words."""
        said = f"ended with exit code {self.exit_code}"
        if self.is_oom and self.exit_code == KILLED:
            return f"{said}: the kernel killed it, because its memory was used up"
        if self.is_oom:
            return f"{said}; the kernel had killed a process of it, because memory was used up"
        return said


@dataclass(frozen=True, slots=True)
class Meter:
    """One quantity against its limit.

    Attributes:
        key: ``memory``, ``cpu`` or ``pids``.
        title: what to call it.
        value: now.
        limit: the most there may be; the scale's end where there is no limit.
        peak: the most there ever was, as far as it is known.
        is_limited: whether ``limit`` is one.
        words: value and limit in words.
        note: what else is to be said.
    """

    key: str
    title: str
    value: float
    limit: float
    peak: float
    is_limited: bool
    words: str
    note: str = ""

    @property
    def share(self) -> float:
        """How full it is, 0 to 1."""
        return min(1.0, max(0.0, self.value / self.limit)) if self.limit else 0.0

    @property
    def hue(self) -> str:
        """Its colour: red when it is nearly full and there is a limit to hit."""
        if not self.is_limited:
            return "slate"
        return "red" if self.share >= 0.95 else "orange" if self.share >= 0.75 else "blue"

    def says(self) -> str:
        """Say it in one sentence."""
        return f"{self.title}: {self.words}" + (f"; {self.note}" if self.note else "")


@dataclass(slots=True)
class Run:
    """One run of a container, as far as it was watched.

    Attributes:
        name: the container's.
        status: its status now.
        readings: oldest first.
        end: how it ended; None while it goes on.
    """

    name: str
    status: str = ""
    readings: list[Stats] = field(default_factory=list)
    end: End | None = None

    def feed(self, reading: Stats) -> None:
        """Take a reading; of a second run, the first makes an end of what was."""
        if self.end is not None or self._is_another_run(reading):
            self.readings, self.end = [], None
        self.status = "running"
        self.readings.append(reading)
        if len(self.readings) > MOST_READINGS:  # the picture keeps its beginning: thin it out
            del self.readings[1:-1:2]

    def _is_another_run(self, reading: Stats) -> bool:
        return bool(self.readings) and reading.cpu_seconds < self.readings[-1].cpu_seconds

    @property
    def last(self) -> Stats | None:
        """The last reading."""
        return self.readings[-1] if self.readings else None

    @property
    def memory_limit(self) -> int:
        """The memory limit, bytes; 0 when there is none."""
        last = self.last
        return last.memory_limit_bytes if last is not None and last.is_memory_limited else 0

    @property
    def memory_peak(self) -> int:
        """The most memory that was seen, by us or by the kernel."""
        seen = [one.memory_with_cache_bytes for one in self.readings]
        return max([*seen, *(one.memory_peak_bytes for one in self.readings[-1:])], default=0)

    @property
    def span_s(self) -> float:
        """How long it was watched, until its end if it has one."""
        if not self.readings:
            return 0.0
        last = self.readings[-1].time if self.end is None else self.end.time
        return max(0.0, last - self.readings[0].time)

    def meters(self) -> list[Meter]:
        """Return memory, processors and processes, as they were at the last reading."""
        last = self.last
        return [] if last is None else [self._memory(last), self._cpu(last), self._pids(last)]

    def _memory(self, last: Stats) -> Meter:
        value, peak = last.memory_with_cache_bytes, self.memory_peak
        notes = []
        if last.memory_bytes < value:
            cache = binary_size(value - last.memory_bytes)
            notes.append(f"{cache} of it is page cache that could go at once")
        if last.oom_kills:
            notes.append(f"{_count(last.oom_kills, 'process')} killed for want of it")
        if "memory" in last.estimated:
            notes.append("added up from /proc: no control group counts it here")
        if last.is_memory_limited:
            limit = float(last.memory_limit_bytes)
            words = f"{binary_size(value)} of {binary_size(limit)}"
        else:
            limit = max(float(peak) * 1.25, 1.0)
            words = f"{binary_size(value)}, no limit"
        return Meter(
            "memory", "Memory", value, limit, peak, last.is_memory_limited, words, "; ".join(notes)
        )

    def _cpu(self, last: Stats) -> Meter:
        limit = 100.0 * last.cpus
        peak = max(one.cpu_percent for one in self.readings)
        notes = []
        if last.periods:
            share = 100 * last.throttled_periods / last.periods
            notes.append(f"made to wait in {share:.0f} % of its periods")
        if "cpu" in last.estimated:
            notes.append("added up from /proc")
        words = f"{last.cpu_percent:.0f} % of one processor, {limit:.0f} % at most"
        return Meter("cpu", "Processor", last.cpu_percent, limit, peak, True, words,
                     "; ".join(notes))  # fmt: skip

    def _pids(self, last: Stats) -> Meter:
        peak = max(one.pids for one in self.readings)
        note = "added up from /proc" if "pids" in last.estimated else ""
        if last.pids_limit:
            words = f"{last.pids} of {last.pids_limit}"
            return Meter("pids", "Processes", last.pids, last.pids_limit, peak, True, words, note)
        words = f"{last.pids}, no limit of its own"
        return Meter("pids", "Processes", last.pids, max(peak * 1.25, 1), peak, False, words, note)

    def summary(self) -> str:
        """Say in one sentence how it is, or how it ended."""
        if self.end is not None:
            return f"{self.name} {self.end.says()}."
        if self.last is None:
            return f"{self.name} is {self.status or 'not known'}: there is nothing to measure."
        return f"{self.name} is {self.status}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}es"
