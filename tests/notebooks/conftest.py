"""One classroom for all notebook tests of a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebooks.classroom import NOTEBOOKS, Classroom, classroom

ORDER = ("test_strict", "test_again", "test_solutions", "test_files")
LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lesson_path" in metafunc.fixturenames:
        metafunc.parametrize("lesson_path", LESSONS, ids=[path.stem for path in LESSONS])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest: some processes share these tests, each with its own classroom."""
    if all(Path(item.path).stem in ORDER for item in items):  # and not a run of several tiers
        items.reverse()
        items.sort(key=lambda item: ORDER.index(Path(item.path).stem))


@pytest.fixture(scope="session")
def room() -> Iterator[Classroom]:
    with classroom() as opened:
        yield opened


@pytest.fixture
def lesson_number(lesson_path: Path) -> str:
    return lesson_path.name[:2]
