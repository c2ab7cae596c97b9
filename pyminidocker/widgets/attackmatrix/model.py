"""What an attack matrix knows: the attempts, what was predicted, what came of them."""

from dataclasses import dataclass, field

from pyminidocker.attacks import Attack, Attempt, Level

_WORDS = {"stopped": "stopped", "succeeded": "got through", "untried": "not tried"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One place in the matrix.

    Args:
        outcome: what came of the attempt; None before it was made.
        guess: what somebody predicted: True gets through, False stopped, None nothing.
    """

    outcome: Attempt | None = None
    guess: bool | None = None

    @property
    def verdict(self) -> str:
        """``right`` or ``wrong`` for a prediction that was put to the test, "" otherwise."""
        if self.guess is None or self.outcome is None or self.outcome.outcome == "untried":
            return ""
        return "right" if self.guess == self.outcome.succeeded else "wrong"

    @property
    def word(self) -> str:
        """What stands in the cell."""
        if self.outcome is not None:
            return _WORDS[self.outcome.outcome]
        return {True: "through?", False: "stopped?", None: "?"}[self.guess]


@dataclass(slots=True)
class Grid:
    """Attacks down, levels across.

    Args:
        attacks: the rows.
        levels: the columns.
        cells: by (attack's id, level's name).
    """

    attacks: tuple[Attack, ...]
    levels: tuple[Level, ...]
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)

    def cell(self, attack: str, level: str) -> Cell:
        """Return one cell."""
        return self.cells.get((attack, level), Cell())

    def got_through(self, level: str) -> tuple[str, ...]:
        """Return the attacks that succeeded at a level."""
        return tuple(
            attack.id
            for attack in self.attacks
            if (told := self.cell(attack.id, level).outcome) is not None and told.succeeded
        )

    def first_stop(self, attack: str) -> str:
        """Return the loosest level at which an attack was stopped; "" for none."""
        for level in self.levels:
            told = self.cell(attack, level.name).outcome
            if told is not None and told.stopped:
                return level.name
        return ""

    def says(self, attack: Attack, level: Level) -> str:
        """Return a cell as a sentence."""
        cell = self.cell(attack.id, level.name)
        about = f"{attack.title}, {level.title}"
        if cell.outcome is None:
            guess: dict[bool | None, str] = {
                True: "predicted: gets through",
                False: "predicted: stopped",
            }
            return f"{about}: {guess.get(cell.guess, 'not tried yet')}"
        said = f"{about}: {cell.word}; {cell.outcome.evidence}"
        return f"{said}; the prediction was {cell.verdict}" if cell.verdict else said

    def summary(self) -> str:
        """Return one sentence about the whole."""
        done = [cell for cell in self.cells.values() if cell.outcome is not None]
        guessed = [cell for cell in self.cells.values() if cell.guess is not None]
        if not done:
            more = f", {len(guessed)} places predicted" if guessed else ""
            return f"{len(self.attacks)} attacks, {len(self.levels)} levels, none tried yet{more}."
        counts = ", ".join(str(len(self.got_through(level.name))) for level in self.levels)
        text = f"Of {len(self.attacks)} attacks got through, level by level: {counts}"
        judged = [cell.verdict for cell in guessed if cell.verdict]
        if judged:
            text += f"; {judged.count('right')} of {len(judged)} predictions were right"
        return text + "."
