"""The attack matrix as text."""

from pyminidocker.widgets.attackmatrix.model import Grid
from pyminidocker.widgets.tables import text_table


def matrix_text(grid: Grid) -> str:
    """Return the matrix in plain text."""
    rows = []
    for attack in grid.attacks:
        cells = [grid.cell(attack.id, level.name) for level in grid.levels]
        words = [cell.word + (" !" if cell.verdict == "wrong" else "") for cell in cells]
        rows.append([attack.title, *words])
    parts = [text_table(["", *(level.name for level in grid.levels)], rows), grid.summary()]
    if any(cell.verdict == "wrong" for cell in grid.cells.values()):
        parts.append("! predicted otherwise")
    return "\n\n".join(parts)
