"""The outcomes of many attempts: attacks down, levels across."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pyminidocker.attacks.attack import SUCCEEDED, UNTRIED, Attack, Attempt
from pyminidocker.attacks.levels import Level

_MARKS = {"stopped": "stopped", SUCCEEDED: "SUCCEEDED", UNTRIED: "-"}


class Matrix:
    """What ``sweep`` found.

    Attributes:
        attacks: the rows.
        levels: the columns.
        attempts: all outcomes, row by row.
    """

    def __init__(
        self, attacks: Sequence[Attack], levels: Sequence[Level], attempts: Sequence[Attempt]
    ) -> None:
        self.attacks = list(attacks)
        self.levels = list(levels)
        self.attempts = list(attempts)
        self._by_place = {(one.attack, one.level): one for one in attempts}

    def at(self, attack: str, level: str) -> Attempt:
        """Return one outcome.

        Raises:
            KeyError: it was not tried.
        """
        return self._by_place[attack, level]

    def succeeded(self, level: str = "") -> list[Attempt]:
        """Return the attempts that succeeded, at one level or at all."""
        return [one for one in self.attempts if one.succeeded and level in ("", one.level)]

    def count(self, level: str) -> tuple[int, int, int]:
        """Return how many attempts were stopped, succeeded and could not be made at a level."""
        tried = [one for one in self.attempts if one.level == level]
        stopped = sum(one.stopped for one in tried)
        won = sum(one.succeeded for one in tried)
        return stopped, won, len(tried) - stopped - won

    def rows(self) -> list[list[str]]:
        """Return the table as text, its head first."""
        head = ["attack", *(level.name for level in self.levels)]
        body = [
            [attack.id, *(_MARKS[self.at(attack.id, level.name).outcome] for level in self.levels)]
            for attack in self.attacks
        ]
        return [head, *body]

    def __repr__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )

    def _repr_html_(self) -> str:
        head, *body = self.rows()
        lines = ["<table><thead><tr>", *(f"<th scope='col'>{escape(cell)}</th>" for cell in head)]
        lines.append("</tr></thead><tbody>")
        for row in body:
            lines.append(f"<tr><th scope='row'>{escape(row[0])}</th>")
            lines += [f"<td>{escape(cell)}</td>" for cell in row[1:]]
            lines.append("</tr>")
        return "".join([*lines, "</tbody></table>"])
