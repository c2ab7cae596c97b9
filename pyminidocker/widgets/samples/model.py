"""A sample: what was measured, each single value, and the few numbers that sum it up.

The median and the middle half are used throughout, not mean and standard deviation: on a machine
that does other things as well, some values are always far out, and these two do not follow them.

See: Tukey, Exploratory Data Analysis (1977), "hinges"; statistics.quantiles.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from pyminidocker.widgets.tables import text_table

# unit: (name of a step, its size), from the smallest
_STEPS = {
    "s": (("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)),
    "B": (("B", 1.0), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9)),
}
_HEAD = ("what", "median", "middle half", "n")


@dataclass(frozen=True)
class Sample:
    """Values of one quantity, measured one after the other.

    Attributes:
        name: what was measured, e.g. ``"container"``.
        values: in the order of measuring.
        unit: ``"s"`` or ``"B"``, shown with a fitting prefix; any other text is shown as it is.
        note: where the values come from when it was not here and now, e.g. ``"recorded on ..."``.
    """

    name: str
    values: tuple[float, ...]
    unit: str = "s"
    note: str = ""

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"nothing was measured for {self.name!r}")

    @property
    def n(self) -> int:
        """How many values there are."""
        return len(self.values)

    @property
    def median(self) -> float:
        """The value in the middle: half of the values are smaller."""
        return statistics.median(self.values)

    @property
    def middle(self) -> tuple[float, float]:
        """The bounds of the middle half: a quarter of the values is below, a quarter above."""
        if self.n == 1:
            return self.values[0], self.values[0]
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high

    def times(self, other: Sample) -> float:
        """Return how many times the median of ``other`` this one's is."""
        return self.median / other.median

    def words(self) -> str:
        """Return the sample in words: name, median, middle half and n."""
        low, high = (say(value, self.unit) for value in self.middle)
        spread = f", the middle half from {low} to {high}" if self.n > 1 else ""
        note = f" ({self.note})" if self.note else ""
        return f"{self.name}: median {say(self.median, self.unit)}{spread}, n {self.n}{note}"

    def __repr__(self) -> str:
        return self.words()


def say(value: float, unit: str) -> str:
    """Return ``value`` with three significant digits and a unit that fits its size."""
    steps = _STEPS.get(unit)
    if steps is None:
        return f"{value:.3g} {unit}".rstrip()
    name, size = steps[0]
    for other, bound in steps:
        if abs(value) >= bound * 0.9995:
            name, size = other, bound
    number = value / size
    digits = (
        0 if abs(number) >= 99.95 or number == int(number) else 1 if abs(number) >= 9.995 else 2
    )
    return f"{number:.{digits}f} {name}"


def table(samples: tuple[Sample, ...]) -> str:
    """Return samples as a table in plain text, with their notes below."""
    rows = []
    for one in samples:
        low, high = (say(value, one.unit) for value in one.middle)
        rows.append((one.name, say(one.median, one.unit), f"{low} to {high}", str(one.n)))
    notes = [f"{one.name}: {one.note}" for one in samples if one.note]
    return "\n".join([text_table(_HEAD, rows, right=(1, 3)), *notes])
