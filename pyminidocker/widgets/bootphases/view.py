"""Boot phases as a live view."""

from typing import Any

import traitlets

from pyminidocker.errors import InvalidArgument
from pyminidocker.widgets.base import LearningView, script, styles
from pyminidocker.widgets.bootphases.model import Bar, summary
from pyminidocker.widgets.bootphases.scene import draw_bars, key_of
from pyminidocker.widgets.bootphases.sources import bar_of, container_start, process_start
from pyminidocker.widgets.bootphases.twin import bars_table
from pyminidocker.widgets.scene import Scene

__all__ = ["BootPhases", "boot_phases", "container_start", "process_start"]

MOST_BARS = 6


class BootPhases(LearningView):
    """Boots side by side, part by part.

    Attributes:
        bars: the model.
        selected: the part that is explained, ``row-part``.

    Args:
        bars: at least one.
    """

    _esm = script("base.js", "grid.js", "bootphases.js")
    _css = styles("bootphases.css")

    details = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("0-0").tag(sync=True)

    def __init__(self, bars: tuple[Bar, ...]) -> None:
        super().__init__()
        self.bars = bars
        self.message = summary(bars)
        self.details = {
            key_of(row, number): {
                "bar": one.name,
                "part": part.name,
                "time": part.time,
                "share": f"{one.share(part):.0%}",
                "whole": one.time,
                "meaning": part.meaning,
                "note": one.note,
            }
            for row, one in enumerate(bars)
            for number, part in enumerate(one.parts)
        }
        self.selected = next(iter(self.details))
        self.draw()

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the bars."""
        del still  # what differs from run to run is what is to be shown
        return draw_bars(self.bars, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return bars_table(self.bars)


def boot_phases(*sources: Any) -> BootPhases:
    """Show what takes its time until a machine, or a container, answers.

    Args:
        sources: virtual machines, ``container_start(engine)``, ``process_start()``, or pairs of a
            name and of (part, seconds) pairs.

    Returns:
        The widget.  ``.bars`` is the data, ``str(widget)`` is the text twin.

    Raises:
        InvalidArgument: none, too many, or something that does not boot.
    """
    if not 1 <= len(sources) <= MOST_BARS:
        raise InvalidArgument(f"boot_phases shows 1 to {MOST_BARS} boots, not {len(sources)}")
    bars = tuple(bar_of(source) for source in sources)
    empty = next((one.name for one in bars if not one.parts), "")
    if empty:
        raise InvalidArgument(f"{empty} has no parts with a time")
    return BootPhases(bars)
