"""Timing that can be trusted a little: warm-up, rounds in turn, medians, and how many."""

import statistics
from collections.abc import Callable
from typing import NamedTuple

from pyminidocker.teach import measure


class Sample(NamedTuple):
    """Durations of one thing, milliseconds."""

    name: str
    times_ms: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.times_ms)

    @property
    def p95(self) -> float:
        ordered = sorted(self.times_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def in_turn(jobs: dict[str, Callable[[], object]], rounds: dict[str, int]) -> list[Sample]:
    """Run each job ``rounds[name]`` times, in turn, so that all see the same machine.

    The first call of each is a warm-up and is not counted; see ``teach.measure``.
    """
    return [
        Sample(one.name, [1000 * seconds for seconds in one.values])
        for one in measure.in_turn(jobs, rounds)
    ]


def show(title: str, samples: list[Sample], ours: str) -> None:
    """Print one table; the ratio says how many times slower than ours each is."""
    base = next(sample.median for sample in samples if sample.name == ours)
    print(f"\n{title}")
    print(f"  {'':34} {'median':>9} {'p95':>9} {'n':>5}  ratio to ours")
    for sample in samples:
        ratio = sample.median / base
        print(
            f"  {sample.name:34} {sample.median:6.1f} ms {sample.p95:6.1f} ms "
            f"{len(sample.times_ms):5}  {ratio:.2f}x"
        )
