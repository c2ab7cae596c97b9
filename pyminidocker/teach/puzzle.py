"""A puzzle: lines to put in order, with buttons in the page or by assigning ``order`` in a cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyminidocker.errors import InvalidArgument
from pyminidocker.teach.cards import indent
from pyminidocker.teach.plan import Puzzle


class Ordering:
    """The order a learner gave to the lines of a puzzle, first at the bottom.

    Args:
        puzzle: the lines, each "name: what it does".
    """

    def __init__(self, puzzle: Puzzle) -> None:
        self.puzzle = puzzle
        self.lines = dict(line.split(": ", 1) for line in puzzle.lines)
        self._order = list(self.lines)
        self._view: Any = None

    @property
    def order(self) -> list[str]:
        """The names, from the bottom to the top."""
        return list(self._order)

    @order.setter
    def order(self, names: Sequence[str]) -> None:
        if sorted(names) != sorted(self.lines):
            raise InvalidArgument(
                f"an order holds each of these once: {', '.join(self.lines)}",
                hint="write them from the bottom to the top",
            )
        self._order = list(names)
        if self._view is not None:
            self._view.order = list(names)

    def text(self) -> str:
        """Return the task and the lines in their first order, the top one first."""
        out = [f"ORDER · {self.puzzle.id}", *indent(self.puzzle.text)]
        names = list(self.lines)
        for place, name in reversed(list(enumerate(names))):
            where = {0: "bottom", len(names) - 1: "top"}.get(place, str(place + 1))
            out.append(f"    {where:<8}{name}: {self.lines[name]}")
        return "\n".join(out)

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from pyminidocker.teach.views import puzzle_view

        if self._view is None:
            self._view = puzzle_view(self)
        return self._view._repr_mimebundle_(**kwargs)
