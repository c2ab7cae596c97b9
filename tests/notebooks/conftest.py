"""One classroom for all notebook tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebooks.classroom import NOTEBOOKS, Classroom, classroom

LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lesson_path" in metafunc.fixturenames:
        metafunc.parametrize("lesson_path", LESSONS, ids=[path.stem for path in LESSONS])


@pytest.fixture(scope="session")
def room() -> Iterator[Classroom]:
    with classroom() as opened:
        yield opened


@pytest.fixture
def lesson_number(lesson_path: Path) -> str:
    return lesson_path.name[:2]
