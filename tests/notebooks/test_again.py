"""Learners do not run a notebook once from top to bottom: they go back, and run all again."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.classroom import Classroom
from tests.notebooks.session import session


@pytest.mark.timeout(500)
def test_reset_in_the_middle_then_sections_from_last_to_first_then_all_again(
    lesson_path: Path, room: Classroom
) -> None:
    with session(lesson_path, room) as running:
        cells = running.notebook.cells
        *parts, (end, _) = sections(cells)  # the last one cleans up
        running.run(stop=len(cells) // 2)
        running.client.execute_cell(_cell("lesson.reset()"), 0)
        running.run(stop=end)
        first = running.texts()[:end]
        for start, stop in reversed(parts):
            running.run(start, stop)
        running.run()
        again = running.texts()
    for place, (before, after) in enumerate(zip(first, again[:end], strict=True)):
        assert after == before, f"cell {place} says something else the second time"
    assert "leaves nothing behind" in "\n".join(again[end:]), "\n".join(again[end:])


def sections(cells: list[Any]) -> list[tuple[int, int]]:
    """Return (start, stop) of each section, as its headings divide the notebook."""
    starts = [
        place
        for place, cell in enumerate(cells)
        if cell.cell_type == "markdown" and re.search(r"(?m)^## ", cell.source)
    ]
    return list(pairwise([*starts, len(cells)]))


def _cell(source: str) -> object:
    from nbformat.v4 import new_code_cell

    return new_code_cell(source)
