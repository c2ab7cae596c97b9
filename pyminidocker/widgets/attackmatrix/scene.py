"""The attack matrix as a picture: a cell says in word, mark and colour what came of it."""

from pyminidocker.widgets.attackmatrix.model import Cell, Grid
from pyminidocker.widgets.scene import Box, Group, Item, Scene, line
from pyminidocker.widgets.wiring.parts import fit, ring
from pyminidocker.widgets.wiring.places import Rect

_HUES = {"stopped": "green", "succeeded": "red", "untried": "slate"}
WIDTH, MARGIN, HEAD, ROW, GAP, NAMES = 868.0, 12.0, 48.0, 36.0, 6.0, 262.0
_NARROW, _CHIP = 400.0, 26.0


def key_of(attack: str, level: str) -> str:
    """Return what a cell is called when it is selected."""
    return f"{attack}/{level}"


def _mark(x: float, y: float, kind: str, edge: str) -> list[Item]:
    """Draw a wall for stopped, an arrow for got through, a dash for not tried."""
    if kind == "stopped":
        return [
            line(x - 6, y, x, y, edge, 2.2),
            line(x + 3, y - 6, x + 3, y + 6, edge, 2.8),
        ]
    if kind == "succeeded":
        return [
            line(x - 7, y, x + 5, y, edge, 2.2),
            line(x + 1, y - 5, x + 6, y, edge, 2.2),
            line(x + 1, y + 5, x + 6, y, edge, 2.2),
        ]
    return [line(x - 5, y, x + 5, y, edge, 2.2)]


def _frame(cell: Cell, spot: Rect) -> tuple[Box, str]:
    """Return a cell's box and the colour of what stands in it."""
    if cell.outcome is None:
        edge = "line" if cell.guess is None else "slate-edge"
        return Box(spot.x, spot.y, spot.w, spot.h, "panel", edge, 1.3, 7, (4.0, 4.0)), "muted"
    hue = _HUES[cell.outcome.outcome]
    width = 2.8 if cell.verdict == "wrong" else 1.4
    edge = "violet-edge" if cell.verdict == "wrong" else f"{hue}-edge"
    return Box(spot.x, spot.y, spot.w, spot.h, hue, edge, width, 7), f"{hue}-text"


def _content(cell: Cell, spot: Rect) -> list[Item]:
    """Draw a cell: its mark, its word, and a sign where the prediction failed."""
    box, ink = _frame(cell, spot)
    middle, y = spot.x + spot.w / 2, spot.y + spot.h / 2
    if cell.outcome is None:
        return [box, fit(cell.word, middle, y + 4.5, spot.w - 6, 12, ink, anchor="middle")]
    edge = f"{_HUES[cell.outcome.outcome]}-edge"
    word = cell.word + (" !" if cell.verdict == "wrong" else "")
    if spot.w < 80:
        return [box, *_mark(middle, y, cell.outcome.outcome, edge)]
    return [
        box,
        *_mark(spot.x + 15, y, cell.outcome.outcome, edge),
        fit(word, spot.x + 28, y + 4.5, spot.w - 32, 11.5, ink, weight=600),
    ]


def draw_grid(grid: Grid, *, narrow: bool = False) -> Scene:
    """Draw the matrix.

    Args:
        grid: the model.
        narrow: for a narrow cell: marks alone, below each attack's name.
    """
    described = [grid.says(attack, level) for attack in grid.attacks for level in grid.levels]
    told = f"{grid.summary()} {'. '.join(described)}."
    scene = Scene(0, 0, "Attacks at levels of hardening", told)
    (_draw_narrow if narrow else _draw_wide)(scene, grid)
    return scene


def _draw_wide(scene: Scene, grid: Grid) -> None:
    w = (WIDTH - 2 * MARGIN - NAMES) / len(grid.levels) - GAP
    left = MARGIN + NAMES
    scene.width = WIDTH
    scene.height = MARGIN + HEAD + len(grid.attacks) * ROW - GAP + MARGIN
    for at, level in enumerate(grid.levels):
        middle = left + at * (w + GAP) + w / 2
        head, _, rest = level.title.partition(" (")
        scene.add(fit(head, middle, MARGIN + 16, w + GAP, 11.5, "ink", weight=600, anchor="middle"))
        note = rest.rstrip(")") or level.name
        scene.add(fit(note, middle, MARGIN + 32, w + GAP, 10.5, "muted", anchor="middle"))
    for number, attack in enumerate(grid.attacks):
        y = MARGIN + HEAD + number * ROW
        scene.add(fit(attack.title, MARGIN, y + 20, NAMES - 8, 12.5, "ink"))
        for at in range(len(grid.levels)):
            spot = Rect(left + at * (w + GAP), y, w, ROW - GAP)
            scene.add(_group(grid, number, at, spot))


def _draw_narrow(scene: Scene, grid: Grid) -> None:
    scene.width, y = _NARROW, MARGIN
    w = (_NARROW - 2 * MARGIN + GAP) / len(grid.levels) - GAP
    for at, level in enumerate(grid.levels):
        x = MARGIN + at * (w + GAP)
        name = fit(level.name, x + w / 2, y + 12, w + GAP, 11, "ink", weight=600, anchor="middle")
        scene.add(name)
    y += 22
    for number, attack in enumerate(grid.attacks):
        scene.add(fit(attack.title, MARGIN, y + 13, _NARROW - 2 * MARGIN, 12, "ink"))
        for at in range(len(grid.levels)):
            spot = Rect(MARGIN + at * (w + GAP), y + 19, w, _CHIP)
            scene.add(_group(grid, number, at, spot))
        y += _CHIP + 30
    scene.height = y


def _group(grid: Grid, row: int, column: int, spot: Rect) -> Group:
    attack, level = grid.attacks[row], grid.levels[column]
    items = tuple(_content(grid.cell(attack.id, level.name), spot))
    return Group(items, key_of(attack.id, level.name), grid.says(attack, level), ring(spot, 2))
