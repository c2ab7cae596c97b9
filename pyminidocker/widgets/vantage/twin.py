"""The vantage grid as text."""

from pyminidocker.widgets.tables import text_table
from pyminidocker.widgets.vantage.model import Grid
from pyminidocker.widgets.vantage.tries import REASONS


def grid_table(grid: Grid) -> str:
    """Return the grid as a plain text table, and what its words mean."""
    rows, used = [], []
    for r, name in enumerate(grid.rows):
        cells = []
        for c in range(len(grid.columns)):
            cell = grid.cell(r, c)
            text = cell.word
            if cell.outcome is not None:
                if cell.outcome.said:
                    text += f" ({cell.outcome.said})"
                if cell.verdict == "wrong":
                    text += " !"
                if cell.outcome.reason not in used:
                    used.append(cell.outcome.reason)
            cells.append(text)
        rows.append([name, *cells])
    parts = [text_table(["from", *grid.heads], rows), grid.summary()]
    if used:
        parts.append("\n".join(f"{reason}: {REASONS[reason]}" for reason in used))
    if any(cell.verdict == "wrong" for cell in grid.cells.values()):
        parts.append("! predicted otherwise")
    return "\n\n".join(parts)
