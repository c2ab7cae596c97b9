"""What a picture is made of: boxes, strokes, texts and groups, in pixels, with named colours.

A scene is plain data.  ``svg`` writes it as SVG and ``picture`` paints it as PNG, so that the live
view, the saved notebook and the figure files show one and the same drawing.  Colours are names
from ``palette``; the page (or the PNG) decides what they look like.
"""

from dataclasses import dataclass, field

from pyminidocker.widgets.metrics import text_width

Command = tuple[str | float, ...]  # ("M", x, y), ("L", x, y), ("C", x1, y1, x2, y2, x, y), ("Z",)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with round corners; ``radius`` of half its height makes a pill or a dot."""

    x: float
    y: float
    w: float
    h: float
    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    radius: float = 0.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Stroke:
    """Lines and curves, as SVG path commands with absolute coordinates."""

    commands: tuple[Command, ...]
    stroke: str = ""
    fill: str = ""
    width: float = 1.5
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text; ``y`` is the baseline, ``anchor`` start, middle or end."""

    x: float
    y: float
    text: str
    size: float = 13.0
    weight: int = 400
    fill: str = "ink"
    anchor: str = "start"
    mono: bool = False

    @property
    def extent(self) -> float:
        """The width of the text, pixels (approximate)."""
        return text_width(self.text, self.size, weight=self.weight, mono=self.mono)


@dataclass(frozen=True, slots=True)
class Group:
    """Items that belong together and, with a ``key``, can be selected in a live view.

    Args:
        items: what is drawn, back to front.
        key: what a selection of this group is called.
        label: what a screen reader says.
        frame: (x, y, w, h) of the focus ring.
    """

    items: tuple["Item", ...]
    key: str = ""
    label: str = ""
    frame: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


Item = Box | Stroke | Label | Group


@dataclass(slots=True)
class Scene:
    """A whole picture.

    Args:
        width: pixels.
        height: pixels.
        title: what it is, in a few words.
        desc: what there is to see, for those who do not see it.
        items: what is drawn, back to front.
    """

    width: float
    height: float
    title: str
    desc: str
    items: list[Item] = field(default_factory=list)

    def add(self, *items: Item) -> None:
        """Draw ``items`` on top of what is there."""
        self.items.extend(items)


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    stroke: str = "line",
    width: float = 1.5,
    dash: tuple[float, ...] = (),
) -> Stroke:
    """Return a straight line."""
    return Stroke((("M", x1, y1), ("L", x2, y2)), stroke=stroke, width=width, dash=dash)
