"""What a cell shows: one text, once for eyes that like colour and once for everything else.

A card has a mood, a heading and lines.  ``text/plain`` holds the same words as ``text/html``, so
that a screen reader, a terminal, nbval and a page that may not show HTML all get the whole content.
Moods differ by symbol and word as well as by colour; colours keep a contrast of at least 4.5 to 1
in JupyterLab's light and dark theme.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from textwrap import wrap

WIDTH = 88
# mood: (symbol, border colour); the words themselves keep the page's own text colour.
MOODS = {
    "met": ("✓", "#2e7d32"),
    "not yet": ("→", "#b26a00"),
    "note": ("•", "#1565c0"),
    "plain": ("", "#78909c"),
}


@dataclass(frozen=True)
class Fold:
    """Lines that stay folded until the learner opens them (text/plain shows only the heading)."""

    heading: str
    lines: tuple[str, ...]
    inner: tuple[Fold, ...] = ()


@dataclass(frozen=True)
class Card:
    """A short message in a cell's output.

    Attributes:
        mood: one of ``MOODS``.
        heading: the first line: what it is about.
        lines: the message, one paragraph each; "- " begins an item of a list, and a leading space
            keeps a line as it is (tables).
        folds: optional depths, e.g. hints.
    """

    mood: str
    heading: str
    lines: tuple[str, ...] = ()
    folds: tuple[Fold, ...] = field(default=())

    def text(self) -> str:
        """Return the card as plain text, at most ``WIDTH`` columns wide."""
        symbol = MOODS[self.mood][0]
        out = [f"{symbol} {self.heading}".strip()]
        for line in self.lines:
            out += indent(line)
        out += [f"  + {fold.heading}" for fold in self.folds]
        return "\n".join(out)

    def unfold(self) -> str:
        """Return the text with everything that was folded (where no HTML is shown)."""
        out = [self.text()]
        waiting = list(self.folds)
        while waiting:
            fold = waiting.pop(0)
            out += [f"  {fold.heading}", *(row for line in fold.lines for row in indent(line))]
            waiting += fold.inner
        return "\n".join(out)

    def html(self) -> str:
        """Return the card as HTML that uses no script and no outside resource."""
        symbol, colour = MOODS[self.mood]
        head = f"<strong>{escape(symbol)} {escape(self.heading)}</strong>"
        return (
            f'<div style="border-left:4px solid {colour};padding:4px 12px;margin:4px 0;'
            f'max-width:52em">{head}{html_lines(self.lines)}{_html_folds(self.folds)}</div>'
        )

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}


def indent(line: str, by: str = "  ") -> list[str]:
    """Return ``line`` wrapped to ``WIDTH`` and indented; lines of a table stay as they are."""
    if line.startswith(" "):
        return [by + line[1:]]
    if line.startswith("- "):
        return wrap(line, WIDTH, initial_indent=by, subsequent_indent=f"{by}  ")
    return wrap(line, WIDTH, initial_indent=by, subsequent_indent=by) or [""]


def html_lines(lines: Iterable[str]) -> str:
    """Return paragraphs, and one list or ``<pre>`` for each run of items or table lines."""
    out = []
    for kind, run in groupby(lines, _kind):
        if kind == "table":
            rows = "\n".join(escape(line[1:]) for line in run)
            out.append(f'<pre style="margin:4px 0;line-height:1.4">{rows}</pre>')
        elif kind == "item":
            items = "".join(f"<li>{code_spans(line[2:])}</li>" for line in run)
            out.append(f'<ul style="margin:4px 0">{items}</ul>')
        else:
            out += [f'<p style="margin:4px 0">{code_spans(line)}</p>' for line in run if line]
    return "".join(out)


def _kind(line: str) -> str:
    return {" ": "table", "-": "item"}.get(line[:1], "paragraph")


def code_spans(line: str) -> str:
    """Return ``line`` escaped, with `back-ticked` words as code."""
    parts = escape(line, quote=False).split("`")
    if len(parts) % 2 == 0:
        return escape(line, quote=False)
    return "".join(
        f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts)
    )


def _html_folds(folds: Iterable[Fold]) -> str:
    return "".join(
        f'<details style="margin:4px 0"><summary>{escape(fold.heading)}</summary>'
        f"{html_lines(fold.lines)}{_html_folds(fold.inner)}</details>"
        for fold in folds
    )
