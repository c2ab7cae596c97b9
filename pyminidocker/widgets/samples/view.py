"""A picture of samples by matplotlib: one row each, one dot for each value, a bar at the median.

Dots and not bars, since a bar shows one number and hides whether the others were near it.  Rows are
told apart by their place and their name; colour only repeats that.

See: Cleveland, The Elements of Graphing Data (1994), "dot plots" and "logarithms".
"""

from __future__ import annotations

import io
import random
from base64 import b64encode
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyminidocker.widgets.palette import LIGHT
from pyminidocker.widgets.samples.model import Sample, say, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HUES = ("blue-edge", "orange-edge", "green-edge", "violet-edge", "red-edge", "slate-edge")
_WIDTH_IN, _ROW_IN, _FRAME_IN, _DPI = 7.6, 0.62, 1.15, 144
_LOG_FROM = 20.0  # a linear axis would press the smaller ones against its edge


def distributions(*samples: Sample, title: str = "") -> Distributions:
    """Return a picture of samples of one unit, the first at the top.

    Args:
        samples: at least one.
        title: above the picture, and the beginning of its alternative text.

    Raises:
        ValueError: no samples, or of different units.
    """
    if not samples or len({one.unit for one in samples}) > 1:
        raise ValueError("give one or more samples, all of the same unit")
    return Distributions(samples, title)


class Distributions:
    """What ``distributions`` returns: shows itself as a picture, and as a table in plain text."""

    def __init__(self, samples: tuple[Sample, ...], title: str) -> None:
        self.samples = samples
        self.title = title

    @property
    def is_log(self) -> bool:
        """True when the axis is logarithmic: the medians lie far apart."""
        medians = [one.median for one in self.samples]
        smallest = min(value for one in self.samples for value in one.values)
        return smallest > 0 and max(medians) / min(medians) > _LOG_FROM

    def alt(self) -> str:
        """Return what the picture shows, in words."""
        axis = "logarithmic" if self.is_log else "linear"
        each = "; ".join(one.words() for one in self.samples)
        return f"{self.title or 'Samples'}. A dot for each value on a {axis} axis. {each}."

    @cached_property
    def png(self) -> bytes:
        """The picture as PNG."""
        # The object-oriented interface: pyplot would keep figures, and choose a screen.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        height = _FRAME_IN + _ROW_IN * len(self.samples)
        figure = Figure(figsize=(_WIDTH_IN, height), dpi=_DPI, facecolor=LIGHT["paper"])
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        self._draw(axes)
        figure.tight_layout()
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
        return out.getvalue()

    def _draw(self, axes: Axes) -> None:
        dice = random.Random(7)  # noqa: S311 - the same picture for the same values
        unit = self.samples[0].unit
        for row, one in enumerate(self.samples):
            colour = LIGHT[_HUES[row % len(_HUES)]]
            heights = [row + dice.uniform(-0.16, 0.16) if one.n > 1 else row for _ in one.values]
            axes.plot(one.values, heights, "o", color=colour, alpha=0.55, markersize=5, mew=0)
            axes.plot([one.median] * 2, [row - 0.3, row + 0.3], color=LIGHT["ink"], linewidth=2)
            label = f"{say(one.median, unit)}  n {one.n}" + ("  *" if one.note else "")
            axes.annotate(
                label, (one.median, row - 0.33), ha="center", va="bottom",
                fontsize=9, color=LIGHT["ink"],
            )  # fmt: skip
        if self.is_log:
            axes.set_xscale("log")
            axes.minorticks_off()
        else:
            axes.set_xlim(left=0)
        axes.margins(x=0.12)
        axes.set_ylim(len(self.samples) - 0.5, -0.75)
        axes.set_yticks(range(len(self.samples)), [one.name for one in self.samples])
        axes.xaxis.set_major_formatter(lambda value, _: say(value, unit))
        axes.tick_params(colors=LIGHT["ink"], labelsize=10, length=0)
        axes.grid(axis="x", color=LIGHT["line"], linewidth=0.8)
        axes.set_axisbelow(True)
        for side in axes.spines.values():
            side.set_visible(False)
        if self.title:
            axes.set_title(self.title, loc="left", fontsize=11, color=LIGHT["ink"], pad=10)
        axes.set_xlabel(self._foot(), fontsize=9, color=LIGHT["muted"], loc="left")

    def _foot(self) -> str:
        axis = "each grey line is ten times the one to its left; " if self.is_log else ""
        notes = [f"* {one.note}" for one in self.samples if one.note]
        return "\n".join([f"{axis}bar: median", *dict.fromkeys(notes)])

    def __repr__(self) -> str:
        head = f"{self.title}\n" if self.title else ""
        return head + table(self.samples)

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"text/plain": repr(self), "image/png": b64encode(self.png).decode("ascii")}
        height = round((_FRAME_IN + _ROW_IN * len(self.samples)) * 96)
        picture = {
            "alt": self.alt(),
            "width": round(_WIDTH_IN * 96),
            "height": height,
            "needs_background": "light",
        }
        return data, {"image/png": picture}
