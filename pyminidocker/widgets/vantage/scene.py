"""The vantage grid as a picture: a cell says in a word, a mark and a colour what came of it."""

from pyminidocker.widgets.metrics import text_width
from pyminidocker.widgets.scene import Box, Group, Item, Label, Scene, line
from pyminidocker.widgets.vantage.model import Cell, Grid
from pyminidocker.widgets.wiring.parts import AIR, fit, ring
from pyminidocker.widgets.wiring.places import Rect

_HUES = {
    "reached": "green",
    "refused": "orange",
    "no answer": "red",
    "no such name": "violet",
    "unreachable": "slate",
    "failed": "slate",
}
WIDTH, MARGIN, HEAD, ROW, GAP, LINE = 868.0, 12.0, 44.0, 68.0, 8.0, 36.0


def key_of(row: int, column: int) -> str:
    """Return what a cell is called when it is selected."""
    return f"{row}-{column}"


def _mark(x: float, y: float, reason: str, edge: str) -> list[Item]:
    """Draw a tick, a closed door, a question without answer, ... centred on (x, y)."""
    if reason == "reached":
        return [
            line(x - 6, y, x - 2, y + 5, edge, 2.4),
            line(x - 2, y + 5, x + 7, y - 6, edge, 2.4),
        ]
    if reason == "refused":
        return [
            line(x - 5, y - 5, x + 5, y + 5, edge, 2.4),
            line(x - 5, y + 5, x + 5, y - 5, edge, 2.4),
        ]
    if reason == "no answer":
        return [Box(x - 6 + 5 * n, y - 1.5, 3, 3, edge, radius=1.5) for n in range(3)]
    if reason == "no such name":
        return [Label(x, y + 5, "?", 15, 600, edge.replace("-edge", "-text"), "middle")]
    return [
        Box(x - 7, y - 7, 14, 14, "", edge, 2, 7),
        line(x - 5, y + 5, x + 5, y - 5, edge, 2),
    ]


def _guess(cell: Cell) -> str:
    """Return what was predicted, in few words, once it is known what is true."""
    if not cell.verdict:
        return ""
    said = "yes" if cell.guess else "no"
    return f"you: {said}" + ("" if cell.verdict == "right" else ", not so")


def _frame(cell: Cell, spot: Rect) -> tuple[Box, str]:
    """Return a cell's box and the colour of what stands in it."""
    if cell.outcome is None:
        edge = "line" if cell.guess is None else "slate-edge"
        return Box(spot.x, spot.y, spot.w, spot.h, "panel", edge, 1.3, 8, (4.0, 4.0)), "muted"
    hue = _HUES[cell.outcome.reason]
    wrong = cell.verdict == "wrong"
    edge, width = ("red-edge", 2.6) if wrong else (f"{hue}-edge", 1.4)
    return Box(spot.x, spot.y, spot.w, spot.h, hue, edge, width, 8), f"{hue}-text"


def _stacked(cell: Cell, spot: Rect) -> list[Item]:
    """Draw a cell of a table: the word, below it what was said and what was predicted."""
    box, ink = _frame(cell, spot)
    middle = spot.x + spot.w / 2
    if cell.outcome is None:
        return [box, Label(middle, spot.y + spot.h / 2 + 5, cell.word, 13, 600, ink, "middle")]
    guess = _guess(cell)
    low = [text for text in (cell.outcome.said, guess) if text]
    top = spot.y + spot.h / 2 - 7.0 * len(low)
    start = middle - (text_width(cell.word, 12.5, weight=600) * AIR + 22) / 2
    items: list[Item] = [
        box,
        *_mark(start + 7, top, cell.outcome.reason, f"{_HUES[cell.outcome.reason]}-edge"),
        Label(start + 20, top + 4.5, cell.word, 12.5, 600, ink),
    ]
    for n, text in enumerate(low):
        weight = 600 if text == guess and cell.verdict == "wrong" else 400
        y = top + 20 + 13.5 * n
        items.append(fit(text, middle, y, spot.w - 8, 10, ink, weight=weight, anchor="middle"))
    return items


