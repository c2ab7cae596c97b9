"""Lesson 03: the checks of functions that measure and decide, and the look at a slow start."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pyminidocker.kernel import procfs
from pyminidocker.teach import facts
from pyminidocker.teach.checks import Outcome, call, met, not_yet
from pyminidocker.teach.start_faults import PROMPT_S, READY, first_words
from pyminidocker.widgets.samples.model import Sample

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

IDLE = "idle"
# Values and what sums them up: unsorted, an even number of them, and with one far out.
_VALUES = ((3.0, 1.0, 2.0), (4.0, 1.0, 3.0, 2.0), (5.0,), (1.0, 1.0, 1.0, 1.0, 99.0))
_PAIRS = (
    ("a", (1.0, 1.1, 1.2, 1.3), (4.0, 4.1, 4.2, 4.3), "every value of a is below every one of b"),
    ("b", (9.0, 9.5, 9.9, 8.8), (2.0, 2.5, 2.2, 2.1), "every value of b is below every one of a"),
    ("unclear", (1.0, 2.0, 3.0, 4.0), (1.5, 2.5, 3.5, 4.5), "the two overlap almost entirely"),
    ("a", (1.0, 1.1, 1.2, 1.3, 50.0), (2.0, 2.1, 2.2, 2.3, 2.4), "one value of a is far out"),
    ("unclear", (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), "they are equal"),
)
_NEAR = 0.1  # a process may grow a little between two readings

# task: (what fits, reasons that carry it, what the lesson has shown)
TASKS: dict[str, tuple[str, frozenset[str], str]] = {
    "students": (
        "container",
        frozenset({"many on one machine", "starts quickly"}),
        "Look at what one more idle container takes, and one more machine.",
    ),
    "windows": (
        "virtual machine",
        frozenset({"needs another kernel"}),
        "A container's program runs on the kernel that is there. Which one does this one need?",
    ),
    "module": (
        "virtual machine",
        frozenset({"needs another kernel", "stronger wall"}),
        "A kernel module changes the kernel. Whose would it be, in a container?",
    ),
    "stranger": (
        "virtual machine",
        frozenset({"stronger wall"}),
        "All containers of a machine speak to one kernel, with some 300 calls.",
    ),
    "tests": (
        "container",
        frozenset({"starts quickly", "many on one machine", "same image everywhere"}),
        "Two hundred fresh surroundings a day: what does one cost to make?",
    ),
    "shop": (
        "container",
        frozenset({"same image everywhere", "many on one machine", "starts quickly"}),
        "Forty copies of one thing: what have they in common, on disk and in memory?",
    ),
}
REASONS = frozenset().union(*(reasons for _, reasons, _ in TASKS.values()))


def summary(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The learner's function sums a list of values up."""
    del lesson
    for values in _VALUES:
        given = list(values)
        told = call(function, given)
        whole = Sample("", values)
        wanted = {
            "n": whole.n, "median": whole.median, "lowest": min(values), "highest": max(values),
        }  # fmt: skip
        if not isinstance(told, Mapping) or set(told) != set(wanted):
            return not_yet(
                f"For {given} your function returned {told!r}.",
                "It should return a dictionary with n, median, lowest and highest.",
                "Compare the keys that it has with those four.",
                'A dictionary is written `{"n": ..., "median": ...}`.',
            )
        for key, value in wanted.items():
            if told[key] != value:
                return not_yet(
                    f"For {list(values)} your function says {key} = {told[key]!r}.",
                    f"Which value of {sorted(values)} is meant by {key}?",
                    "The median is the value in the middle of the sorted ones; with an even "
                    "number of them, half way between the two in the middle.",
                    "The module `statistics` knows the median.",
                )
    return met("n, median, lowest and highest are right, also with one value far out.")


