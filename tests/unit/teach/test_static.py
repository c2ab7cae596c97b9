"""The scripts of questions and puzzles: valid, and at home on a machine without a network."""

import subprocess
from pathlib import Path

import pytest

from pyminidocker.teach.views import STATIC

SCRIPTS = sorted(STATIC.glob("*.js"))


@pytest.mark.parametrize("script", SCRIPTS, ids=[path.name for path in SCRIPTS])
def test_a_script_asks_nobody_outside(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert "://" not in text
    assert "import " not in text
    assert "innerHTML" not in text, "answers and questions are text, never markup"


@pytest.mark.requires("node")
@pytest.mark.parametrize("script", SCRIPTS, ids=[path.name for path in SCRIPTS])
def test_a_script_parses(script: Path, tmp_path: Path) -> None:
    module = tmp_path / f"{script.stem}.mjs"
    module.write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(["node", "--check", str(module)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_controls_have_names_and_replies_are_announced() -> None:
    questions = (STATIC / "questions.js").read_text(encoding="utf-8")
    for needed in ("fieldset", "legend", "label", 'role", "status"', "aria-live"):
        assert needed in questions
    puzzle = (STATIC / "puzzle.js").read_text(encoding="utf-8")
    for needed in ("aria-label", 'role", "status"', "Move ${name} up"):
        assert needed in puzzle
