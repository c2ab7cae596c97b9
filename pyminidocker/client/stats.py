"""What a container uses at a moment, as an object to hold in a notebook."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.table import html_table, text_table
from pyminidocker.errors import Conflict
from pyminidocker.units import binary_size, human_size

Row = dict[str, Any]


@dataclass(frozen=True)
class Stats:
    """One reading of one container.

    Attributes:
        time: when, seconds since the epoch.
        cpu_percent: processor time since the reading before, in percent of one processor.
        cpu_seconds: processor time since it started.
        cpus: how many processors it may use at once.
        periods: accounting periods of a CPU quota in which it wanted to run.
        throttled_periods: of these, in how many the quota was used up.
        throttled_seconds: how long its processes waited because of that.
        memory_bytes: memory in use, without the page cache that could go at once (as Docker).
        memory_with_cache_bytes: memory in use with all page cache: what the limit is about.
        memory_limit_bytes: its limit; without one, the machine's memory.
        is_memory_limited: whether that is a limit of its own.
        memory_peak_bytes: the most there ever was; 0 where the kernel does not keep it.
        swap_bytes: swapped out.
        oom_kills: processes that the kernel killed for want of memory.
        pids: processes and threads.
        pids_limit: how many there may be; 0 = no limit.
        network_received_bytes: by all its interfaces.
        network_sent_bytes: by all its interfaces.
        disk_read_bytes: from block devices; what the page cache answered is not among it.
        disk_written_bytes: to block devices.
        estimated: what was added up from /proc, because no control group counts it here.
    """

    name: str
    time: float
    cpu_percent: float
    cpu_seconds: float
    cpus: float
    periods: int
    throttled_periods: int
    throttled_seconds: float
    memory_bytes: int
    memory_with_cache_bytes: int
    memory_limit_bytes: int
    is_memory_limited: bool
    memory_peak_bytes: int
    swap_bytes: int
    oom_kills: int
    pids: int
    pids_limit: int
    network_received_bytes: int
    network_sent_bytes: int
    disk_read_bytes: int
    disk_written_bytes: int
    estimated: tuple[str, ...]

    @property
    def memory_percent(self) -> float:
        """Memory in percent of the limit."""
        return 100.0 * self.memory_bytes / self.memory_limit_bytes

    def _facts(self) -> list[list[str]]:
        limit = binary_size(self.memory_limit_bytes)
        if not self.is_memory_limited:
            limit += ", the machine's: it has no limit"
        received = human_size(self.network_received_bytes)
        sent = human_size(self.network_sent_bytes)
        read, written = human_size(self.disk_read_bytes), human_size(self.disk_written_bytes)
        processes = f"{self.pids}" + (f" of {self.pids_limit}" if self.pids_limit else "")
        facts = [
            ["time", f"{datetime.fromtimestamp(self.time, UTC):%H:%M:%S} UTC"],
            ["memory", f"{binary_size(self.memory_bytes)} of {limit}"],
            ["cpu", f"{self.cpu_percent:.1f} % of one processor; it may use {self.cpus:g}"],
            ["processes", processes],
            ["network", f"{received} in, {sent} out"],
            ["disk", f"{read} read, {written} written"],
        ]
        if self.periods:
            facts.append(["throttled", f"in {self.throttled_periods} of {self.periods} periods"])
        if self.oom_kills:
            facts.append(["killed for want of memory", str(self.oom_kills)])
        if self.estimated:
            facts.append(["added up from /proc", ", ".join(self.estimated)])
        return facts

    def __repr__(self) -> str:
        return text_table([self.name, ""], self._facts())

    def _repr_html_(self) -> str:
        return html_table([self.name, ""], self._facts())


def of_row(row: Row) -> Stats:
    """Return a row of GET /minidocker/stats as an object."""
    return Stats(
        name=row["Name"],
        time=row["Time"] / 1e9,
        cpu_percent=row["CpuPercent"],
        cpu_seconds=row["CpuNanoseconds"] / 1e9,
        cpus=row["Cpus"],
        periods=row["CpuPeriods"],
        throttled_periods=row["ThrottledPeriods"],
        throttled_seconds=row["ThrottledNanoseconds"] / 1e9,
        memory_bytes=row["Memory"],
        memory_with_cache_bytes=row["MemoryWithCache"],
        memory_limit_bytes=row["MemoryLimit"],
        is_memory_limited=row["MemoryLimited"],
        memory_peak_bytes=row["MemoryPeak"],
        swap_bytes=row["Swap"],
        oom_kills=row["OomKills"],
        pids=row["Pids"],
        pids_limit=row["PidsLimit"],
        network_received_bytes=row["NetworkReceived"],
        network_sent_bytes=row["NetworkSent"],
        disk_read_bytes=row["DiskRead"],
        disk_written_bytes=row["DiskWritten"],
        estimated=tuple(row["Estimated"]),
    )


def read(api: EngineClient, container_id: str) -> Stats:
    """Read what a container uses; takes half a second, over which processor time is taken.

    Raises:
        Conflict: it does not run.
    """
    row = api.stats([container_id])[0]
    if "Time" not in row:
        raise Conflict(
            f"container {row['Name']} does not run, so it uses nothing",
            hint=f"it is {row['Status']}; start it first",
        )
    return of_row(row)


def watch(api: EngineClient, container_id: str, interval_s: float) -> Iterator[Stats]:
    """Yield readings until the container does not run any more."""
    for rows in api.stats_follow([container_id], interval_s=interval_s):
        if not rows or "Time" not in rows[0]:
            return
        yield of_row(rows[0])
