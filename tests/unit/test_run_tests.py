"""The tool that runs the tests: what passes only alone is named, what fails twice has failed."""

from pathlib import Path

import pytest

from tools import run_tests
from tools.run_tests import Runner

TESTS = """
from pathlib import Path

def test_good(): pass

def test_unsteady():
    seen = Path("seen")
    first = not seen.exists()
    seen.touch()
    assert not first

def test_bad(): assert not Path("bad").exists()
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Other processes run other tests at this moment; what they have there is not left behind.
    monkeypatch.setattr(run_tests, "wait_until_clean", lambda *_, **__: {})
    (tmp_path / "test_some.py").write_text(TESTS)
    settings = "[pytest]\naddopts = -p no:cacheprovider\n"  # as ours
    (tmp_path / "pytest.ini").write_text(settings)
    return tmp_path


def test_one_that_passes_alone_is_named(tree: Path) -> None:
    runner = Runner(tree=tree)
    assert runner.run("some", "test_some.py")
    assert runner.unsteady == ["test_some.py::test_unsteady"]


def test_one_that_fails_twice_has_failed(tree: Path) -> None:
    (tree / "seen").touch()
    (tree / "bad").touch()
    runner = Runner(tree=tree)
    assert not runner.run("some", "test_some.py")
    assert runner.unsteady == []


def test_many_that_fail_are_no_accident(tree: Path) -> None:
    (tree / "test_more.py").write_text(TESTS.replace('"seen"', '"seen2"'))
    (tree / "test_most.py").write_text(TESTS.replace('"seen"', '"seen3"'))
    assert not Runner(tree=tree).run("some", ".")
