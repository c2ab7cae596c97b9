"""The vantage grid as a live view."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from pyminidocker.errors import InvalidArgument
from pyminidocker.widgets.base import script, styles
from pyminidocker.widgets.grid import PredictionGrid
from pyminidocker.widgets.scene import Scene
from pyminidocker.widgets.vantage.model import Grid
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


class VantageGrid(PredictionGrid):
    """Who reaches whom, tried for real.

    In a prediction (``predict({("the machine", "web:80"): True})``), True says that it is reached.

    Attributes:
        grid: the model.
        selected: the cell whose reason is shown, ``row-column``.

    Args:
        points: where to look from.
        targets: what to reach.
    """

    _esm = script("base.js", "grid.js", "vantage.js")
    _css = styles("vantage.css")

    THREAD = "vantage-grid"

    def __init__(self, points: Sequence[Vantage], targets: Sequence[Target]) -> None:
        self._points, self._showing = tuple(points), threading.Lock()
        self.grid = Grid(tuple(point.label for point in points), tuple(targets))
        super().__init__(self.grid, columns=len(targets), selected=key_of(0, 0))

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the grid."""
        del still  # nothing in it differs from run to run
        return draw_grid(self.grid, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return grid_table(self.grid)

    def _place(self, row: str, column: str) -> tuple[int, int]:
        try:
            return self.grid.rows.index(row), self.grid.heads.index(column)
        except ValueError:
            rows, heads = ", ".join(self.grid.rows), ", ".join(self.grid.heads)
            raise InvalidArgument(
                f"no such cell: from {row!r} to {column!r}",
                hint=f"rows: {rows}; columns: {heads}",
            ) from None

    def _place_of(self, key: str) -> tuple[int, int] | None:
        row, _, column = key.partition("-")
        if not (row.isdecimal() and column.isdecimal()):
            return None
        place = (int(row), int(column))
        is_inside = place[0] < len(self.grid.rows) and place[1] < len(self.grid.heads)
        return place if is_inside else None

    def _try_all(self) -> None:
        """Try rows at the same time, because a silent way takes two seconds."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix=self.THREAD) as pool:
            rows = [pool.submit(self._fill_row, n) for n in range(len(self._points))]
            for row in rows:
                row.result()

    def _fill_row(self, row: int) -> None:
        for column, target in enumerate(self.grid.columns):
            outcome = self._points[row].attempt(target)
            with self._showing:
                self._enter((row, column), outcome)
                self.message = f"From {self._points[row].label} to {target}: {outcome.reason}."
                self._show()

    def _facts(self) -> dict[str, dict[str, str]]:
        grid = self.grid
        return {
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
