"""Lesson 01: the checks of functions that look at machines, and the run of a mended guest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import NotFound
from pyminidocker.teach import guest_faults
from pyminidocker.teach.checks import Outcome, call, met, not_yet
from pyminidocker.vm import tiny

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

# (the text of a /proc/cpuinfo, virtual, what is special about it)
_CPUS = (
    ("processor\t: 0\nflags\t\t: fpu vme de hypervisor lahf_lm\n", True, "has the flag"),
    ("processor\t: 0\nflags\t\t: fpu vme de lahf_lm\n", False, "does not have the flag"),
    (
        "model name\t: ACME hypervisor chip\nflags\t\t: fpu vme de\n",
        False,
        "has the word in the name of its processor, and not among its flags",
    ),
    ("flags\t\t: fpu hypervisor_x\n", False, "has a flag that only begins like that"),
    ("Features\t: fp asimd evtstrm\n", False, "is of another kind of processor"),
)
_WORDS = ("hey", "", "Kernel 6!")
_MOST_READS = 50
_PAGES = (10, 1, 100, 144)

STATEMENTS: dict[str, tuple[str, str]] = {
    "own kernel": (
        "virtual machine",
        "Compare the boot ids above: how many kernels were there?",
    ),
    "another system than the host's, such as Windows on Linux": (
        "virtual machine",
        "Which of the two brings the part that talks to the hardware?",
    ),
    "comes back by exits": (
        "virtual machine",
        "What is an exit an exit from? Is a container's program ever in that mode?",
    ),
    "its programs are in the host's list of processes": (
        "container",
        "The host sees a virtual machine as one process, whatever runs inside.",
    ),
    "a signal from the host ends its first program": (
        "container",
        "Signals go to processes of one kernel. Whose is the first program of each?",
    ),
    "files of its own": (
        "both",
        "One has an image of layers, the other a disk or an archive in memory.",
    ),
    "can be given a limit of memory": (
        "both",
        "You gave one to your machine; `run --memory` gives one to a container.",
    ),
    "its root may do less than the host's root": (
        "both",
        "Can root of either change a file of the host that was not given to it?",
    ),
}


def virtual(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The learner's function reads the flag, and nothing that looks like it."""
    del lesson
    here = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    flags = [line for line in here.splitlines() if line.startswith("flags")]
    ours = bool(flags) and "hypervisor" in flags[0].split()
    for text, wanted, special in (*_CPUS, (here, ours, "is this machine's own")):
        told = call(function, text)
        if told is not wanted:
            return not_yet(
                f"For a text that {special} your function returned {told!r}.",
                "`print(Path('/proc/cpuinfo').read_text()[:2000])` shows where the flags are.",
                "The flags are the words of the line that begins with `flags`.",
                "`text.split()` gives the words of a line; ask whether one of them is exactly "
                "`hypervisor`, and return True or False.",
            )
    return met("It reads the flag, in this machine's text and in others.")


def device(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The learner's device types a word into a real guest."""
    del lesson
    for word in _WORDS:
        printed, reads = _type(function, word)
        if printed != word:
            return not_yet(
                f"With the letters {list(word)} the guest printed {printed!r}, after {reads} "
                "reads.",
                "`print(tiny.echo())` shows what the guest does with each byte.",
                "Your function gets every exit, also those by which the guest prints; only one "
                "with the reason `in` wants a byte.",
                "A byte is a number; `ord` makes one of a letter. When no letter is left, the "
                "guest waits for a zero.",
            )
    return met(f"A guest has read {', '.join(map(repr, _WORDS))} from your keyboard.")


def _type(answer: Callable[..., Any], word: str) -> tuple[str, int]:
    """Let a guest read from the learner's device, and play its serial port."""
    printed: list[int] = []
    letters = list(word)
    reads = 0

    def bus(exit_: tiny.Exit) -> int | None:
        nonlocal reads
        value = call(answer, exit_, letters)
        if exit_.reason == "out":
            printed.append(exit_.value)
        if exit_.reason != "in":
            return None
        reads += 1
        if reads > _MOST_READS or not isinstance(value, int):
            return 0  # or it would never end
        return value & 0xFF

    with tiny.machine(tiny.echo(), kind="emulated", device=bus) as guest:
        guest.boot()
    return bytes(printed).decode("latin-1"), reads


def memory(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """The learner's function runs guests and counts the bytes that are really there."""
    del lesson
    for pages in _PAGES:
        told = call(function, pages)
        with tiny.machine(tiny.touch(pages), kind="emulated") as guest:
            given, there = guest.boot().pages
        wanted = there * 4096
        if told == wanted:
            continue
        looks = {
            there: "That is the number of pages, not of bytes.",
            given * 4096: "That is what the guest was given.",
            given: "That is what the guest was given, in pages.",
            pages * 4096: "The page with the program itself is missing.",
            4096: "That is one page: was the guest run before you looked?",
            0: "Nothing was there yet: was the guest run before you looked?",
        }
        said = looks.get(told, "") if isinstance(told, int) else ""
        return not_yet(
            f"For {pages} pages your function returned {told!r}. {said}".strip(),
            "`guest.pages` is a pair: how many were given, and how many are there.",
            "Look at it after the guest has run, and before its machine is closed.",
            "A page has 4096 bytes.",
        )
    return met(f"Right for {', '.join(map(str, _PAGES))} pages, in bytes.")


def greeter(lesson: Lesson, target: str = "greeter") -> Outcome:
    """The program in the file prints its word and halts."""
    path = guest_faults.file_of(lesson, target)
    if not path.exists():
        raise NotFound(
            f"there is no program {target!r}", hint="run the cell with `lesson.break_` first"
        )
    printed, end = guest_faults.try_out(path)
    if printed != guest_faults.WORD:
        return not_yet(
            f"The program prints {printed!r}, and should print {guest_faults.WORD!r}.",
            "`tiny.say('hello').code` are the bytes as they once were.",
            "Compare both byte by byte: `[n for n in range(21) if old[n] != new[n]]`.",
            "One byte makes the difference; the others may stay.",
        )
    if end != "halt":
        return not_yet(
            f"It prints its word, and its end is: {end}.",
            "`guest.at` says where the processor is when its time is over.",
            "`print(tiny.say('hello'))` shows which instruction is there, and its two bytes.",
            "The second byte of a short jump is its distance; the old program went three on.",
        )
    return met(f"It prints {printed!r} and halts.")


def sorted_(lesson: Lesson, function: Callable[..., Any]) -> Outcome:
    """Eight statements, each where it belongs."""
    del lesson
    told = call(function)
    if not isinstance(told, Mapping) or set(told) != set(STATEMENTS):
        return not_yet(
            f"Your function returned {told!r}.",
            "The eight statements are the keys in the cell above.",
            "It should return a dictionary: each statement to one of three words.",
            "The words are: virtual machine, container, both.",
        )
    for statement, (belongs, shown) in STATEMENTS.items():
        if told[statement] != belongs:
            return not_yet(
                f"“{statement}”: you say {told[statement]!r}. Look at that one again.",
                shown,
                "Ask for each of the two by itself: can it be so?",
                "What can be so for both of them belongs to “both”.",
            )
    return met("Eight statements, three for machines, two for containers, three for both.")
