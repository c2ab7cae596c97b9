"""Shapes that the figures share: slabs, frames, arrows, numbered steps, notes."""

from math import atan2, cos, sin

from pyminidocker.widgets.metrics import wrap
from pyminidocker.widgets.scene import Box, Item, Label, Stroke

TITLE = 17.0
NAME = 13.5
SMALL = 11.5


def title(text: str, x: float = 28, y: float = 38) -> Label:
    """Return the heading of a figure."""
    return Label(x, y, text, TITLE, 600)


def slab(
    x: float,
    y: float,
    w: float,
    h: float,
    hue: str,
    name: str,
    sub: str = "",
    *,
    dash: bool = False,
    mono: bool = False,
) -> list[Item]:
    """Return a solid box with a name in its middle, and a smaller line under it."""
    centre, middle = x + w / 2, y + h / 2
    items: list[Item] = [
        Box(x, y, w, h, hue, f"{hue}-edge", 1.4, 8, (5.0, 4.0) if dash else ()),
        Label(
            centre, middle + (-2.5 if sub else 4.8), name, NAME, 600, f"{hue}-text", "middle", mono
        ),
    ]
    if sub:
        items.append(Label(centre, middle + 14, sub, SMALL, 400, f"{hue}-text", "middle"))
    return items


def frame(
    x: float,
    y: float,
    w: float,
    h: float,
    name: str,
    *,
    edge: str = "slate-edge",
    dash: bool = False,
) -> list[Item]:
    """Return an enclosure with its name at the top left."""
    ink = "muted" if edge == "slate-edge" else edge.replace("-edge", "-text")
    return [
        Box(x, y, w, h, "panel", edge, 1.4, 11, (6.0, 5.0) if dash else ()),
        Label(x + 12, y + 19, name, SMALL, 600, ink),
    ]


def note(x: float, y: float, room: float, text: str, *, bold: str = "") -> list[Item]:
    """Return a few lines of explanation, the first one bold when ``bold`` is given."""
    items: list[Item] = []
    if bold:
        items.append(Label(x, y, bold, 12.5, 600))
        y += 17
    for row in wrap(text, room, 12):
        items.append(Label(x, y, row, 12, 400, "muted"))
        y += 16.5
    return items


def arrow(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    hue: str = "slate",
    *,
    dash: bool = False,
    both: bool = False,
    bend: tuple[tuple[float, float], ...] = (),
) -> list[Item]:
    """Return a line with a head at (x2, y2), through the points of ``bend``."""
    edge = f"{hue}-edge"
    points = [(x1, y1), *bend, (x2, y2)]
    heads = [_head(points[-2], points[-1], edge)]
    if both:
        heads.append(_head(points[1], points[0], edge))
    commands = (("M", *points[0]), *(("L", *point) for point in points[1:]))
    return [Stroke(commands, edge, width=2, dash=(6.0, 5.0) if dash else ()), *heads]


def _head(start: tuple[float, float], end: tuple[float, float], edge: str) -> Stroke:
    angle = atan2(end[1] - start[1], end[0] - start[0])
    left, right = (
        (end[0] - 10 * cos(angle + turn), end[1] - 10 * sin(angle + turn)) for turn in (0.42, -0.42)
    )
    return Stroke((("M", *end), ("L", *left), ("L", *right), ("Z",)), edge, edge, 1)


def step(x: float, y: float, number: int, hue: str) -> list[Item]:
    """Return a round badge with a number, centred on (x, y)."""
    return [
        Box(x - 11, y - 11, 22, 22, hue, f"{hue}-edge", 1.6, 11),
        Label(x, y + 4.6, str(number), 12.5, 600, f"{hue}-text", "middle"),
    ]
