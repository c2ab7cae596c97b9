"""The table of snapshots as a live view."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.errors import InvalidArgument
from pyminidocker.widgets.base import script, styles
from pyminidocker.widgets.grid import PredictionGrid
from pyminidocker.widgets.scene import Scene
from pyminidocker.widgets.snapshots.model import COLUMNS, ROWS, Table
from pyminidocker.widgets.snapshots.scene import costs_text, draw_table, key_of
from pyminidocker.widgets.snapshots.trial import attempt
from pyminidocker.widgets.snapshots.trial_vm import try_vm
from pyminidocker.widgets.snapshots.twin import snapshot_text

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine
    from pyminidocker.vm.machine import VirtualMachine

VM = "vm"


class SnapshotTable(PredictionGrid):
    """What each kind of snapshot keeps, tried for real.

    In a prediction (``predict({("commit", "volume"): True})``), True says that it is kept.

    Attributes:
        table: the model.
        selected: the cell whose evidence is shown, ``row/column``.

    Args:
        engine: where containers are tried.
        vm: a running virtual machine; without one, its row is not tried.
        rows: keys of ``model.ROWS``.
    """

    _esm = script("base.js", "grid.js", "snapshots.js")
    _css = styles("snapshots.css")

    THREAD = "snapshots"

    def __init__(
        self, engine: "Engine", vm: "VirtualMachine | None", rows: Sequence[str] = tuple(ROWS)
    ) -> None:
        self._engine, self._vm = engine, vm
        self.table = Table(tuple(rows))
        first = key_of(rows[0], next(iter(COLUMNS)))
        super().__init__(self.table, columns=len(COLUMNS), selected=first)

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the table."""
        return draw_table(self.table, narrow=narrow, still=still)

    def text(self) -> str:
        """Return the text twin."""
        return snapshot_text(self.table)

    def _place(self, row: str, column: str) -> tuple[str, str]:
        if not self._has(row, column):
            raise InvalidArgument(
                f"no such cell: {row!r}, {column!r}",
                hint=f"rows: {', '.join(self.table.rows)}; columns: {', '.join(COLUMNS)}",
            )
        return row, column

    def _place_of(self, key: str) -> tuple[str, str] | None:
        row, _, column = key.partition("/")
        return (row, column) if self._has(row, column) else None

    def _has(self, row: str, column: str) -> bool:
        return row in self.table.rows and column in COLUMNS

    def _try_all(self) -> None:
        """Take every snapshot, lose the original, and look what came back."""
        for row in self.table.rows:
            self.message = f"Trying: {ROWS[row][1]} ..."
            result = try_vm(self._vm) if row == VM else attempt(self._engine, row)
            found, self.table.costs[row] = result
            for column, outcome in found.items():
                self._enter((row, column), outcome)
            self._show()

    def forget(self) -> None:
        """Empty the table, predictions and costs too."""
        self.table.costs.clear()
        super().forget()

    def _facts(self) -> dict[str, dict[str, str]]:
        table = self.table
        return {
            key_of(row, column): {
                "row": ROWS[row][0],
                "how": ROWS[row][1],
                "column": COLUMNS[column][1],
                "word": (cell := table.cell(row, column)).word,
                "evidence": cell.outcome.evidence if cell.outcome else "",
                "verdict": cell.verdict,
                "cost": costs_text(table.costs[row]) if row in table.costs else "",
            }
            for row in table.rows
            for column in COLUMNS
        }


def snapshot_table(
    engine: "Engine | None" = None,
    vm: "VirtualMachine | None" = None,
    *,
    predictions: Mapping[tuple[str, str], bool] | None = None,
    fill: bool = False,
) -> SnapshotTable:
    """Show what each kind of snapshot keeps, by taking each and losing the original.

    Makes containers, images, a volume and a network whose names begin with ``snapshot-``, and
    removes them again.

    Args:
        engine: where; ``pyminidocker.connect()`` by default.
        vm: a running virtual machine (``pyminidocker.vm.boot()``) for the last row.
        predictions: see ``SnapshotTable.predict``.
        fill: try at once instead of waiting for the button (or ``.fill()``).

    Returns:
        The widget.  ``.table`` is the data, ``.fill()`` tries, ``str(widget)`` is the text twin.
    """
    if engine is None:
        from pyminidocker.client import connect

        engine = connect()
    view = SnapshotTable(engine, vm)
    if predictions:
        view.predict(predictions)
    return view.fill() if fill else view
