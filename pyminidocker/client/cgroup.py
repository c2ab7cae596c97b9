"""A container's control group: the machine's own files, read where they are.

The files need no privilege to be read.  Each version of cgroups names them in its own way; what is
asked for under the other version's name is not translated but explained.

See: cgroups(7).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyminidocker.client.table import html_table
from pyminidocker.errors import NotFound
from pyminidocker.units import binary_size

if TYPE_CHECKING:
    from collections.abc import Iterable

# the same thing under both names: version 1, version 2
TWINS = (
    ("memory.limit_in_bytes", "memory.max"),
    ("memory.usage_in_bytes", "memory.current"),
    ("memory.max_usage_in_bytes", "memory.peak"),
    ("memory.soft_limit_in_bytes", "memory.low"),
    ("memory.memsw.limit_in_bytes", "memory.swap.max"),
    ("memory.oom_control", "memory.events"),
    ("cpu.cfs_quota_us", "cpu.max"),
    ("cpu.cfs_period_us", "cpu.max"),
    ("cpu.shares", "cpu.weight"),
    ("cpuacct.usage", "cpu.stat"),
    ("freezer.state", "cgroup.freeze"),
    ("tasks", "cgroup.threads"),
    ("blkio.bfq.weight", "io.bfq.weight"),
    ("blkio.throttle.read_bps_device", "io.max"),
    ("blkio.throttle.write_bps_device", "io.max"),
    ("blkio.throttle.read_iops_device", "io.max"),
    ("blkio.throttle.write_iops_device", "io.max"),
)
_UNLIMITED_V1 = 1 << 62  # version 1 writes the largest multiple of a page instead of "max"


class Cgroup:
    """Where the kernel keeps a container's limits and its accounts.

    Args:
        version: ``v2``, ``v1`` or ``none``.
        paths: {controller: directory}, on this machine; empty while the container does not run.
        reason: why there is none.
    """

    def __init__(self, version: str, paths: dict[str, str], reason: str = "") -> None:
        self.version = version
        self.paths = paths
        self.reason = reason

    def path(self, name: str) -> Path:
        """Return the path of a file, such as ``memory.max`` or ``cgroup.procs``.

        Raises:
            NotFound: there is none of that name here; the hint says what it is called, or why
                there is none.
        """
        if not self.paths:
            raise NotFound(f"there is no file {name}", hint=self.reason or "is it running?")
        controller = name.partition(".")[0]
        likely = [self.paths[controller]] if controller in self.paths else []
        for directory in dict.fromkeys([*likely, *self.paths.values()]):
            if (found := Path(directory, name)).parent == Path(directory) and found.exists():
                return found
        raise NotFound(
            f"cgroup {self.version} has no file {name} here", hint=_explained(name, self.version)
        )

    def read(self, name: str) -> str:
        """Return what stands in a file, without the last line break.

        Raises:
            NotFound: as for ``path``; or the container has just ended.
        """
        path = self.path(name)
        try:
            return path.read_text().removesuffix("\n")
        except OSError as error:
            raise NotFound(f"{path}: {error.strerror}", hint="has the container ended?") from error

    def table(self, name: str) -> dict[str, int]:
        """Return a file of lines ``key number``, such as ``memory.stat`` or ``cpu.stat``.

        Raises:
            NotFound: as for ``read``.
        """
        pairs = (line.split() for line in self.read(name).splitlines())
        return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}

    @property
    def limit(self) -> int | None:
        """The limit of its memory in bytes, read now; None when there is none."""
        text = self.read(self._name("memory.limit_in_bytes", "memory.max"))
        return None if text == "max" or int(text) >= _UNLIMITED_V1 else int(text)

    @property
    def usage(self) -> int:
        """Its memory in use in bytes, with all page cache, read now: what the limit is about."""
        return int(self.read(self._name("memory.usage_in_bytes", "memory.current")))

    @property
    def pids(self) -> list[int]:
        """Its processes, as this machine numbers them, read now."""
        return [int(line) for line in self.read("cgroup.procs").split()]

    @property
    def pids_limit(self) -> int | None:
        """How many processes and threads there may be, read now; None when any number."""
        text = self.read("pids.max")
        return None if text == "max" else int(text)

    @property
    def cpu_ns(self) -> int:
        """The processor time it has used in nanoseconds, read now."""
        if self.version == "v2":
            return self.table("cpu.stat")["usage_usec"] * 1000
        return int(self.read("cpuacct.usage"))

    @property
    def throttled(self) -> tuple[int, int]:
        """(periods in which it had to wait for the processor, all periods), read now."""
        stat = self.table("cpu.stat")
        return stat.get("nr_throttled", 0), stat.get("nr_periods", 0)

    @property
    def oom_kills(self) -> int:
        """How many of its processes the kernel has killed for want of memory, read now."""
        return self.table(self._name("memory.oom_control", "memory.events")).get("oom_kill", 0)

    def _name(self, version_1: str, version_2: str) -> str:
        return version_2 if self.version == "v2" else version_1

    def _facts(self) -> "list[list[str]]":
        if not self.paths:
            return [["version", self.version], ["group", self.reason or "none: not running"]]
        rows = [["version", self.version]]
        for directory in dict.fromkeys(self.paths.values()):
            names = sorted(name for name, path in self.paths.items() if path == directory)
            rows.append([", ".join(names), directory])
        for title, value in self._readings():
            rows.append([title, value])
        return rows

    def _readings(self) -> "Iterable[tuple[str, str]]":
        try:
            limit = self.limit
            told = "no limit" if limit is None else binary_size(limit)
            yield "memory", f"{binary_size(self.usage)} of {told}"
            yield "processes", f"{len(self.pids)} of {self.pids_limit or 'any number'}"
        except NotFound:
            return

    def __repr__(self) -> str:
        return "<Cgroup " + ", ".join(f"{key}: {value}" for key, value in self._facts()) + ">"

    def _repr_html_(self) -> str:
        return html_table(["control group", ""], self._facts())


def _explained(name: str, version: str) -> str:
    """Return what to look for instead of ``name``."""
    for old, new in TWINS:
        if name == old and version == "v2":
            return f"in version 2 it is {new}"
        if name == new and version == "v1":
            return f"in version 1 it is {old}"
    return "this kernel does not have it, or the controller is not there for us"


def cgroup_of(attrs: dict[str, Any]) -> Cgroup:
    """Return the group that ``inspect`` tells of."""
    told = attrs.get("Minidocker", {}).get("Cgroup", {})
    return Cgroup(
        str(told.get("Version", "none")), dict(told.get("Paths") or {}), str(told.get("Reason", ""))
    )
