"""Lesson 11: Memory and CPU."""

from __future__ import annotations

from typing import Any


def room(cgroup: Any) -> int | None:
    """Return how many bytes a container may still take; None when nothing limits it."""
    if cgroup.version == "v2":
        limit, used = cgroup.read("memory.max"), cgroup.read("memory.current")
        return None if limit == "max" else int(limit) - int(used)
    limit, used = cgroup.read("memory.limit_in_bytes"), cgroup.read("memory.usage_in_bytes")
    return None if int(limit) > 1 << 60 else int(limit) - int(used)


def choose_memory() -> str:
    """Return a limit for the worker."""
    return "80m"


def waited(before: dict[str, int], after: dict[str, int]) -> float:
    """Return in which share of its periods a container had to wait."""
    periods = after["nr_periods"] - before["nr_periods"]
    throttled = after["nr_throttled"] - before["nr_throttled"]
    return throttled / periods if periods else 0.0


def safe_options() -> dict[str, Any]:
    """Return options for a container that may be full of strangers."""
    return {"pids_limit": 30, "memory": "64m"}


def reopen_shop(engine: Any) -> None:
    """Give the shop what it needs, and start it."""
    engine.container("shop").update(memory="96m", memory_swap="192m").start()
