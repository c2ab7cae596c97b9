"""Fifteen questions about containers, asked before the course and again at its end.

Before the course nobody says what holds: the answers are stored, and the result lists the lessons
in which each chosen belief can be tested.  Every option that does not hold names a misconception.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyminidocker.teach.cards import Card
from pyminidocker.teach.misconceptions import BELIEFS
from pyminidocker.teach.plan import Option, Question

PRETEST = "pretest"


def _ask(name: str, text: str, *options: tuple[str, str]) -> Question:
    """Return a question whose feedback is not shown (the profile answers with lessons)."""
    return Question(name, text, tuple(Option(words, "", belief) for words, belief in options))


QUESTIONS = (
    _ask(
        "i01",
        "What is a running container?",
        ("A small virtual machine", "small-vm"),
        ("One or more processes with a limited view of the machine", ""),
        ("A copy of an image that the processor runs", "image-is-container"),
    ),
    _ask(
        "i02",
        "A container runs `sleep 999`. Where can this process be seen?",
        ("Only inside the container", "hidden-from-host"),
        ("Inside and on the host, with the same number", "same-pid"),
        ("Inside and on the host, as a rule with different numbers", ""),
    ),
    _ask(
        "i03",
        "Which kernel does a Linux container run on?",
        ("The one that the host runs", ""),
        ("The one that its image contains", "own-kernel"),
        ("A small kernel that the engine starts", "small-vm"),
    ),
    _ask(
        "i04",
        "A program in a container connects to 127.0.0.1. Whom does it reach?",
        ("The container itself", ""),
        ("The host", "loopback-is-host"),
        ("Every container on the same network", "names-everywhere"),
    ),
    _ask(
        "i05",
        "A Dockerfile says EXPOSE 80. What can reach port 80 because of that line?",
        ("Every machine in the network", "published-to-me"),
        ("The host", "expose-opens"),
        ("Nothing new: the line is documentation", ""),
    ),
    _ask(
        "i06",
        "One layer of an image adds a 20 MB file, the next one deletes it. The image is ...",
        ("as small as before the file came", "delete-shrinks"),
        ("about 20 MB bigger", ""),
        ("bigger until the layers are merged", "layers-merge"),
    ),
    _ask(
        "i07",
        "Three containers run from one image of 100 MB and write nothing. They need how much more?",
        ("Next to nothing", ""),
        ("About 300 MB", "copy-per-container"),
        ("About 100 MB, the running copy", "image-is-container"),
    ),
    _ask(
        "i08",
        "A container wrote a file to its own file system. When is the file lost?",
        ("When the container stops", "stopped-is-removed"),
        ("When the container is removed", ""),
        ("Never: the engine keeps it", "data-in-container"),
    ),
    _ask(
        "i09",
        "A container ends right after its start. What does that tell you?",
        ("It crashed", "exit-is-crash"),
        ("Its exit code is lost, because it is gone", "stopped-is-removed"),
        ("Its main process ended, for whatever reason", ""),
    ),
    _ask(
        "i10",
        "docker stop takes ten seconds. The likely reason?",
        ("The main process does not react to SIGTERM", ""),
        ("Containers need that long to shut down", "stop-is-slow"),
        ("The machine is busy saving the container's files", "data-in-container"),
    ),
    _ask(
        "i11",
        "A container may use 64 MB of memory. What does `free` inside show?",
        ("64 MB", "free-shows-limit"),
        ("What its namespaces allow it", "namespaces-limit"),
        ("The memory of the whole machine", ""),
    ),
    _ask(
        "i12",
        "You change one line of a Dockerfile near its top. What is rebuilt?",
        ("That step", "each-instruction-layer"),
        ("That step and all steps after it", ""),
        ("Nothing, as long as the tag stays the same", "tag-is-identity"),
    ),
    _ask(
        "i13",
        "root in a container, with the usual settings, ...",
        ("is the host's root in every respect", "root-is-host-root"),
        ("can do no harm at all", "root-harmless"),
        ("has fewer rights, yet reaches what is mounted into the container", ""),
    ),
    _ask(
        "i14",
        "Two containers on the default bridge network. Can they reach each other by name?",
        ("By address; by name only on a network that you made", ""),
        ("Yes, always", "names-everywhere"),
        ("Only when both publish a port", "expose-opens"),
    ),
    _ask(
        "i15",
        "What does the tag `latest` stand for?",
        ("The newest version", "tag-is-identity"),
        ("Whatever was last tagged so: a label that can move", ""),
        ("One image, for ever: its content cannot change", "tag-is-identity"),
    ),
)


def route(chosen: Mapping[str, str]) -> Card:
    """Return which lessons put the chosen beliefs to the test.

    Args:
        chosen: question id to the letter of the answer; other questions' ids are left alone.
    """
    answered = [(one, chosen[one.id]) for one in QUESTIONS if one.id in chosen]
    heading = f"YOUR ROUTE · {len(answered)} of {len(QUESTIONS)} questions answered"
    if not answered:
        return Card("note", heading, ("Answer some of the questions above and run this again.",))
    beliefs = {one.option(key).belief for one, key in answered} - {""}
    lines = []
    for lesson in sorted({BELIEFS[name].lesson for name in beliefs}):
        lines.append(f"Lesson {lesson} puts to the test:")
        held = (name for name in sorted(beliefs) if BELIEFS[name].lesson == lesson)
        lines += [f"- “{BELIEFS[name].says}”" for name in held]
    return Card("note", heading, tuple(lines) or ("No belief of yours waits for a test so far.",))
