"""Each exercise can be solved, and its check says so."""

from pathlib import Path

import pytest

from pyminidocker.teach.plan import load
from tests.notebooks.classroom import Classroom
from tests.notebooks.session import session
from tests.notebooks.solved import solve


@pytest.mark.timeout(400)
def test_solutions_meet_every_check(lesson_path: Path, room: Classroom) -> None:
    plan = load(lesson_path.name[:2])
    with session(solve(lesson_path), room) as running:
        running.run()
        texts = running.texts()
    shown = "\n".join(texts)
    for check in plan.checks:
        assert f"✓ MET · {check.id}" in shown, f"{check.id}:\n{shown[-4000:]}"
    assert "NOT YET" not in shown
    total = len(plan.objectives)
    assert f"{total} of {total} met in this session" in shown
