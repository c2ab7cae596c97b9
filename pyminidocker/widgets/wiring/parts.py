"""Small pieces of the topology's picture: cables, fitted texts, pills."""

from pyminidocker.widgets.metrics import shorten, text_width
from pyminidocker.widgets.scene import Box, Item, Label, Stroke, line
from pyminidocker.widgets.wiring.places import Point, Rect

AIR = 1.12  # how much wider the widest usual font is


def ring(rect: Rect, air: float = 3.0) -> tuple[float, float, float, float]:
    """Return the focus ring around a place."""
    return (rect.x - air, rect.y - air, rect.w + 2 * air, rect.h + 2 * air)


def path(
    points: tuple[Point, ...], stroke: str, width: float, dash: tuple[float, ...] = ()
) -> Stroke:
    """Return a line through ``points``."""
    first, *rest = points
    return Stroke((("M", *first), *(("L", *point) for point in rest)), stroke, "", width, dash)


def fit(
    text: str,
    x: float,
    y: float,
    room: float,
    size: float,
    fill: str,
    *,
    weight: int = 400,
    anchor: str = "start",
    mono: bool = False,
) -> Label:
    """Return a text that is cut when it is longer than ``room`` pixels."""
    short = shorten(text, room, size, weight=weight, mono=mono)
    return Label(x, y, short, size, weight, fill, anchor, mono)


def slab(
    rect: Rect, hue: str, name: str, under: str, *, dash: tuple[float, ...] = (), mono: bool = True
) -> list[Item]:
    """Return a box with a name and a smaller line in its middle."""
    x, room, middle = rect.x + rect.w / 2, rect.w - 8, rect.y + rect.h / 2
    ink = f"{hue}-text"
    return [
        Box(rect.x, rect.y, rect.w, rect.h, hue, f"{hue}-edge", 1.4, 7, dash),
        fit(name, x, middle - 3, room, 12, ink, weight=600, anchor="middle", mono=mono),
        fit(under, x, middle + 12, room, 10.5, ink, anchor="middle"),
    ]


def pill_width(text: str) -> float:
    """Return how wide a pill with ``text`` is."""
    return text_width(text, 11, weight=600) * AIR + 16


def pill(x: float, y: float, text: str, hue: str) -> list[Item]:
    """Return a pill with ``text``, its upper left corner at (x, y)."""
    width = pill_width(text)
    return [
        Box(x, y, width, 21, hue, f"{hue}-edge", 1.2, 10.5),
        Label(x + width / 2, y + 14.5, text, 11, 600, f"{hue}-text", "middle"),
    ]


def mapping(x: float, y: float, width: float, left: str, right: str) -> list[Item]:
    """Return a pill that says that ``left`` leads to ``right``."""
    size, ink, middle = 10.5, "violet-text", y + 14
    first = text_width(left, size) * AIR
    shown = fit(right, 0, 0, width - first - 38, size, ink).text
    start = x + (width - first - 22 - text_width(shown, size) * AIR) / 2
    arrow = start + first + 3
    return [
        Box(x, y, width, 20, "paper", "violet-edge", 1, 10),
        Label(start, middle, left, size, 600, ink),
        line(arrow, y + 10, arrow + 13, y + 10, "violet-edge", 1.4),
        line(arrow + 9, y + 6.5, arrow + 13, y + 10, "violet-edge", 1.4),
        line(arrow + 9, y + 13.5, arrow + 13, y + 10, "violet-edge", 1.4),
        Label(arrow + 18, middle, shown, size, 400, ink),
    ]
