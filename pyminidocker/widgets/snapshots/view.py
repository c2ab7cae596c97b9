"""The table of snapshots as a live view."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import traitlets

from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.widgets.base import LearningView, script, styles
from pyminidocker.widgets.scene import Scene
from pyminidocker.widgets.snapshots.model import COLUMNS, ROWS, Cell, Table
from pyminidocker.widgets.snapshots.scene import costs_text, draw_table, key_of
from pyminidocker.widgets.snapshots.trial import Result, attempt
from pyminidocker.widgets.snapshots.trial_vm import try_vm
from pyminidocker.widgets.snapshots.twin import snapshot_text

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine
    from pyminidocker.vm.machine import VirtualMachine

VM = "vm"


class SnapshotTable(LearningView):
    """What each kind of snapshot keeps, tried for real.

    Attributes:
        table: the model.
        busy: it is being filled.
        selected: the cell whose evidence is shown, ``row/column``.

    Args:
        engine: where containers are tried.
        vm: a running virtual machine; without one, its row is not tried.
        rows: keys of ``model.ROWS``.
    """

    _esm = script("base.js", "snapshots.js")
    _css = styles("snapshots.css")

    details = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode().tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)
    columns = traitlets.Int(len(COLUMNS)).tag(sync=True)

    def __init__(
        self, engine: "Engine", vm: "VirtualMachine | None", rows: Sequence[str] = tuple(ROWS)
    ) -> None:
        super().__init__()
        self._engine, self._vm = engine, vm
        self._filling = threading.Lock()
        self.table = Table(tuple(rows))
        self.selected = key_of(rows[0], next(iter(COLUMNS)))
        self._show()
        self.on_msg(self._on_message)

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the table."""
        return draw_table(self.table, narrow=narrow, still=still)

    def text(self) -> str:
        """Return the text twin."""
        return snapshot_text(self.table)

    def predict(self, guesses: Mapping[tuple[str, str], bool]) -> "SnapshotTable":
        """Write predictions into the table.

        Args:
            guesses: ``{("commit", "volume"): True, ...}``: True says that it is kept.

        Raises:
            InvalidArgument: no such row or column.
        """
        for (row, column), guess in guesses.items():
            if row not in self.table.rows or column not in COLUMNS:
                raise InvalidArgument(
                    f"no such cell: {row!r}, {column!r}",
                    hint=f"rows: {', '.join(self.table.rows)}; columns: {', '.join(COLUMNS)}",
                )
            self._guess((row, column), guess)
        self._show()
        return self

    def fill(self) -> "SnapshotTable":
        """Take every snapshot, lose the original, and look what came back."""
        with self._filling:
            self.busy = True
            try:
                for row in self.table.rows:
                    self.message = f"Trying: {ROWS[row][1]} ..."
                    self._enter(row, try_vm(self._vm) if row == VM else attempt(self._engine, row))
            finally:
                self.busy = False
        self.message = self.table.summary()
        return self

    def _enter(self, row: str, result: Result) -> None:
        found, self.table.costs[row] = result
        for column, outcome in found.items():
            cell = self.table.cell(row, column)
            self.table.cells[row, column] = replace(cell, outcome=outcome)
        self._show()

    def forget(self) -> None:
        """Empty the table, predictions too."""
        self.table.cells.clear()
        self.table.costs.clear()
        self.message = ""
        self._show()

    def _guess(self, place: tuple[str, str], guess: bool | None) -> None:
        cell = self.table.cells.get(place, Cell())
        if cell.outcome is None:  # afterwards everybody knew
            self.table.cells[place] = replace(cell, guess=guess)

    def _show(self) -> None:
        table = self.table
        self.details = {
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
        self.draw()

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        what = content.get("do")
        if what == "guess":
            row, _, column = str(content.get("key", "")).partition("/")
            if row in self.table.rows and column in COLUMNS:
                guess = self.table.cell(row, column).guess
                self._guess((row, column), {None: True, True: False, False: None}[guess])
                self._show()
        elif what == "fill" and not self.busy:
            threading.Thread(target=self._fill_quietly, name="snapshots", daemon=True).start()
        elif what == "forget":
            self.forget()

    def _fill_quietly(self) -> None:
        """Fill for the page, where an exception would end in a log nobody reads."""
        try:
            self.fill()
        except (MiniDockerError, OSError) as error:
            self.message = str(error)


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
