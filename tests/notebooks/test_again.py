"""Learners do not run a notebook once from top to bottom: they go back, and run all again."""

from pathlib import Path

import pytest

from tests.notebooks.classroom import Classroom
from tests.notebooks.session import session


@pytest.mark.timeout(400)
def test_from_the_middle_and_then_all_again(lesson_path: Path, room: Classroom) -> None:
    with session(lesson_path, room) as running:
        cells = running.notebook.cells
        last = next(place for place, cell in enumerate(cells) if "leave_no_trace()" in cell.source)
        running.run(stop=last)
        first = running.texts()
        running.run(start=last // 2, stop=last)
        running.run()
        again = running.texts()
    for place, (before, after) in enumerate(zip(first[:last], again[:last], strict=True)):
        assert after == before, f"cell {place} says something else the second time"
    assert "leaves nothing behind" in again[last]


@pytest.mark.timeout(400)
def test_reset_in_the_middle(lesson_path: Path, room: Classroom) -> None:
    with session(lesson_path, room) as running:
        cells = running.notebook.cells
        running.run(stop=len(cells) // 2)
        running.client.execute_cell(_cell("lesson.reset()"), 0)
        running.run()
        assert any("leaves nothing behind" in text for text in running.texts())


def _cell(source: str) -> object:
    from nbformat.v4 import new_code_cell

    return new_code_cell(source)
