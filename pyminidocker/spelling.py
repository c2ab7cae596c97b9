"""The word somebody probably meant."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def distance(one: str, other: str) -> int:
    """Return how many letters must be added, dropped, replaced or swapped with a neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        two_before, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
    return row[-1]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the entry of ``known`` closest to ``word``, or "" when none is close."""
    best, best_cost = "", 2 if len(word) > 3 else 1
    for candidate in known:
        cost = distance(word, candidate)
        if len(word) > 2 and candidate.startswith(word):
            cost = min(cost, 1)
        if cost < best_cost or (cost == best_cost and not best):
            best, best_cost = candidate, cost
    return best
