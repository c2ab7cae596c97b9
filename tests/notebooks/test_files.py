"""The notebooks as they lie in the repository."""

import ast
import inspect
from pathlib import Path

import nbformat

from pyminidocker.teach.plan import LESSONS, load
from tests.notebooks import gate, solved
from tests.notebooks.conftest import LESSONS as PATHS
from tests.notebooks.session import sanitized


def test_each_planned_lesson_has_a_notebook() -> None:
    assert [path.name[:2] for path in PATHS] == list(LESSONS)


def test_the_gate_lets_it_pass(lesson_path: Path) -> None:
    assert gate.problems(lesson_path) == []


def test_stubs_and_solutions_have_the_same_signature(lesson_path: Path) -> None:
    plan = load(lesson_path.name[:2])
    notebook = nbformat.read(lesson_path, as_version=4)
    for check, cell in solved.exercises(notebook).items():
        function = solved.solution(plan, check)
        stub = solved.defined(cell, function.__name__)
        if stub is None:
            continue  # a place for lines of the learner's own
        wanted = list(inspect.signature(function).parameters)
        assert [argument.arg for argument in stub.args.args] == wanted, check
        assert "NotImplementedError" in ast.unparse(stub), f"{check}: the stub gives it away"


def test_notebooks_hold_no_solution(lesson_path: Path) -> None:
    """A line of the solution's body that a learner has to find stands nowhere in the notebook."""
    plan = load(lesson_path.name[:2])
    notebook = nbformat.read(lesson_path, as_version=4)
    for check, cell in solved.exercises(notebook).items():
        body = ast.parse(inspect.getsource(solved.solution(plan, check))).body[0]
        assert isinstance(body, ast.FunctionDef)
        last = ast.unparse(body.body[-1])
        assert last not in cell.source, check


def test_sanitizing_leaves_what_must_be_compared() -> None:
    kept = (
        "exit code 127\nlayers: 3\nthe size changed by 0 bytes\nbytes: 8388669 more\n✓ MET · joined"
    )
    assert sanitized(kept) == kept


def test_sanitizing_replaces_what_varies() -> None:
    one = '0a1b2c3d4e5f   busybox   "sleep 999"   3 seconds ago   Up 2 seconds             nap\r\n'
    other = 'f5e4d3c2b1a0   busybox   "sleep 999"   Less than a second ago   Up 1 second   nap\n'
    assert sanitized(one) == sanitized(other)
