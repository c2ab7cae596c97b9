"""Boots as bars: a thin one to the scale of all, a broad one that shows its parts."""

from pyminidocker.widgets.bootphases.model import Bar, summary
from pyminidocker.widgets.metrics import text_width, wrap
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene
from pyminidocker.widgets.wiring.parts import AIR, fit, ring
from pyminidocker.widgets.wiring.places import Rect

WIDE, NARROW, MARGIN = 868.0, 400.0, 12.0
_THIN, _BROAD, _CHIP, _GAP = 8.0, 30.0, 38.0, 22.0
_LEAST = 2.0  # pixels of what would not be seen otherwise


def key_of(row: int, part: int) -> str:
    """Return what a part is called when it is selected."""
    return f"{row}-{part}"


def draw_bars(bars: tuple[Bar, ...], *, narrow: bool = False) -> Scene:
    """Draw boots below each other.

    Args:
        bars: at least one.
        narrow: for a narrow cell.
    """
    title = f"Boot phases: {', '.join(one.name for one in bars)}"
    scene = Scene(NARROW if narrow else WIDE, 0, title, describe(bars))
    longest = max(one.seconds for one in bars) or 1.0
    y = MARGIN
    legend = "thin bar: all to one scale; broad bar: its parts, stretched to the full width"
    for row in wrap(legend, (scene.width - 2 * MARGIN) / AIR, 11):
        scene.add(Label(MARGIN, y + 10, row, 11, 400, "muted"))
        y += 15
    y += 8
    for row_number, one in enumerate(bars):
        y = _draw_bar(scene, row_number, one, y, longest, narrow=narrow)
    scene.height = y - _GAP + MARGIN
    return scene


def _draw_bar(scene: Scene, row: int, one: Bar, y: float, longest: float, *, narrow: bool) -> float:
    room = scene.width - 2 * MARGIN
    label = fit(one.name, MARGIN, y + 13, room - 110, 13.5, "ink", weight=600)
    scene.add(label, Label(scene.width - MARGIN, y + 13, one.time, 13.5, 600, "ink", "end"))
    y += 20
    for line in wrap(one.note, room / AIR, 11) if one.note else ():
        scene.add(Label(MARGIN, y + 9, line, 11, 400, "orange-text"))
        y += 15
    y += 2
    scene.add(
        Box(MARGIN, y, room, _THIN, "panel", "line", 0.8, 3),
        Box(MARGIN, y, max(room * one.seconds / longest, _LEAST), _THIN, "ink", "", radius=1),
    )
    y += _THIN + 8
    widths = _widths(one, room)
    places = _chips(one, y + _BROAD + 8, room, narrow=narrow)
    x = MARGIN
    for number, (width, chip) in enumerate(zip(widths, places, strict=True)):
        scene.add(_part(one, row, number, Rect(x, y, width, _BROAD), chip))
        x += width
    return max(chip.y + chip.h for chip in places) + _GAP


def _widths(one: Bar, room: float) -> list[float]:
    """Share out the room, so that even the smallest part is seen."""
    spare = room - _LEAST * len(one.parts)
    return [_LEAST + spare * one.share(part) for part in one.parts]


def _chips(one: Bar, y: float, room: float, *, narrow: bool) -> list[Rect]:
    """Return where the parts' names go: side by side, in a narrow cell two in a row."""
    columns = 2 if narrow else max(len(one.parts), 5)
    width = (room - 8 * (columns - 1)) / columns
    return [
        Rect(
            MARGIN + number % columns * (width + 8),
            y + number // columns * (_CHIP + 6),
            width,
            _CHIP,
        )
        for number in range(len(one.parts))
    ]


def _part(one: Bar, row: int, number: int, spot: Rect, chip: Rect) -> Group:
    part, hue = one.parts[number], one.hue(number)
    ink = f"{hue}-text"
    items: list[Item] = [
        Box(spot.x, spot.y, spot.w, spot.h, hue, f"{hue}-edge", 1.4, min(5.0, spot.w / 2)),
        Box(chip.x, chip.y, chip.w, chip.h, "paper", "line", 1.0, 6),
        Box(chip.x + 8, chip.y + 8, 10, 10, hue, f"{hue}-edge", 1.4, 2),
        fit(part.name, chip.x + 24, chip.y + 17, chip.w - 30, 12, "ink", weight=600),
        fit(
            f"{part.time}, {one.share(part):.0%}",
            chip.x + 24, chip.y + 31, chip.w - 30, 11, "muted",
        ),
    ]  # fmt: skip
    if text_width(part.name, 11.5, weight=600) * AIR + 10 <= spot.w:
        middle = spot.x + spot.w / 2
        items.append(Label(middle, spot.y + 19.5, part.name, 11.5, 600, ink, "middle"))
    return Group(tuple(items), key_of(row, number), one.says(number), ring(chip, 2))


def describe(bars: tuple[Bar, ...]) -> str:
    """Say in words what the picture shows."""
    each = []
    for one in bars:
        parts = ", ".join(f"{part.name} {part.time}" for part in one.parts)
        each.append(f"{one.name}{f' ({one.note})' if one.note else ''}: {parts}")
    return f"{summary(bars)} {'. '.join(each)}."
