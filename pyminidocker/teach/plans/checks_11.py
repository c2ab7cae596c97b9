"""Lesson 11: what the learner wrote, tried on real control groups and on files of both versions."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyminidocker.client.cgroup import Cgroup
from pyminidocker.errors import InvalidArgument
from pyminidocker.teach import faults, limit_faults
from pyminidocker.teach.checks import Outcome, call, met, not_yet
from pyminidocker.units import binary_size, parse_size

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

MIB = 1 << 20
PEAK_MIB, LEAST_MIB, MOST_MIB = 40, 44, 150
MOST_PIDS = 50
# (version, files, what is right, in words)
_GROUPS: tuple[tuple[str, dict[str, str], int | None, str], ...] = (
    ("v2", {"memory.max": f"{64 * MIB}", "memory.current": f"{16 * MIB}"}, 48 * MIB, "version 2"),
    ("v2", {"memory.max": "max", "memory.current": f"{MIB}"}, None, "version 2 without a limit"),
    (
        "v1",
        {"memory.limit_in_bytes": f"{96 * MIB}", "memory.usage_in_bytes": f"{32 * MIB}"},
        64 * MIB,
        "version 1",
    ),
    (
        "v1",
        {"memory.limit_in_bytes": "9223372036854771712", "memory.usage_in_bytes": f"{MIB}"},
        None,
        "version 1 without a limit",
    ),
)
# Takes 40 MiB, computes, gives them back, and is done.
WORK = f"held = bytearray(b'x') * ({PEAK_MIB} << 20); del held; print('done')"
HUNGRY = "held = bytearray(b'x') * (400 << 20); print('still here')"
SWARM = (
    "import os, time\n"
    "count = 1\n"
    "try:\n"
    "    while count < 300:\n"
    "        if os.fork() == 0:\n"
    "            time.sleep(60)\n"
    "        count += 1\n"
    "except OSError as error:\n"
    "    print(count, error.strerror, flush=True)\n"
    "else:\n"
    "    print(count, 'and no end', flush=True)\n"
    "os.kill(1, 9)\n"
)


@contextmanager
def _group(version: str, files: Mapping[str, str]) -> Iterator[Cgroup]:
    """Make a directory that looks like a control group."""
    with tempfile.TemporaryDirectory() as place:
        for name, text in files.items():
            Path(place, name).write_text(f"{text}\n", encoding="ascii")
        yield Cgroup(version, {"memory": place})


def room(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The learner's function reads limit and usage of both versions, and of a real container."""
    for version, files, wanted, words in _GROUPS:
        with _group(version, files) as group:
            told = call(function, group)
        if told != wanted:
            said = ", ".join(f"{name} {text}" for name, text in files.items())
            return not_yet(
                f"For a group of {words} ({said}) your function returned {told!r}.",
                "The table above has the names of the files in both versions.",
                "What stands in the file of the limit when there is none? It differs, too.",
                "`cgroup.version` is 'v1' or 'v2'; `cgroup.limit` and `cgroup.usage` know the "
                "names; without a limit, return None.",
            )
    small = lesson.limits().engine.container("small")
    if lesson.limits().is_recorded("small"):
        return met("Your function reads both versions; a real container was not there to try.")
    told = call(function, small.cgroup)
    if not isinstance(told, int) or not 0 < told < 64 * MIB:
        return not_yet(
            f"For `small`, which may use 64 MiB, your function returned {told!r}.",
            "`small.cgroup` shows limit and usage.",
            "Which of the two is smaller, and what is their difference?",
            "The room is the limit less what is in use.",
        )
    return met(f"Both versions, and `small`: {binary_size(told)} of its 64MiB are left.")


