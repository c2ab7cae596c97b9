"""The limits around all containers together, so that no experiment takes the machine with it.

with engine.limit_lab(memory="512m", pids_limit=300):
    ...  # fork bombs and memory bombs end here
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pyminidocker.client.limits import Size, host_limits
from pyminidocker.client.table import html_table
from pyminidocker.units import binary_size

if TYPE_CHECKING:
    from pyminidocker.client.engine_client import EngineClient

_NAMES = ("Memory", "MemorySwap", "NanoCpus", "PidsLimit")
_NANO = 1_000_000_000


class LabLimits:
    """What all containers together may use, and what they used when it was asked.

    As a context it puts the limits back that were there before.

    Attributes:
        version: of the machine's cgroups: ``v2``, ``v1`` or ``none``.
        paths: {controller: directory} of the group around all containers.
        memory_bytes: the limit of memory; None when there is none.
        pids_limit: the limit of processes; None when there is none.
        cpus: processors' worth of time; None when there is no limit.
        used_memory_bytes: memory in use.
        used_pids: processes and threads there are.
        reason: why there are no limits.
        remedy: what to do about that.
    """

    def __init__(
        self, attrs: dict[str, Any], api: EngineClient, before: dict[str, Any] | None = None
    ) -> None:
        self.attrs = attrs
        self._api = api
        self._before = before
        self.version: str = attrs["Version"]
        self.paths: dict[str, str] = attrs["Paths"]
        self.memory_bytes = _limit(attrs.get("Memory"))
        self.pids_limit = _limit(attrs.get("PidsLimit"))
        nano_cpus = _limit(attrs.get("NanoCpus"))
        self.cpus = None if nano_cpus is None else nano_cpus / _NANO
        usage = attrs.get("Usage", {})
        self.used_memory_bytes: int = usage.get("Memory", 0)
        self.used_pids: int = usage.get("Pids", 0)
        self.reason: str = attrs.get("Reason", "")
        self.remedy: str = attrs.get("Remedy", "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            # What was not limited before must be told so: 0 leaves a limit as it is.
            self._api.lab_limit({name: self._before.get(name) or -1 for name in _NAMES})

    def _facts(self) -> list[tuple[str, str]]:
        if self.version == "none":
            return [("limits", "none"), ("because", self.reason), ("remedy", self.remedy)]
        memory, pids, cpus = self.memory_bytes, self.pids_limit, self.cpus
        allowed = "no limit" if memory is None else binary_size(memory)
        return [
            ("memory", f"{binary_size(self.used_memory_bytes)} of {allowed}"),
            ("processes", f"{self.used_pids} of {'no limit' if pids is None else pids}"),
            ("processors", "no limit" if cpus is None else f"{cpus:g}"),
        ]

    def __repr__(self) -> str:
        return "<LabLimits " + ", ".join(f"{key}: {value}" for key, value in self._facts()) + ">"

    def _repr_html_(self) -> str:
        return html_table(["all containers", ""], self._facts())


class LabLimited:
    """Methods of ``Engine`` about the lab as a whole."""

    api: EngineClient

    @property
    def lab_limits(self) -> LabLimits:
        """The limits around all containers together, and what is used: asked now."""
        return LabLimits(self.api.lab_limits(), self.api)

    def limit_lab(
        self,
        *,
        memory: Size | None = None,
        memory_swap: Size | None = None,
        cpus: float | str | None = None,
        pids_limit: int | None = None,
    ) -> LabLimits:
        """Change the limits around all containers together; what is not given stays.

        With ``with``, the old limits are put back at the end.

        Args:
            memory: bytes, or text such as ``"512m"``; -1 takes the limit away, and so below.
            memory_swap: memory and swap together; where swap is counted and nothing is said of it,
                it is limited to the memory.
            cpus: processors' worth of time, such as 1.5.
            pids_limit: processes and threads.

        Raises:
            NotImplementedHere: this host cannot.
            InvalidArgument: the kernel does not take a value.
        """
        before = self.api.lab_limits()
        options = {
            "memory": memory, "memory_swap": memory_swap, "cpus": cpus, "pids_limit": pids_limit,
        }  # fmt: skip
        changes = host_limits(options)
        if memory_swap is None and changes.get("Memory", 0) > 0 and before.get("MemorySwap"):
            changes["MemorySwap"] = changes["Memory"]
        return LabLimits(self.api.lab_limit(changes), self.api, before)


def _limit(value: int | None) -> int | None:
    return value if value and value > 0 else None
