"""What grids of cells have in common that are predicted first and then really tried."""

import threading
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Protocol, Self

import traitlets

from pyminidocker.errors import MiniDockerError
from pyminidocker.widgets.base import LearningView

AFTER = {None: True, True: False, False: None}  # what a click makes of a prediction


class Board(Protocol):
    """The model of a grid; its cells are dataclasses with a ``guess`` and an ``outcome``."""

    @property
    def cells(self) -> dict[Any, Any]:
        """Cells that differ from empty ones, by place (row, column)."""

    def cell(self, row: Any, column: Any, /) -> Any:
        """Return the cell at a place."""

    def summary(self) -> str:
        """Say in a sentence what came out."""


class PredictionGrid(LearningView):
    """A grid of cells to predict and to try; subclasses say what the cells are.

    Attributes:
        busy: it is being filled.
        selected: key of the cell whose facts are shown.

    Args:
        board: the model.
        columns: how many columns it has.
        selected: which cell is selected at first.
    """

    THREAD: ClassVar[str]  # name of the thread that fills it for the page

    details = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode().tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)
    columns = traitlets.Int(1).tag(sync=True)

    def __init__(self, board: Board, *, columns: int, selected: str) -> None:
        super().__init__()
        self._board = board
        self._filling = threading.Lock()
        self.columns, self.selected = columns, selected
        self._show()
        self.on_msg(self._on_message)

    @abstractmethod
    def _place(self, row: str, column: str) -> tuple[Any, Any]:
        """Return the place in the board of what a learner calls so.

        Raises:
            InvalidArgument: no such row or column.
        """

    @abstractmethod
    def _place_of(self, key: str) -> tuple[Any, Any] | None:
        """Return the place of a key of the picture; None for anything else."""

    @abstractmethod
    def _facts(self) -> dict[str, dict[str, str]]:
        """Return what the page says about each cell, by key."""

    @abstractmethod
    def _try_all(self) -> None:
        """Try every cell and show the outcomes as they come."""

    def predict(self, guesses: Mapping[tuple[str, str], bool]) -> Self:
        """Write predictions into the grid, up to the first that is for no cell.

        Args:
            guesses: by names of row and column; what True says depends on the grid.

        Raises:
            InvalidArgument: no such row or column.
        """
        for (row, column), guess in guesses.items():
            self._guess(self._place(row, column), guess)
        self._show()
        return self

    def fill(self) -> Self:
        """Try everything, and show each result as it comes.

        Raises:
            MiniDockerError: an engine does not answer.
        """
        with self._filling:
            self.busy = True
            try:
                self._try_all()
            finally:
                self.busy = False
        self.message = self._board.summary()
        return self

    def forget(self) -> None:
        """Empty the grid, predictions too."""
        self._board.cells.clear()
        self.message = ""
        self._show()

    def _guess(self, place: tuple[Any, Any], guess: bool | None) -> None:
        cell = self._board.cell(*place)
        if cell.outcome is None:  # afterwards everybody knew
            self._board.cells[place] = replace(cell, guess=guess)

    def _enter(self, place: tuple[Any, Any], outcome: Any) -> None:
        """Note what came out at a place, beside its prediction."""
        self._board.cells[place] = replace(self._board.cell(*place), outcome=outcome)

    def _show(self) -> None:
        self.details = self._facts()
        self.draw()

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        what = content.get("do")
        if what == "guess":
            if (place := self._place_of(str(content.get("key", "")))) is not None:
                self._guess(place, AFTER[self._board.cell(*place).guess])
                self._show()
        elif what == "fill" and not self.busy:
            threading.Thread(target=self._fill_quietly, name=self.THREAD, daemon=True).start()
        elif what == "forget":
            self.forget()

    def _fill_quietly(self) -> None:
        """Fill for the page, where an exception would end in a log nobody reads."""
        try:
            self.fill()
        except (MiniDockerError, OSError) as error:
            self.message = str(error)
