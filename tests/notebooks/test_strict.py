"""Every committed output is compared with a new run: twice in a row, on the same engine.

The second run meets whatever the first one left behind, so it also proves that lessons clean up.
"""

import sys
from pathlib import Path

import pytest

from tests.notebooks.classroom import Classroom
from tests.notebooks.session import CELL_TIMEOUT_S, SANITIZE


@pytest.mark.timeout(400)
def test_outputs_are_the_same(lesson_path: Path, room: Classroom) -> None:
    for turn in ("first", "second"):
        done = room.run(
            *(sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"),
            *("--color=no", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *("--override-ini=addopts=", "--override-ini=timeout=0"),
            f"--nbval-sanitize-with={SANITIZE}",
            f"--nbval-cell-timeout={CELL_TIMEOUT_S}",
            "--nbval-kernel-startup-timeout=60",
            str(lesson_path),
            timeout_s=190,
        )
        said = f"{turn} run:\n{done.stdout[-12_000:]}\n{done.stderr[-2_000:]}"
        assert done.returncode == 0, said
        assert "failed" not in done.stdout, said
