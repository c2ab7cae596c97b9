"""Lesson 03: virtual machine or container, measured."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any


def summarise(values: list[float]) -> dict[str, float]:
    """The four numbers that show where the values lie and how far apart."""
    return {
        "n": len(values),
        "median": statistics.median(values),
        "lowest": min(values),
        "highest": max(values),
    }


def faster(a: Any, b: Any) -> str:
    """Only when one middle half ends before the other begins."""
    if a.middle[1] < b.middle[0]:
        return "a"
    if b.middle[1] < a.middle[0]:
        return "b"
    return "unclear"


def memory_in_use(pid: int) -> int:
    """The line Pss of smaps_rollup, in bytes."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Pss":
            return int(value.split()[0]) * 1024
    return 0


def choose() -> dict[str, tuple[str, str]]:
    """Can it run on this kernel? Who attacks whom? What does it cost?"""
    return {
        "students": ("container", "many on one machine"),
        "windows": ("virtual machine", "needs another kernel"),
        "module": ("virtual machine", "needs another kernel"),
        "stranger": ("virtual machine", "stronger wall"),
        "tests": ("container", "starts quickly"),
        "shop": ("container", "same image everywhere"),
    }


def mend_start(engine: Any) -> None:
    """On top of the image, without the script that waits."""
    engine.build(
        text='FROM slowpoke\nENTRYPOINT []\nCMD ["echo", "ready"]\n',
        tag="slowpoke",
        progress="quiet",
    )