def _in_line(cell: Cell, spot: Rect, head: str) -> list[Item]:
    """Draw a cell of a list: where to, and what came of it, in one line."""
    box, ink = _frame(cell, spot)
    y = spot.y + spot.h / 2
    name = head if head.startswith("ping ") else f"to {head}"
    items: list[Item] = [box, fit(name, spot.x + 10, y + 4.5, 128, 11.5, ink, weight=600)]
    if cell.outcome is None:
        return [*items, Label(spot.right - 10, y + 5, cell.word, 13, 600, ink, "end")]
    at = spot.x + 150
    items += _mark(at, y, cell.outcome.reason, f"{_HUES[cell.outcome.reason]}-edge")
    items.append(Label(at + 13, y + 4.5, cell.word, 12.5, 600, ink))
    note = _guess(cell) or cell.outcome.said
    room = spot.w - 246
    items.append(fit(note, spot.right - 10, y + 4, room, 10, ink, anchor="end"))
    return items


def _group(grid: Grid, row: int, column: int, spot: Rect, *, narrow: bool) -> Group:
    cell, head = grid.cell(row, column), grid.heads[column]
    items = _in_line(cell, spot, head) if narrow else _stacked(cell, spot)
    return Group(tuple(items), key_of(row, column), cell.says(grid.rows[row], head), ring(spot, 3))


def draw_grid(grid: Grid, *, narrow: bool = False) -> Scene:
    """Draw the grid.

    Args:
        grid: the model.
        narrow: for a narrow cell: a list below each place instead of a table.
    """
    title = f"Vantage grid: {', '.join(grid.rows)} to {', '.join(grid.heads)}"
    scene = Scene(0, 0, title, describe(grid))
    (_draw_lists if narrow else _draw_table)(scene, grid)
    return scene


def _draw_table(scene: Scene, grid: Grid) -> None:
    count = len(grid.columns)
    names = max(text_width(name, 13, weight=600) for name in grid.rows) * AIR + 22
    names = min(max(names, 60.0), 190.0)
    w = min((WIDTH - 2 * MARGIN - names - GAP * (count - 1)) / count, 190.0)
    scene.width = 2 * MARGIN + names + count * w + GAP * (count - 1)
    scene.height = MARGIN + HEAD + len(grid.rows) * ROW - GAP + MARGIN
    left = MARGIN + names
    scene.add(Label(MARGIN, MARGIN + 30, "from", 11.5, 400, "muted"))
    scene.add(Label(left, MARGIN + 12, "to", 11.5, 400, "muted"))
    for column, head in enumerate(grid.heads):
        middle = left + column * (w + GAP) + w / 2
        size = 12.5 if w > 125 else 11
        scene.add(fit(head, middle, MARGIN + 31, w, size, "ink", weight=600, anchor="middle"))
    for row, name in enumerate(grid.rows):
        y = MARGIN + HEAD + row * ROW
        height = ROW - GAP
        scene.add(fit(name, MARGIN, y + height / 2 + 5, names - 8, 13, "ink", weight=600))
        for column in range(count):
            spot = Rect(left + column * (w + GAP), y, w, height)
            scene.add(_group(grid, row, column, spot, narrow=False))


def _draw_lists(scene: Scene, grid: Grid) -> None:
    scene.width, y = 400.0, MARGIN
    for row, name in enumerate(grid.rows):
        scene.add(fit(f"from {name}", MARGIN, y + 14, 370, 13, "ink", weight=600))
        y += 24
        for column in range(len(grid.columns)):
            spot = Rect(MARGIN, y, scene.width - 2 * MARGIN, LINE - 6)
            scene.add(_group(grid, row, column, spot, narrow=True))
            y += LINE
        y += 8
    scene.height = y


def describe(grid: Grid) -> str:
    """Say in words what the picture shows."""
    cells = [
        grid.cell(r, c).says(row, head)
        for r, row in enumerate(grid.rows)
        for c, head in enumerate(grid.heads)
    ]
    return f"{grid.summary()} {'. '.join(cells)}."
