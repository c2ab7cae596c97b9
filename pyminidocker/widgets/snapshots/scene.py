"""The table of snapshots as a picture: a cell says in word, mark and colour what was found."""

from pyminidocker.units import human_size
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, line
from pyminidocker.widgets.snapshots.model import (
    COLUMNS,
    KEPT,
    LOST,
    NONE,
    ROWS,
    UNTRIED,
    Cell,
    Cost,
    Table,
)
from pyminidocker.widgets.wiring.parts import fit, ring
from pyminidocker.widgets.wiring.places import Rect

_HUES = {KEPT: "green", LOST: "orange", NONE: "slate", UNTRIED: "slate"}
WIDTH, MARGIN, HEAD, ROW, GAP, NAMES = 868.0, 12.0, 30.0, 48.0, 6.0, 176.0
_NARROW, _CHIPS = 400.0, 4


def key_of(row: str, column: str) -> str:
    """Return what a cell is called when it is selected."""
    return f"{row}/{column}"


def _mark(x: float, y: float, kind: str, edge: str) -> list[Item]:
    """Draw a tick, a cross, or a dash for what does not apply, centred on (x, y)."""
    if kind == KEPT:
        return [
            line(x - 6, y, x - 2, y + 5, edge, 2.4),
            line(x - 2, y + 5, x + 7, y - 6, edge, 2.4),
        ]
    if kind == LOST:
        return [
            line(x - 5, y - 5, x + 5, y + 5, edge, 2.4),
            line(x - 5, y + 5, x + 5, y - 5, edge, 2.4),
        ]
    return [line(x - 5, y, x + 5, y, edge, 2.4)]


def _frame(cell: Cell, spot: Rect) -> tuple[Box, str]:
    """Return a cell's box and the colour of what stands in it."""
    if cell.outcome is None:
        edge = "line" if cell.guess is None else "slate-edge"
        return Box(spot.x, spot.y, spot.w, spot.h, "panel", edge, 1.3, 7, (4.0, 4.0)), "muted"
    hue = _HUES[cell.outcome.kind]
    wrong = cell.verdict == "wrong"
    edge, width = ("red-edge", 2.6) if wrong else (f"{hue}-edge", 1.4)
    dash = (3.0, 3.0) if cell.outcome.kind == UNTRIED else ()
    fill = "panel" if cell.outcome.kind == UNTRIED else hue
    return Box(spot.x, spot.y, spot.w, spot.h, fill, edge, width, 7, dash), f"{hue}-text"


def _content(cell: Cell, spot: Rect) -> list[Item]:
    """Draw a cell: its mark and its word, and whether the prediction failed."""
    box, ink = _frame(cell, spot)
    middle, y = spot.x + spot.w / 2, spot.y + spot.h / 2
    if cell.outcome is None or cell.outcome.kind == UNTRIED:
        return [box, fit(cell.word, middle, y + 4.5, spot.w - 6, 12, ink, anchor="middle")]
    edge = f"{_HUES[cell.outcome.kind]}-edge"
    if cell.verdict == "wrong":
        return [
            box,
            *_mark(middle - 20, y - 7, cell.outcome.kind, edge),
            Label(middle - 8, y - 3, cell.word, 12, 600, ink),
            Label(middle, y + 13, "you: " + ("kept" if cell.guess else "lost"), 10, 600, ink,
                  "middle"),
        ]  # fmt: skip
    return [
        box,
        *_mark(middle - 20, y, cell.outcome.kind, edge),
        Label(middle - 8, y + 4.5, cell.word, 12, 600, ink),
    ]


def _group(table: Table, row: str, column: str, spot: Rect) -> Group:
    items = tuple(_content(table.cell(row, column), spot))
    return Group(items, key_of(row, column), table.says(row, column), ring(spot, 2))


def costs_text(cost: Cost) -> str:
    """Return what a snapshot cost in few words; empty when it was not tried."""
    if not cost.take_s:
        return ""
    size = f", {human_size(cost.size_bytes)}" if cost.size_bytes else ""
    return f"{_seconds(cost.take_s)} and {_seconds(cost.restore_s)}{size}"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def draw_table(table: Table, *, narrow: bool = False, still: bool = False) -> Scene:
    """Draw the table.

    Args:
        table: the model.
        narrow: for a narrow cell: chips below each name instead of a table.
        still: leave out what was measured.
    """
    described = [table.says(row, column) for row in table.rows for column in COLUMNS]
    title = "What a snapshot keeps"
    scene = Scene(0, 0, title, f"{table.summary()} {'. '.join(described)}.")
    (_draw_chips if narrow else _draw_wide)(scene, table, still)
    return scene


def _draw_wide(scene: Scene, table: Table, still: bool) -> None:
    w = (WIDTH - 2 * MARGIN - NAMES) / len(COLUMNS) - GAP
    left = MARGIN + NAMES
    scene.width = WIDTH
    scene.height = MARGIN + HEAD + len(table.rows) * ROW - GAP + MARGIN
    for at, (name, _) in enumerate(COLUMNS.values()):
        middle = left + at * (w + GAP) + w / 2
        scene.add(fit(name, middle, MARGIN + 16, w + GAP, 12, "ink", weight=600, anchor="middle"))
    for number, row in enumerate(table.rows):
        y = MARGIN + HEAD + number * ROW
        cost = "" if still else costs_text(table.costs.get(row, Cost()))
        shift = -3 if cost else 5
        middle = y + (ROW - GAP) / 2
        scene.add(fit(ROWS[row][0], MARGIN, middle + shift, NAMES - 8, 13, "ink", weight=600))
        if cost:
            scene.add(fit(cost, MARGIN, middle + 13, NAMES - 8, 10, "muted"))
        for at, column in enumerate(COLUMNS):
            spot = Rect(left + at * (w + GAP), y, w, ROW - GAP)
            scene.add(_group(table, row, column, spot))


def _draw_chips(scene: Scene, table: Table, still: bool) -> None:
    scene.width, y = _NARROW, MARGIN
    w = (_NARROW - 2 * MARGIN + GAP) / _CHIPS - GAP
    for row in table.rows:
        cost = "" if still else costs_text(table.costs.get(row, Cost()))
        scene.add(fit(ROWS[row][0], MARGIN, y + 14, 160, 13, "ink", weight=600))
        if cost:
            scene.add(fit(cost, _NARROW - MARGIN, y + 14, 200, 10, "muted", anchor="end"))
        y += 22
        for at, (column, (name, _)) in enumerate(COLUMNS.items()):
            x = MARGIN + at % _CHIPS * (w + GAP)
            if at and not at % _CHIPS:
                y += 54
            scene.add(fit(name, x + w / 2, y + 11, w, 10.5, "muted", anchor="middle"))
            scene.add(_group(table, row, column, Rect(x, y + 15, w, 34)))
        y += 62
    scene.height = y
