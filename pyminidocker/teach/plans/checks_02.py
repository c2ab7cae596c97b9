"""Lesson 02: the looks at kernel and engine behind its checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyminidocker.teach import facts, faults
from pyminidocker.teach.checks import Outcome, call, met, not_yet

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson


def two_pids(lesson: Lesson, inside_number: Callable[..., Any]) -> Outcome:
    """The learner's function names the innermost number of any process of the container."""
    first = facts.running_pid(lesson, "nap")
    answer = call(inside_number, first)
    if answer is None:
        return not_yet(
            "`inside_number` returned nothing for the first process of `nap`.",
            "Read the file /proc/PID/status, where PID is the number the function is given.",
            "Find the line that begins with `NSpid:`. It lists one number per pid namespace.",
            "A function hands its result back with `return`.",
        )
    if str(answer) == str(first):
        return not_yet(
            "`inside_number` returned the host's own number for the process.",
            "The line `NSpid:` of /proc/PID/status holds more than one number.",
            "The first number is the view from outside, the last one the view from inside.",
            "Which end of the list of numbers do you take?",
        )
    family = facts.running_pid(lesson, "family")
    for pid in facts.pids_in([facts.namespace(family, "pid")]):
        inside = facts.numbers(pid)[-1]
        answer = call(inside_number, pid)
        if answer != inside:
            kind = type(answer).__name__
            return not_yet(
                f"For a process that is number {inside} in `family`, the function returned "
                f"{answer!r} ({kind}).",
                "The container `family` has four processes; the function has to work for each.",
                "Compare what it returns with the last number in the line `NSpid:`.",
                "The check wants a number: `int(...)` makes one from text.",
            )
    return met(
        "The function found the inside number of every process of `nap` and `family`, as the "
        "kernel has it."
    )


def shared(lesson: Lesson, shared: Callable[..., Any]) -> Outcome:
    """The learner's function tells which namespaces two processes have in common."""
    nap = facts.running_pid(lesson, "nap")
    family = facts.running_pid(lesson, "family")
    for one, other, names in ((nap, family, "`nap` and `family`"), (nap, nap, "`nap` and itself")):
        truth = facts.shared_kinds(one, other)
        answer = call(shared, one, other)
        try:
            given = {str(kind) for kind in answer}
        except TypeError:
            return not_yet(
                f"For {names} the function returned {answer!r}, which is not a set of names.",
                "Names are those of the files in /proc/PID/ns, such as `pid` and `net`.",
                "Go through the eight names and keep those whose links are equal.",
                "Return a set: an empty one is `set()`, and `.add(name)` puts a name in.",
            )
        if given != truth:
            surplus, lacking = sorted(given - truth), sorted(truth - given)
            problem = (
                f"calls {surplus[0]!r} shared, but the two inode numbers differ"
                if surplus
                else f"leaves out {lacking[0]!r}, but the two inode numbers are equal"
            )
            return not_yet(
                f"For {names} the function {problem}.",
                "Read the link /proc/PID/ns/NAME of both processes with `os.readlink`.",
                "A link reads like `net:[4026531840]`; equal text means the same namespace.",
                "Compare the same NAME on both sides, for each of the eight names.",
            )
    return met("The function agrees with the kernel for two pairs of processes, kind by kind.")


def joined(lesson: Lesson) -> Outcome:
    """Containers left and right share the network namespace and stay apart otherwise."""
    left, right = facts.running_pid(lesson, "left"), facts.running_pid(lesson, "right")
    shared = facts.shared_kinds(left, right)
    usual = facts.shared_kinds(left, facts.running_pid(lesson, "nap")) - {"net"}
    if "net" not in shared:
        return not_yet(
            "`left` and `right` still have a network namespace each: two different inode numbers.",
            "Which option of `docker run` chooses a container's network?",
            "By default each container gets a new network namespace. Two other choices exist: "
            "no network at all, and the network that is already there.",
            "Both have to use the network that is already there, the host's.",
        )
    if extra := sorted(shared - usual - {"net"}):
        return not_yet(
            f"`left` and `right` also share {', '.join(extra)}.",
            "The lens shows which rows are joined.",
            "Compare with the lens on `nap` and `left`.",
            "Only the row `net` should be joined in addition.",
        )
    return met("`left` and `right` share one network namespace, and nothing else more than usual.")


def repaired(lesson: Lesson) -> Outcome:
    """After the fault: family runs again with all its processes."""
    state = facts.inspect(lesson, "family")["State"]
    if not state["Running"]:
        return not_yet(
            f"`family` does not run: its state is {state['Status']}, exit code "
            f"{state['ExitCode']}.",
            "`!minidocker ps -a` shows containers that do not run, too.",
            "The container is still there, with its files and settings; only its processes ended.",
            "A container that ended can be started again: its first process starts the others.",
        )
    if not faults.wait_for(lambda: len(_family(lesson)) >= 4):
        return not_yet(
            f"`family` runs with {len(_family(lesson))} of its 4 processes.",
            "`engine.container('family').top()` lists them.",
            "Its command starts three children and waits for them.",
            "Run the cell that makes `family` once more.",
        )
    return met("`family` runs again: pid 1 and its three children, in a new pid namespace.")


def _family(lesson: Lesson) -> list[int]:
    return facts.pids_in([facts.namespace(facts.running_pid(lesson, "family"), "pid")])
