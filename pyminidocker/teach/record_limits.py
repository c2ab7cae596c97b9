"""Record lesson 11 on a host that can limit: ``python -m pyminidocker.teach.record_limits``.

Runs the code of its cells, with the exercises left out, against this host's engine, and writes down
what each call on a limited container answered.  Hosts that can limit nothing replay it.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import Unavailable
from pyminidocker.teach import limits_tape
from pyminidocker.teach.lesson import Lesson

if TYPE_CHECKING:
    from pyminidocker.teach.limits_lab import LimitsLab

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "11_memory_and_cpu.ipynb"
# Cells that ask a learner or look at an answer of his.
_LEFT_OUT = ("lesson.predict(", "lesson.check(", "lesson.diagnose(", "lesson.quiz(")


class _Taping:
    """The engine of the lesson, whose containers are recorded."""

    def __init__(self, lab: LimitsLab, tape: limits_tape.Tape) -> None:
        self._engine, self._tape = lab.engine, tape
        self.made: dict[str, limits_tape.Recorder] = {}

    def create(self, *args: Any, name: str, **options: Any) -> limits_tape.Recorder:
        """Create a container and record it from now on."""
        real = self._engine.create(*args, name=name, **options)
        return self.made.setdefault(name, limits_tape.Recorder(real, name, self._tape))

    def run(self, *args: Any, name: str, **options: Any) -> limits_tape.Recorder:
        """Create and start a container, recorded."""
        made = self.create(*args, name=name, **options)
        made.start()
        return made

    def container(self, name: str) -> limits_tape.Recorder:
        """Return a container, recorded."""
        return limits_tape.Recorder(self._engine.container(name), name, self._tape)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def record() -> None:
    """Run the cells, and write the tape.

    Raises:
        Unavailable: this host cannot limit everything that the lesson is about.
    """
    tape: limits_tape.Tape = {}
    lab = Lesson("11").limits()
    if not lab.is_real:
        raise Unavailable(f"this host cannot record the lesson: {lab.refused}")
    real_gauge, taping = lab.gauge, _Taping(lab, tape)
    names: dict[str, Any] = {}

    def gauge(box: Any) -> Any:
        view = real_gauge(box._real)
        names["view"] = view
        return view

    setattr(lab, "gauge", gauge)  # noqa: B010 - for this once
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or any(words in source for words in _LEFT_OUT):
            continue
        if source.startswith("from pyminidocker.teach import Lesson"):
            lesson = names["lesson"] = Lesson("11")
            lesson._limits = lab
            continue
        exec(compile(source, "cell", "exec"), names)  # noqa: S102 - our own notebook
        if source.startswith("lab ="):
            names["engine"] = taping
        if "view.until_end" in source:
            run = names["view"].run
            end = run.end and [run.end.time, run.end.exit_code, run.end.is_oom]
            readings = [asdict(reading) for reading in run.readings]
            version = tape["small.cgroup.version"][0]
            told = {"status": run.status, "readings": readings, "end": end, "version": version}
            tape["hungry.gauge"] = [told]
    cpus = len(os.sched_getaffinity(0))
    day = time.strftime("%Y-%m-%d")
    kernel = platform.release().partition("-")[0]
    limits_tape.save(
        f"recorded on {day}, Linux {kernel}, {cpus} processors, cgroup version"
        f" {tape['small.cgroup.version'][0].removeprefix('v')}",
        tape,
    )
    sys.stdout.write(f"{len(tape)} answers in {limits_tape.PLACE}\n")


if __name__ == "__main__":
    record()