def fits(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """A limit with which the work is done, and the hungry one is killed."""
    memory = call(function)
    try:
        size = parse_size(memory) if isinstance(memory, str) else int(memory)
    except (TypeError, ValueError):
        raise InvalidArgument(
            f"{memory!r} is no size", hint='bytes, or text with a unit: "100m"'
        ) from None
    if size > MOST_MIB * MIB:
        return not_yet(
            f"{binary_size(size)} is more than anybody would give to a program of {PEAK_MIB} MiB.",
            "The gauge of a run shows how much it used at most.",
            "What would a neighbour do with the rest?",
            f"At most {MOST_MIB} MiB, please.",
        )
    lab = lesson.limits()
    with lab.engine.create("python", ["python3", "-c", WORK], name="trial", memory=size) as worker:
        if lab.is_recorded("trial"):
            code = 0 if size >= LEAST_MIB * MIB else 137
        else:
            code = worker.start().wait(timeout_s=20)
    if code:
        return not_yet(
            f"With {binary_size(size)} the work is not done: exit code {code}.",
            "`lab.gauge(...)` of such a run shows where it ends.",
            "The data take 40 MiB. Who else in the container needs memory?",
            "The interpreter, and what it loads: some MiB more.",
        )
    if lab.is_recorded("trial"):
        return met(
            f"{binary_size(size)} is enough for the work, and stops a hungry one: as recorded; "
            "this host cannot try it."
        )
    with lab.engine.create("python", ["python3", "-c", HUNGRY], name="trial", memory=size) as hog:
        code = hog.start().wait(timeout_s=20)
    if code != 137:
        return not_yet(
            f"With {binary_size(size)} the hungry one was not stopped: exit code {code}.",
            "`hog.stats()` shows how much it uses.",
            "How much may it swap? By default as much again as its memory.",
            "A smaller limit will do.",
        )
    return met(f"With {binary_size(size)} the work is done, and a hungry one is killed (137).")


def waited(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The learner's function takes the difference of two readings."""
    cases: tuple[tuple[dict[str, int], dict[str, int], float], ...] = (
        (
            {"nr_periods": 0, "nr_throttled": 0},
            {"nr_periods": 20, "nr_throttled": 5},
            0.25,
        ),
        (
            {"nr_periods": 100, "nr_throttled": 90},
            {"nr_periods": 110, "nr_throttled": 90},
            0.0,
        ),
        (
            {"nr_periods": 7, "nr_throttled": 7},
            {"nr_periods": 7, "nr_throttled": 7},
            0.0,
        ),
    )
    for before, after, wanted in cases:
        told = call(function, before, after)
        if not isinstance(told, int | float) or abs(told - wanted) > 1e-9:
            return not_yet(
                f"For {before} and then {after} your function returned {told!r}.",
                "Both numbers only ever grow; a single reading tells of the whole life.",
                "What is the difference of each of the two numbers?",
                "Throttled periods divided by periods, both as differences; 0 when there was no "
                "period at all.",
            )
    tenth = lesson.limits().engine.container("tenth")
    table = tenth.cgroup.table("cpu.stat")
    share = call(function, {"nr_periods": 0, "nr_throttled": 0}, table)
    return met(f"It fits three made-up readings; `tenth` waited in {share:.0%} of its periods.")


def bomb(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """With the learner's options a swarm stays small, and the engine answers."""
    options = call(function)
    if not isinstance(options, Mapping):
        raise InvalidArgument(f"{options!r} is no dictionary of options", hint='{"memory": "64m"}')
    lab = lesson.limits()
    given = {str(name): value for name, value in options.items() if name != "name"}
    if not given.get("pids_limit"):
        return not_yet(
            f"With {given or 'no options'}, a container may have as many processes as it likes.",
            "`help(engine.create)` names its options; those of limits are the CLI's.",
            "Which of the limits counts processes?",
            "The option is called as on the command line: --pids-limit.",
        )
    with lab.engine.create("python", ["python3", "-c", SWARM], name="trial", **given) as swarm:
        if lab.is_recorded("trial"):
            count = int(given["pids_limit"])
        else:
            swarm.start().wait(timeout_s=20)
            words = swarm.logs().stdout.split()
            count = int(words[0]) if words else 0
    if not 2 <= count <= MOST_PIDS:
        return not_yet(
            f"The swarm came to {count} processes." if count else "Not even one process ran.",
            "`box.cgroup.read('pids.max')` shows the limit, 'pids.current' how many there are.",
            f"More than one, and at most {MOST_PIDS}, is what this container is meant to have.",
            "A number is wanted; -1 means: no limit.",
        )
    lesson.calls.ping()
    if lab.is_recorded("trial"):
        return met(f"With {given} it would stay at {count}; this host has no group to try it in.")
    return met(f"The swarm came to {count} processes and got no further; the engine answers.")


def shop(lesson: Lesson) -> Outcome:
    """After the fault: the shop is open."""
    if faults.find("too_tight").broken(lesson, "shop"):
        return not_yet(
            "`shop` is still shut.",
            "`shop.attrs['HostConfig']['Memory']` is its limit, `shop.status` how it is.",
            f"Its catalogue takes {limit_faults.NEEDS_MIB} MiB, and Python some more.",
            "`update` changes the limit of a container that exists, running or not; memory_swap "
            "has to grow with memory. Then it has to be started.",
        )
    return met("`shop` is open, and has the memory that it needs.")
