"""Every committed output is compared with a new run: twice in a row, on the same engine.

The second run meets whatever the first one left behind, so it also proves that lessons clean up.
"""

import sys

import pytest

from tests.notebooks.classroom import Classroom
from tests.notebooks.conftest import LESSONS
from tests.notebooks.session import CELL_TIMEOUT_S, SANITIZE


@pytest.mark.timeout(900)
@pytest.mark.xdist_group("strict")  # both turns in one classroom
@pytest.mark.parametrize("turn", ["first", "second"])
def test_outputs_are_the_same(room: Classroom, turn: str) -> None:
    done = room.run(
        *(sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "--color=no"),
        *("-p", "no:cacheprovider", "--override-ini=addopts=", "--override-ini=timeout=0"),
        f"--nbval-sanitize-with={SANITIZE}",
        f"--nbval-cell-timeout={CELL_TIMEOUT_S}",
        "--nbval-kernel-startup-timeout=60",
        *map(str, LESSONS),
        timeout_s=840,
    )
    assert done.returncode == 0, f"{turn} run:\n{done.stdout[-12_000:]}\n{done.stderr[-2_000:]}"
    assert "failed" not in done.stdout
