"""Checks look at the state of the kernel and the engine; how the learner got there is their own.

A check says one thing at a time: the first reason why it is not so yet, before anything else and
without a traceback.  The hints below it are worked out from what was observed, in three steps from
"where to look" to "which fact is missing"; none of them is the solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.teach.cards import Card, Fold

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

HINT_NAMES = ("Hint 1: where to look", "Hint 2: what to compare", "Hint 3: what is missing")


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Attributes:
        met: whether it is so.
        reason: what was observed, in one or two sentences.
        hints: three steps, from the place to look at to the missing fact; empty when met.
    """

    met: bool
    reason: str
    hints: tuple[str, ...] = ()


def met(evidence: str) -> Outcome:
    """Return that it is so, with the evidence."""
    return Outcome(met=True, reason=evidence)


def not_yet(reason: str, where: str, what: str, missing: str) -> Outcome:
    """Return that it is not so yet.

    Args:
        reason: the first thing that stands in the way, as observed.
        where: hint 1, where to look.
        what: hint 2, what to compare with what.
        missing: hint 3, which fact or step is missing; never the finished line of code.
    """
    return Outcome(met=False, reason=reason, hints=(where, what, missing))


class NotWritten(Exception):  # a state of the exercise, not an error of the program
    """The learner's function still raises NotImplementedError."""


def call(function: Callable[..., Any], *args: Any) -> Any:
    """Call the learner's function.

    Raises:
        NotWritten: it raises NotImplementedError; carries its message.
        InvalidArgument: it stopped in some other way, or it is not a function at all; the message
            says how, in one sentence.
    """
    if not callable(function):
        raise InvalidArgument(
            f"this check wants the function itself, not what it returned ({function!r})",
            hint="pass its name without brackets",
        )
    try:
        return function(*args)
    except NotImplementedError as todo:
        raise NotWritten(str(todo)) from None
    except MiniDockerError as error:
        raise InvalidArgument(f"the engine answered your function: {error}", hint=error.hint) from (
            error
        )
    except Exception as error:  # whatever a learner's code may raise
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise InvalidArgument(f"your function stopped with {what}", hint=_line_of(error)) from error


def examine(lesson: Lesson, name: str, given: tuple[Any, ...]) -> Outcome:
    """Run check ``name`` of ``lesson`` on what the cell passed; never raises for what is given."""
    check = lesson.plan.check(name)
    try:
        return check.examine(lesson, *given)
    except NotWritten as todo:
        return not_yet(
            f"The exercise is not written yet: {todo}",
            f"Replace the `raise` line in `{check.exercise}` and run its cell, then this one.",
            "The worked example above does a similar thing; start from its lines.",
            f'`lesson.solution("{name}")` keeps one way to do it, folded, for comparing.',
        )
    except MiniDockerError as error:
        return not_yet(
            _sentence(str(error)),
            error.hint or "Read the message once more: it names the thing that is missing.",
            "Run the cell that prepares this exercise again; names are fixed, so that is safe.",
            "`lesson.reset()` puts this lesson's containers and images back to the start.",
        )


def report(name: str, outcome: Outcome) -> Card:
    """Return what the learner sees: the message first, then hints that unfold one by one."""
    if outcome.met:
        return Card("met", f"MET · {name}", (outcome.reason,))
    folded: tuple[Fold, ...] = ()
    for heading, hint in zip(reversed(HINT_NAMES), reversed(outcome.hints), strict=True):
        folded = (Fold(heading, (hint,), folded),)
    how = f'Hints: open the line below, or run lesson.hint("{name}", 1), then 2 and 3.'
    return Card("not yet", f"NOT YET · {name}", (outcome.reason, how), folded)


def hint(name: str, outcome: Outcome, level: int) -> Card:
    """Return hint ``level`` (1 to 3) for what was observed.

    Raises:
        InvalidArgument: there is no such level.
    """
    if outcome.met:
        return Card("met", f"MET · {name}", ("There is nothing left to hint at.",))
    if not 1 <= level <= len(outcome.hints):
        raise InvalidArgument(f"there is no hint {level}", hint="levels are 1, 2 and 3")
    lines = (outcome.reason, outcome.hints[level - 1])
    return Card("note", f"{HINT_NAMES[level - 1]} · {name}", lines)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _line_of(error: Exception) -> str:
    """Return "line N of your function" for the innermost frame of the learner's own code."""
    trace = error.__traceback__
    line = 0
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith(("<ipython-input", "/tmp/ipykernel_")):  # noqa: S108
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"it happened in line {line} of the cell" if line else "run it by itself to see where"
