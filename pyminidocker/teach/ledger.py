"""The claims of the original notes in one table, with what the learner measured beside each.

See: docs/instructor.md, "Claims".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from textwrap import wrap

from pyminidocker.teach.plan import Claim

_WIDTHS = (44, 40)  # of the sentence and of the measurement, columns of plain text
_NOT_YET = "not measured yet"
MARKS = {
    "true": "✓",
    "half true": "◐",
    "imprecise": "≈",
    "misleading": "≈",
    "dated": "◷",
    "wrong": "✗",
}
_CELL = "text-align:left;vertical-align:top;padding:4px 12px 4px 0;border-top:1px solid #78909c"


class Ledger:
    """A table of claims: the sentence, what was measured, the verdict.

    Args:
        claims: in the order to show.
        measured: claim id to the words of the measurement; what is not there is still to be done.
    """

    def __init__(self, claims: Sequence[Claim], measured: Mapping[str, str]) -> None:
        self.rows = [
            (claim.sentence, measured.get(claim.id, _NOT_YET), claim.verdict) for claim in claims
        ]

    def __repr__(self) -> str:
        lines = [f"CLAIMS · {self._done()} of {len(self.rows)} measured"]
        for sentence, found, verdict in self.rows:
            left, right = wrap(f"“{sentence}”", _WIDTHS[0]), wrap(found, _WIDTHS[1])
            height = max(len(left), len(right))
            left += [""] * (height - len(left))
            right += [""] * (height - len(right))
            mark = [f"{MARKS[verdict]} {verdict}", *[""] * (height - 1)]
            lines += [
                f"  {one:<{_WIDTHS[0]}}  {other:<{_WIDTHS[1]}}  {what}".rstrip()
                for one, other, what in zip(left, right, mark, strict=True)
            ]
        return "\n".join(lines)

    def _done(self) -> int:
        return sum(found != _NOT_YET for _, found, _ in self.rows)

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col" style="{_CELL}">{name}</th>'
            for name in ("The notes said", "Measured here", "Verdict")
        )
        rows = "".join(
            f'<tr><td style="{_CELL}">{escape(sentence)}</td>'
            f'<td style="{_CELL}">{escape(found)}</td>'
            f'<td style="{_CELL};white-space:nowrap">{MARKS[verdict]} {escape(verdict)}</td></tr>'
            for sentence, found, verdict in self.rows
        )
        caption = f"{self._done()} of {len(self.rows)} claims measured in this notebook"
        return (
            '<table style="border-collapse:collapse;max-width:62em;text-align:left">'
            f'<caption style="text-align:left;padding:4px 0">{caption}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )
