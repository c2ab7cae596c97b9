"""What a table of snapshots knows: who keeps what, what was predicted, what was seen."""

from dataclasses import dataclass, field

KEPT, LOST, NONE, UNTRIED = "kept", "lost", "none", "untried"

# key: (short name, what it means)
COLUMNS: dict[str, tuple[str, str]] = {
    "files": ("files", "a file that was written into the container"),
    "volume": ("volume", "a file in the container's volume"),
    "tmpfs": ("tmpfs", "a file in a tmpfs, which lives in memory"),
    "memory": ("memory", "a random number that only the running process knows"),
    "settings": ("settings", "the command and an environment variable given to run"),
    "network": ("network", "the network it was connected to"),
    "history": ("history", "how its image was made"),
    "travels": ("portable", "it can be carried to another machine, and outlives its original"),
}

# key: (name, how it is taken)
ROWS: dict[str, tuple[str, str]] = {
    "commit": ("commit", "commit, then run the new image"),
    "export": ("export, import", "export, import, then run the new image"),
    "save": ("save, load", "save the container's image, load it, run it"),
    "volume": ("volume backup", "export the volume, import it, run the image with it"),
    "pause": ("pause", "pause, then unpause"),
    "checkpoint": ("checkpoint", "CRIU writes the processes down"),
    "vm": ("VM snapshot", "save a virtual machine, end it, restore it"),
}

_MEANINGS = {
    KEPT: "kept",
    LOST: "lost",
    NONE: "there is nothing of the kind",
    UNTRIED: "could not be tried",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one thing.

    Args:
        kind: ``KEPT``, ``LOST``, ``NONE`` or ``UNTRIED``.
        evidence: what was seen.
    """

    kind: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What a snapshot cost, measured in this session.

    Args:
        take_s: seconds to take it.
        restore_s: seconds until what it keeps was there again.
        size_bytes: its size on disk; 0 where nothing is written.
    """

    take_s: float = 0.0
    restore_s: float = 0.0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One place in the table.

    Args:
        outcome: what was found; None before it was tried.
        guess: what somebody predicted: True kept, False lost, None nothing.
    """

    outcome: Outcome | None = None
    guess: bool | None = None

    @property
    def verdict(self) -> str:
        """``right`` or ``wrong`` for a prediction that was put to the test, "" otherwise."""
        if self.guess is None or self.outcome is None or self.outcome.kind not in (KEPT, LOST):
            return ""
        return "right" if self.guess == (self.outcome.kind == KEPT) else "wrong"

    @property
    def word(self) -> str:
        """What stands in the cell."""
        if self.outcome is not None:
            return {KEPT: "kept", LOST: "lost", NONE: "none", UNTRIED: "not tried"}[
                self.outcome.kind
            ]
        return {True: "kept?", False: "lost?", None: "?"}[self.guess]


@dataclass(slots=True)
class Table:
    """Kinds of snapshots down, what they may keep across.

    Args:
        rows: keys of ``ROWS``.
        cells: by (row, column) key.
        costs: by row key.
    """

    rows: tuple[str, ...]
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)
    costs: dict[str, Cost] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys of ``COLUMNS``."""
        return tuple(COLUMNS)

    def cell(self, row: str, column: str) -> Cell:
        """Return one cell."""
        return self.cells.get((row, column), Cell())

    def kept_by(self, column: str) -> tuple[str, ...]:
        """Return the kinds of snapshots that keep something, those that could be tried."""
        return tuple(
            row
            for row in self.rows
            if (outcome := self.cell(row, column).outcome) is not None and outcome.kind == KEPT
        )

    def kept_in(self, row: str) -> tuple[str, ...]:
        """Return what one kind of snapshot keeps."""
        return tuple(
            column
            for column in COLUMNS
            if (outcome := self.cell(row, column).outcome) is not None and outcome.kind == KEPT
        )

    def untried(self, row: str) -> str:
        """Return why a kind of snapshot could not be tried; empty when it was, or will be."""
        outcome = self.cell(row, "files").outcome
        return outcome.evidence if outcome is not None and outcome.kind == UNTRIED else ""

    def says(self, row: str, column: str) -> str:
        """Return a cell as a sentence."""
        cell, about = self.cell(row, column), f"{ROWS[row][0]}, {COLUMNS[column][0]}"
        if cell.outcome is None:
            guess = {True: "predicted: kept", False: "predicted: lost", None: "not tried yet"}
            return f"{about}: {guess[cell.guess]}"
        said = f"{about}: {_MEANINGS[cell.outcome.kind]}; {cell.outcome.evidence}"
        return f"{said}; the prediction was {cell.verdict}" if cell.verdict else said

    def summary(self) -> str:
        """Return one sentence about the whole."""
        done = [row for row in self.rows if self.cell(row, "files").outcome is not None]
        guessed = [cell for cell in self.cells.values() if cell.guess is not None]
        if not done:
            more = f", {len(guessed)} places predicted" if guessed else ""
            return f"{len(self.rows)} kinds of snapshots, none tried yet{more}."
        tried = [row for row in done if not self.untried(row)]
        text = f"{len(tried)} of {len(done)} kinds could be tried here"
        judged = [cell.verdict for cell in guessed if cell.verdict]
        if judged:
            text += f"; {judged.count('right')} of {len(judged)} predictions were right"
        return text + "."
