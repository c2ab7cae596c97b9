"""The gauge as text: the meters, the course of memory in a few steps, and the end."""

from pyminidocker.units import binary_size
from pyminidocker.widgets.meters.model import Run
from pyminidocker.widgets.tables import text_table

_BAR = 20
_STEPS = 8


def gauge_table(run: Run) -> str:
    """Return the gauge as plain text."""
    meters = run.meters()
    if not meters:
        return run.summary()
    rows = []
    for meter in meters:
        filled = round(meter.share * _BAR)
        bar = "#" * filled + "." * (_BAR - filled)
        rows.append([meter.title, f"[{bar}]", meter.words, meter.note])
    parts = [text_table(["", "share of the limit", "now", ""], rows)]
    if len(run.readings) > 1:
        parts.append(_course(run))
    parts.append(run.summary())
    return "\n\n".join(parts)


def _course(run: Run) -> str:
    """Return some of the readings, evenly spaced, the last among them."""
    readings, first = run.readings, run.readings[0].time
    count = min(_STEPS, len(readings))
    picked = [readings[round(step * (len(readings) - 1) / (count - 1))] for step in range(count)]
    steps = ", ".join(
        f"{one.time - first:.1f} s {binary_size(one.memory_with_cache_bytes)}" for one in picked
    )
    return f"Memory after: {steps}."
