"""Lesson 00: the looks at kernel and engine behind its checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import NotFound
from pyminidocker.teach import cleanup, facts
from pyminidocker.teach.checks import Outcome, call, met, not_yet

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson
    from pyminidocker.teach.preflight import Preflight


def preflight(lesson: Lesson, preflight: Preflight) -> Outcome:
    """This machine can run containers."""
    del lesson
    blocking = preflight.blocking()
    if blocking:
        one = blocking[0]
        return not_yet(
            f"{one.title}: {one.detail}.",
            "The section “What was tried on this machine” lists every finding.",
            one.meaning or "Without it the kernel makes no containers.",
            f"Remedy: {one.remedy}" if one.remedy else "Ask who looks after this machine.",
        )
    return met("Everything that a container needs works here; it was tried, not guessed.")


def own_words(lesson: Lesson) -> Outcome:
    """Container mine has printed something of the learner's."""
    state = facts.inspect(lesson, "mine")["State"]
    if state["Status"] != "exited":
        return not_yet(
            f"`mine` has not run to its end: its state is {state['Status']}.",
            "`engine.container('mine')` shows its state.",
            "A container that only was created has not run yet.",
            "Run the cell above again; it replaces `mine`.",
        )
    if state["ExitCode"] != 0:
        return not_yet(
            f"`mine` ended with exit code {state['ExitCode']}.",
            "Exit code 0 is success; 127 says that the program was not found.",
            "Compare the command with the one of `first`.",
            "The list has two parts: the program `echo`, and your words.",
        )
    said = lesson.engine.container("mine").logs().strip()
    if not said:
        return not_yet(
            "`mine` ran well, and what it printed is empty.",
            "Look at the variable `words` in the cell above.",
            "What stands between its quotes is what the container prints.",
            "Put a few words between the quotes and run the cell again.",
        )
    return met(f"`mine` ended with exit code 0 and printed {len(said)} characters of yours.")


def greeting(lesson: Lesson) -> Outcome:
    """After the fault: greeter has said good morning."""
    state = facts.inspect(lesson, "greeter")["State"]
    if state["Status"] == "created":
        return not_yet(
            "`greeter` was created and could not be started.",
            "`engine.container('greeter')` shows the command it was told to run.",
            "Compare its command, letter by letter, with one that works.",
            "Which program prints words? The one in the command has two letters swapped.",
        )
    if state["ExitCode"] != 0:
        return not_yet(
            f"`greeter` ended with exit code {state['ExitCode']}.",
            "Exit code 127 means: the program was not found.",
            "`engine.container('greeter')` shows its command; compare it with that of `first`.",
            "A command cannot be changed afterwards: make `greeter` anew, with `fresh=True`.",
        )
    if not lesson.engine.container("greeter").logs().strip():
        return not_yet(
            "`greeter` ended well and printed nothing.",
            "Look at its command: which program, which words?",
            "`echo` prints the words that follow it.",
            "Give it some words to say.",
        )
    return met("`greeter` said it, and ended with exit code 0.")


def tidy(lesson: Lesson, remove_ended: Callable[..., Any]) -> Outcome:
    """The learner's function removes the lesson's ended containers, and only those."""
    engine = lesson.engine
    names = ["first", "mine", "greeter", "still-busy"]
    for name in names[:-1]:
        try:
            engine.container(name)
        except NotFound:
            engine.run("busybox", "true", name=name, remove=False)
    engine.run("busybox", "sleep 60", name="still-busy", detach=True, fresh=True)
    try:
        call(remove_ended, engine, names)
        left = set(cleanup.containers(lesson).values()) & set(names)
    finally:
        for identifier, name in cleanup.containers(lesson).items():
            if name == "still-busy":
                lesson.calls.container_remove(identifier, force=True)
    if "still-busy" not in left:
        return not_yet(
            "The function also removed `still-busy`, which was running.",
            "A container knows its state: `engine.container(name).status`.",
            "Ended containers have the status `exited`, or `created` if they never ran.",
            "Look at the status before you remove.",
        )
    if stay := sorted(left - {"still-busy"}):
        return not_yet(
            f"Still there: {', '.join(stay)}.",
            "`engine.container(name)` gives you one container by its name.",
            "A container object has a method that removes it.",
            "Go through all names that the function was given.",
        )
    return met("The ended containers are gone, and the one that was running stayed.")
