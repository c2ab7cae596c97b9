"""A notebook as a learner leaves it who has solved everything: solutions in place of the stubs.

Solutions live in ``pyminidocker.teach.solutions``.  A cell tagged ``exercise:CHECK`` either defines
the function that the check is given, or is a place for lines of the learner's own.
"""

import ast
import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat

from pyminidocker.teach.plan import Plan, load


def exercises(notebook: Any) -> dict[str, Any]:
    """Return the exercise cells by the id of their check."""
    return {
        tag.removeprefix("exercise:"): cell
        for cell in notebook.cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("exercise:")
    }


def defined(cell: Any, name: str) -> ast.FunctionDef | None:
    """Return the definition of function ``name`` in a cell, if it has one."""
    tree = ast.parse(
        "\n".join("" if line.startswith("!") else line for line in cell.source.split("\n"))
    )
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    return None


def solution(plan: Plan, check: str) -> Any:
    """Return the solution's function for ``check``."""
    module = import_module(f"pyminidocker.teach.solutions.lesson_{plan.number}")
    return getattr(module, plan.check(check).exercise)


def solve(path: Path) -> Any:
    """Return the notebook at ``path`` with every exercise solved."""
    notebook = nbformat.read(path, as_version=4)
    plan = load(path.name[:2])
    for check, cell in exercises(notebook).items():
        function = solution(plan, check)
        name = function.__name__
        lines = [f"from pyminidocker.teach.solutions.lesson_{plan.number} import {name}"]
        if defined(cell, name):
            lines.append(f'lesson.check("{check}", {name})')
        else:
            keep = cell.source if check in {one.id for one in plan.puzzles} else ""
            arguments = ", ".join(inspect.signature(function).parameters)
            lines = [keep, *lines, f"{name}({arguments})"]
        cell.source = "\n".join(lines)
    return notebook
