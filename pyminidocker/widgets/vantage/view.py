"""The vantage grid as a live view."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import traitlets

from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.widgets.base import LearningView, script, styles
from pyminidocker.widgets.scene import Scene
from pyminidocker.widgets.vantage.model import Cell, Grid
from pyminidocker.widgets.vantage.scene import draw_grid, key_of
from pyminidocker.widgets.vantage.tries import (
    REASONS,
    InContainer,
    LabHost,
    Machine,
    Target,
    Vantage,
)
from pyminidocker.widgets.vantage.twin import grid_table

MOST_ROWS, MOST_COLUMNS = 8, 6
AT_ONCE = 4
MACHINE, LAB = "machine", "lab"


class VantageGrid(LearningView):
    """Who reaches whom, tried for real.

    Attributes:
        grid: the model.
        busy: it is being filled.
        selected: the cell whose reason is shown, ``row-column``.

    Args:
        points: where to look from.
        targets: what to reach.
    """

    _esm = script("base.js", "vantage.js")
    _css = styles("vantage.css")

    details = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("0-0").tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)
    columns = traitlets.Int(1).tag(sync=True)

    def __init__(self, points: Sequence[Vantage], targets: Sequence[Target]) -> None:
        super().__init__()
        self._points = tuple(points)
        self._filling, self._showing = threading.Lock(), threading.Lock()
        self.grid = Grid(tuple(point.label for point in points), tuple(targets))
        self.columns = len(targets)
        self._show()
        self.on_msg(self._on_message)

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the grid."""
        del still  # nothing in it differs from run to run
        return draw_grid(self.grid, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return grid_table(self.grid)

    def predict(self, guesses: Mapping[tuple[str, str], bool]) -> "VantageGrid":
        """Write predictions into the grid.

        Args:
            guesses: ``{("the machine", "127.0.0.1:8080"): True, ...}``, by names of row and column.

        Raises:
            InvalidArgument: no such row or column.
        """
        for (row, column), guess in guesses.items():
            try:
                place = (self.grid.rows.index(row), self.grid.heads.index(column))
            except ValueError:
                rows, heads = ", ".join(self.grid.rows), ", ".join(self.grid.heads)
                raise InvalidArgument(
                    f"no such cell: from {row!r} to {column!r}",
                    hint=f"rows: {rows}; columns: {heads}",
                ) from None
            self._guess(place, guess)
        self._show()
        return self

    def fill(self) -> "VantageGrid":
        """Try every way, and show each result as it comes.

        Rows go at the same time, because a silent way takes two seconds.

        Raises:
            MiniDockerError: an engine does not answer.
        """
        with self._filling:
            self.busy = True
            try:
                with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="vantage-grid") as pool:
                    rows = [pool.submit(self._fill_row, n) for n in range(len(self._points))]
                    for row in rows:
                        row.result()
            finally:
                self.busy = False
        self.message = self.grid.summary()
        return self

    def _fill_row(self, row: int) -> None:
        for column, target in enumerate(self.grid.columns):
            outcome = self._points[row].attempt(target)
            with self._showing:
                cell = self.grid.cell(row, column)
                self.grid.cells[row, column] = replace(cell, outcome=outcome)
                self.message = f"From {self._points[row].label} to {target}: {outcome.reason}."
                self._show()

    def forget(self) -> None:
        """Empty the grid, predictions too."""
        self.grid.cells.clear()
        self.message = ""
        self._show()

    def _guess(self, place: tuple[int, int], guess: bool | None) -> None:
        cell = self.grid.cells.get(place, Cell())
        if cell.outcome is None:  # afterwards everybody knew
            self.grid.cells[place] = replace(cell, guess=guess)

    def _show(self) -> None:
        grid = self.grid
        self.details = {
            key_of(r, c): {
                "from": row,
                "to": head,
                "word": grid.cell(r, c).word,
                "reason": outcome.reason if (outcome := grid.cell(r, c).outcome) else "",
                "meaning": REASONS[outcome.reason] if outcome else "",
                "said": outcome.said if outcome else "",
                "words": outcome.words if outcome else "",
                "verdict": grid.cell(r, c).verdict,
            }
            for r, row in enumerate(grid.rows)
            for c, head in enumerate(grid.heads)
        }
        self.draw()

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        what = content.get("do")
        if what == "guess":
            row, _, column = str(content.get("key", "")).partition("-")
            if row.isdigit() and column.isdigit():
                place = (int(row), int(column))
                guess = self.grid.cell(*place).guess
                self._guess(place, {None: True, True: False, False: None}[guess])
                self._show()
        elif what == "fill" and not self.busy:
            threading.Thread(target=self._fill_quietly, name="vantage-grid", daemon=True).start()
        elif what == "forget":
            self.forget()

    def _fill_quietly(self) -> None:
        """Fill for the page, where an exception would end in a log nobody reads."""
        try:
            self.fill()
        except (MiniDockerError, OSError) as error:
            self.message = str(error)


def _point(source: Any, engine: Any) -> Vantage:
    """Return the place that ``source`` names."""
    if isinstance(source, tuple):  # (engine, what) or (label, what)
        first, what = source
        if isinstance(first, str):
            point = _point(what, engine)
            point.label = first
            return point
        return _point(what, first)
    if source == MACHINE:
        return Machine()
    if source == LAB:
        return LabHost(engine, label=f"lab host {engine.api.engine_name or ''}".strip())
    if isinstance(source, str):
        return InContainer(engine.container(source))
    if hasattr(source, "exec"):
        return InContainer(source)
    raise InvalidArgument(
        f"not a place to look from: {source!r}", hint='"machine", "lab" or a container'
    )


def _target(wanted: str | tuple[str, str]) -> Target:
    """Return what ``wanted`` names: an address, or a label and an address."""
    if isinstance(wanted, str):
        return Target.of(wanted)
    label, address = wanted
    return replace(Target.of(address), label=label)


def vantage_grid(
    sources: Sequence[Any],
    targets: Sequence[str | tuple[str, str]],
    *,
    engine: Any = None,
    predictions: Mapping[tuple[str, str], bool] | None = None,
    fill: bool = False,
) -> VantageGrid:
    """Show from where what can be reached, by really trying.

    Args:
        sources: rows: ``"machine"``, ``"lab"``, a container or its name, ``(engine, container)``
            for another lab host, or ``(label, any of these)``.
        targets: columns: ``"web:80"``, ``"172.17.0.2:80"``, ``"127.0.0.1:8080"``; without a port
            it is pinged; ``(label, address)`` calls it something else.
        engine: whose containers names refer to; ``pyminidocker.connect()`` by default.
        predictions: see ``VantageGrid.predict``.
        fill: try at once instead of waiting for the button (or ``.fill()``).

    Returns:
        The widget.  ``.grid`` is the data, ``.fill()`` tries, ``str(widget)`` is the text twin.

    Raises:
        InvalidArgument: too many rows or columns, or something that is neither.
        NotFound: no such container.
    """
    if not (1 <= len(sources) <= MOST_ROWS and 1 <= len(targets) <= MOST_COLUMNS):
        raise InvalidArgument(
            f"a grid has 1 to {MOST_ROWS} rows and 1 to {MOST_COLUMNS} columns, "
            f"not {len(sources)} and {len(targets)}"
        )
    if engine is None:
        from pyminidocker.client import connect

        engine = connect()
    view = VantageGrid([_point(s, engine) for s in sources], [_target(t) for t in targets])
    if predictions:
        view.predict(predictions)
    return view.fill() if fill else view
