"""The attack matrix as a live view."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import traitlets

from pyminidocker.attacks import ATTACKS, LEVELS, Attack, Attempt, Level, find, level, sweep
from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.widgets.attackmatrix.model import Cell, Grid
from pyminidocker.widgets.attackmatrix.scene import draw_grid, key_of
from pyminidocker.widgets.attackmatrix.twin import matrix_text
from pyminidocker.widgets.base import LearningView, script, styles
from pyminidocker.widgets.scene import Scene

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine


class AttackMatrix(LearningView):
    """Attacks at levels of hardening, each really tried.

    Attributes:
        grid: the model.
        busy: it is being filled.
        selected: the cell whose evidence is shown, ``attack/level``.

    Args:
        engine: whose containers.
        attacks: the rows.
        levels: the columns.
    """

    _esm = script("base.js", "attackmatrix.js")
    _css = styles("attackmatrix.css")

    details = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode().tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)
    columns = traitlets.Int(len(LEVELS)).tag(sync=True)

    def __init__(
        self, engine: "Engine", attacks: tuple[Attack, ...], levels: tuple[Level, ...] = LEVELS
    ) -> None:
        super().__init__()
        self._engine = engine
        self._filling = threading.Lock()
        self.grid = Grid(attacks, levels)
        self.columns = len(levels)
        self.selected = key_of(attacks[0].id, levels[0].name)
        self._show()
        self.on_msg(self._on_message)

    def scene(self, *, still: bool, narrow: bool = False) -> Scene:
        """Draw the matrix."""
        del still  # nothing in it is measured
        return draw_grid(self.grid, narrow=narrow)

    def text(self) -> str:
        """Return the text twin."""
        return matrix_text(self.grid)

    def predict(self, guesses: Mapping[tuple[str, str], bool]) -> "AttackMatrix":
        """Write predictions into the matrix.

        Args:
            guesses: ``{("keyring", "default"): False, ...}``: True says that it gets through.

        Raises:
            InvalidArgument: no such row or column.
        """
        for (attack, name), guess in guesses.items():
            if not self._has(attack, name):
                raise InvalidArgument(
                    f"no such cell: {attack!r}, {name!r}",
                    hint=f"rows: {', '.join(one.id for one in self.grid.attacks)};"
                    f" columns: {', '.join(one.name for one in self.grid.levels)}",
                )
            self._guess((attack, name), guess)
        self._show()
        return self

    def fill(self) -> "AttackMatrix":
        """Try every attack at every level."""
        with self._filling:
            self.busy = True
            try:
                for one in self.grid.levels:
                    self.message = f"Trying at the level: {one.name} ..."
                    sweep(self._engine, self.grid.attacks, [one], self._enter)
                    self._show()
            finally:
                self.busy = False
        self.message = self.grid.summary()
        return self

    def _enter(self, told: Attempt) -> None:
        cell = self.grid.cell(told.attack, told.level)
        self.grid.cells[told.attack, told.level] = replace(cell, outcome=told)

    def forget(self) -> None:
        """Empty the matrix, predictions too."""
        self.grid.cells.clear()
        self.message = ""
        self._show()

    def _has(self, attack: str, name: str) -> bool:
        return any(one.id == attack for one in self.grid.attacks) and any(
            one.name == name for one in self.grid.levels
        )

    def _guess(self, place: tuple[str, str], guess: bool | None) -> None:
        cell = self.grid.cells.get(place, Cell())
        if cell.outcome is None:  # afterwards everybody knew
            self.grid.cells[place] = replace(cell, guess=guess)

    def _show(self) -> None:
        grid = self.grid
        self.details = {
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
        self.draw()

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        what = content.get("do")
        if what == "guess":
            attack, _, name = str(content.get("key", "")).partition("/")
            if self._has(attack, name):
                guess = self.grid.cell(attack, name).guess
                self._guess((attack, name), {None: True, True: False, False: None}[guess])
                self._show()
        elif what == "fill" and not self.busy:
            threading.Thread(target=self._fill_quietly, name="attacks", daemon=True).start()
        elif what == "forget":
            self.forget()

    def _fill_quietly(self) -> None:
        """Fill for the page, where an exception would end in a log nobody reads."""
        try:
            self.fill()
        except (MiniDockerError, OSError) as error:
            self.message = str(error)


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
