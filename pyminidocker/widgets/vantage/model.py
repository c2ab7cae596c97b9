"""What a vantage grid knows: from where, to what, what was expected, what came of it."""

from dataclasses import dataclass, field

from pyminidocker.widgets.vantage.tries import REACHED, REASONS, Target, Try

MARKS = {
    REACHED: "yes",
    "refused": "refused",
    "no answer": "no answer",
    "no such name": "no name",
    "unreachable": "no way",
    "failed": "not tried",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One attempt.

    Args:
        outcome: what came of it; None before it was tried.
        guess: what somebody predicted: True reached, False not, None nothing.
    """

    outcome: Try | None = None
    guess: bool | None = None

    @property
    def verdict(self) -> str:
        """``right`` or ``wrong`` for a prediction that was put to the test, "" otherwise."""
        if self.guess is None or self.outcome is None:
            return ""
        return "right" if self.guess == self.outcome.reached else "wrong"

    @property
    def word(self) -> str:
        """What stands in the cell."""
        if self.outcome is not None:
            return MARKS[self.outcome.reason]
        return {True: "yes?", False: "no?", None: "?"}[self.guess]

    def says(self, row: str, column: str) -> str:
        """Return the cell as a sentence."""
        if self.outcome is None:
            guess = {True: "predicted: reached", False: "predicted: not reached", None: "not tried"}
            return f"from {row} to {column}: {guess[self.guess]}"
        said = f"from {row} to {column}: {self.outcome.reason}, {REASONS[self.outcome.reason]}"
        if self.outcome.said:
            said += f'; it said "{self.outcome.said}"'
        elif self.outcome.words:
            said += f" ({self.outcome.words})"
        if self.verdict:
            said += f"; the prediction was {self.verdict}"
        return said


@dataclass(slots=True)
class Grid:
    """Rows of vantage points, columns of targets.

    Args:
        rows: labels of where one looks from.
        columns: what is to be reached.
        cells: by (row, column) index.
    """

    rows: tuple[str, ...]
    columns: tuple[Target, ...]
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)

    def cell(self, row: int, column: int) -> Cell:
        """Return one cell."""
        return self.cells.get((row, column), Cell())

    @property
    def heads(self) -> tuple[str, ...]:
        """The columns' names; what is pinged says so."""
        return tuple(str(t) if t.port or t.label else f"ping {t}" for t in self.columns)

    def reached_from(self, column: int = 0) -> tuple[str, ...]:
        """Return the rows from which a column was reached."""
        cells = [self.cell(row, column) for row in range(len(self.rows))]
        return tuple(
            row
            for row, cell in zip(self.rows, cells, strict=True)
            if cell.outcome and cell.outcome.reached
        )

    def tried(self) -> int:
        """Count the cells that were tried."""
        return sum(cell.outcome is not None for cell in self.cells.values())

    def summary(self) -> str:
        """Return one sentence about the whole."""
        total = len(self.rows) * len(self.columns)
        done = [cell for cell in self.cells.values() if cell.outcome]
        if not done:
            guessed = sum(cell.guess is not None for cell in self.cells.values())
            more = f", {guessed} predicted" if guessed else ""
            return f"{total} ways, none tried yet{more}."
        reached = sum(bool(cell.outcome and cell.outcome.reached) for cell in done)
        text = f"{reached} of {len(done)} ways lead there"
        judged = [cell.verdict for cell in done if cell.verdict]
        if judged:
            text += f"; {judged.count('right')} of {len(judged)} predictions were right"
        return text + "."