def faster(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The learner's function decides between two samples, or says that it cannot."""
    del lesson
    for wanted, one, other, what in _PAIRS:
        told = call(function, Sample("a", one), Sample("b", other))
        if told != wanted:
            return not_yet(
                f"For a = {list(one)} and b = {list(other)} your function says {told!r}, and "
                f"{what}.",
                "A sample's `middle` is a pair: the bounds of its middle half.",
                "a is faster for certain when its middle half ends before b's begins.",
                "When neither ends before the other begins, the data cannot tell: “unclear”.",
            )
    return met("It decides where the middle halves lie apart, and only there.")


def memory(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The learner's function reads a process's PSS, in bytes."""
    for pid in (facts.running_pid(lesson, IDLE), os.getpid()):
        who = f"the process of `{IDLE}`" if pid != os.getpid() else "this notebook's own process"
        told = call(function, pid)
        seen = procfs.memory_bytes(pid)
        if not isinstance(told, int | float):
            return not_yet(
                f"For {who} your function returned {told!r}.",
                f"`/proc/{pid}/smaps_rollup` is a file of a few lines.",
                "It should return a number, of bytes.",
                "The second word of a line is the number, as text.",
            )
        if abs(told - seen["pss"]) <= max(_NEAR * seen["pss"], 8192):
            continue
        names = {"rss": "Rss", "private": "private memory"}
        other = next((k for k in names if abs(told - seen[k]) <= _NEAR * seen[k]), "")
        told_kib = abs(told - seen["pss"] / 1024) <= _NEAR * seen["pss"] / 1024
        looks = f"That is its {names[other]}." if other else "That are kilobytes." * told_kib
        return not_yet(
            f"For {who} your function says {told:g}. {looks}".strip(),
            "`/proc/PID/smaps_rollup` has one line for each kind of memory.",
            "The line in question begins with `Pss:` and ends with its unit.",
            "A kB of the kernel is 1024 bytes.",
        )
    return met(f"Right for `{IDLE}` and for this notebook, in bytes.")


def choice(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """Six tasks, each with what fits and a reason that carries."""
    del lesson
    told = call(function)
    if not isinstance(told, Mapping) or set(told) != set(TASKS):
        return not_yet(
            f"Your function returned {told!r}.",
            "The names of the six tasks are in the table above.",
            "It should return a dictionary: task to a pair of what fits and why.",
            f"There are: {', '.join(TASKS)}.",
        )
    for task, (fits, reasons, shown) in TASKS.items():
        answer = told[task]
        if not isinstance(answer, tuple | list) or len(answer) != 2 or answer[1] not in REASONS:
            return not_yet(
                f"For “{task}” your function says {answer!r}.",
                "Two words for each: what fits, and one of the reasons above.",
                'For example `("container", "starts quickly")`.',
                f"The reasons are: {'; '.join(sorted(REASONS))}.",
            )
        if answer[0] != fits or answer[1] not in reasons:
            return not_yet(
                f"“{task}”: {answer[0]}, because “{answer[1]}”. Look at that one again.",
                shown,
                "Compare with the numbers that you measured above.",
                "Ask first whether the program can run on this kernel at all, then who may "
                "attack whom, then what it costs.",
            )
    return met("Six tasks, each with a reason that your own numbers carry.")


def prompt(lesson: Lesson, image: str = "slowpoke") -> Outcome:
    """A container of the image says its word without delay."""
    said, started, seconds = first_words(lesson, image)
    if said != READY:
        return not_yet(
            f"A container of `{image}` says {said!r}.",
            f"`engine.image('{image}').attrs['Config']` shows what it executes.",
            f"It should still say “{READY}”, and nothing else.",
            "What the entry script executes at its end was given by CMD.",
        )
    if seconds > PROMPT_S:
        return not_yet(
            f"It was started within {max(0.1, round(started, 1)):g} s, and said “{READY}” after "
            f"about {seconds:.0f} s.",
            f"`engine.run('{image}', entrypoint='cat', command='/entry')` shows the script.",
            "What does the script wait for, and does this program need it?",
            "An image may stand on another one and have an ENTRYPOINT of its own, or an empty "
            "one: `ENTRYPOINT []`.",
        )
    return met(f"`{image}` says “{READY}” within {max(0.1, round(seconds, 1)):g} s.")
