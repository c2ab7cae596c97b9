"""The table of snapshots as text."""

from pyminidocker.widgets.snapshots.model import COLUMNS, ROWS, Table
from pyminidocker.widgets.tables import text_table


def snapshot_text(table: Table) -> str:
    """Return the table in plain text, and why some of it could not be tried."""
    rows, reasons = [], []
    for row in table.rows:
        why = table.untried(row)
        words = []
        for column in COLUMNS:
            cell = table.cell(row, column)
            words.append("-" if why else cell.word + (" !" if cell.verdict == "wrong" else ""))
        rows.append([ROWS[row][0], *words])
        if why:
            reasons.append(f"- {ROWS[row][0]} could not be tried: {why}")
    head = ["", *(name for name, _ in COLUMNS.values())]
    parts = [text_table(head, rows), table.summary()]
    if reasons:
        parts.append("\n".join(reasons))
    if any(cell.verdict == "wrong" for cell in table.cells.values()):
        parts.append("! predicted otherwise")
    return "\n\n".join(parts)
