"""Measure in a cell: run something several times, keep every value.

What is to be compared is measured *in turn*, one of each in every round: a machine that is busy for
a second then slows all of them, not one.  The first run of each is a rehearsal and is not counted;
it pays for what later runs find ready, such as files that are in memory.

See: docs/glossary.md, "median"; Georges, Buytaert, Eeckhout, "Statistically Rigorous Java
Performance Evaluation" (OOPSLA 2007).
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping

from pyminidocker.errors import InvalidArgument
from pyminidocker.kernel import procfs
from pyminidocker.widgets.samples.model import Sample

Job = Callable[[], object]


def in_turn(
    jobs: dict[str, Job], n: int | Mapping[str, int], *, rehearse: bool = True
) -> list[Sample]:
    """Time each job ``n`` times, in turn, in an order that changes from round to round.

    What a job leaves to do in the background must not always hit the same successor.

    Args:
        jobs: name to what is timed; it should return when the thing is done.
        n: how often, at least 1; a mapping says it for each job by its name.
        rehearse: run each once before, and do not count it.

    Returns:
        One sample for each job, seconds.

    Raises:
        InvalidArgument: ``n`` is less than 1.
    """
    rounds = n if isinstance(n, Mapping) else dict.fromkeys(jobs, n)
    if min(rounds.values()) < 1:
        raise InvalidArgument("n must be at least 1", hint="a value that was measured once is n=1")
    dice = random.Random(1)  # noqa: S311 - an order, not a secret
    times: dict[str, list[float]] = {name: [] for name in jobs}
    if rehearse:
        for job in jobs.values():
            job()
    for turn in range(max(rounds.values())):
        for name, job in dice.sample(list(jobs.items()), len(jobs)):
            if turn >= rounds[name]:
                continue
            began = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - began)
    return [Sample(name, tuple(values)) for name, values in times.items()]


def measure(name: str, job: Job, n: int, *, rehearse: bool = True) -> Sample:
    """Time one job ``n`` times; see ``in_turn``."""
    return in_turn({name: job}, n, rehearse=rehearse)[0]


def process() -> None:
    """Start a process that ends at once, and wait for it: the least that anything here can cost.

    See: posix_spawn(3).
    """
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)


def memory_of(pid: int) -> int:
    """Return the memory of process ``pid`` in bytes: its PSS, each shared page counted in parts.

    Raises:
        SyscallError: no such process, or it is another user's.

    See: proc_pid_smaps_rollup(5).
    """
    return procfs.memory_bytes(pid)["pss"]
