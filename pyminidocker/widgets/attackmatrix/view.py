"""The attack matrix as a live view."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pyminidocker.attacks import ATTACKS, LEVELS, Attack, Attempt, Level, find, level, sweep
from pyminidocker.errors import InvalidArgument
from pyminidocker.widgets.attackmatrix.model import Grid
from pyminidocker.widgets.attackmatrix.scene import draw_grid, key_of
from pyminidocker.widgets.attackmatrix.twin import matrix_text
from pyminidocker.widgets.base import script, styles
from pyminidocker.widgets.grid import PredictionGrid
from pyminidocker.widgets.scene import Scene

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine


class AttackMatrix(PredictionGrid):
    """Attacks at levels of hardening, each really tried.

    In a prediction (``predict({("keyring", "default"): True})``), True says that it gets through.

    Attributes:
        grid: the model.
        selected: the cell whose evidence is shown, ``attack/level``.

    Args:
        engine: whose containers.
        attacks: the rows.
        levels: the columns.
    """

    _esm = script("base.js", "grid.js", "attackmatrix.js")
    _css = styles("attackmatrix.css")

    THREAD = "attacks"

    def __init__(
        self, engine: "Engine", attacks: tuple[Attack, ...], levels: tuple[Level, ...] = LEVELS
    ) -> None:
        self._engine = engine
        self.grid = Grid(attacks, levels)
        first = key_of(attacks[0].id, levels[0].name)
        super().__init__(self.grid, columns=len(levels), selected=first)

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the matrix."""
        del still  # nothing in it is measured
        return draw_grid(self.grid, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return matrix_text(self.grid)

    def _place(self, row: str, column: str) -> tuple[str, str]:
        if not self._has(row, column):
            raise InvalidArgument(
                f"no such cell: {row!r}, {column!r}",
                hint=f"rows: {', '.join(one.id for one in self.grid.attacks)};"
                f" columns: {', '.join(one.name for one in self.grid.levels)}",
            )
        return row, column

    def _place_of(self, key: str) -> tuple[str, str] | None:
        attack, _, name = key.partition("/")
        return (attack, name) if self._has(attack, name) else None

    def _try_all(self) -> None:
        """Try every attack at every level."""
        for one in self.grid.levels:
            self.message = f"Trying at the level: {one.name} ..."
            sweep(self._engine, self.grid.attacks, [one], self._told)
            self._show()

    def _told(self, told: Attempt) -> None:
        self._enter((told.attack, told.level), told)

    def _has(self, attack: str, name: str) -> bool:
        return any(one.id == attack for one in self.grid.attacks) and any(
            one.name == name for one in self.grid.levels
        )

    def _facts(self) -> dict[str, dict[str, str]]:
        grid = self.grid
        return {
            key_of(attack.id, one.name): {
                "title": attack.title,
                "story": attack.story,
                "barrier": attack.barrier,
                "source": attack.source,
                "level": one.title,
                "flags": one.flags,
                "word": (cell := grid.cell(attack.id, one.name)).word,
                "evidence": cell.outcome.evidence if cell.outcome else "",
                "verdict": cell.verdict,
            }
            for attack in grid.attacks
            for one in grid.levels
        }


def attack_matrix(
    engine: "Engine | None" = None,
    attacks: Iterable[str] = (),
    levels: Iterable[str] = (),
    *,
    predictions: Mapping[tuple[str, str], bool] | None = None,
    fill: bool = False,
) -> AttackMatrix:
    """Show attempts to break out of a container, at five levels of hardening.

    Args:
        engine: where; ``pyminidocker.connect()`` by default.
        attacks: ids of ``pyminidocker.attacks.ATTACKS``; all of them by default.
        levels: names of ``pyminidocker.attacks.LEVELS``; all of them by default.
        predictions: see ``AttackMatrix.predict``.
        fill: try at once instead of waiting for the button (or ``.fill()``).

    Returns:
        The widget.  ``.grid`` is the data, ``.fill()`` tries, ``str(widget)`` is the text twin.

    Raises:
        InvalidArgument: no such attack or level.
    """
    if engine is None:
        from pyminidocker.client import connect

        engine = connect()
    try:
        rows = tuple(find(name) for name in attacks) or ATTACKS
        columns = tuple(level(name) for name in levels) or LEVELS
    except KeyError as error:
        raise InvalidArgument(f"no such attack or level: {error}") from None
    view = AttackMatrix(engine, rows, columns)
    if predictions:
        view.predict(predictions)
    return view.fill() if fill else view
