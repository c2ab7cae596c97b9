"""Putting a lesson back to its start, and proving at its end that nothing stays behind.

A lesson's containers and images have fixed names (in its plan) or carry its label, so that
cleaning up never touches anything else.  The proof does not trust the engine alone: before the
containers are removed, their pid namespaces are noted; afterwards every process in /proc is
asked which namespace it lives in.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.teach import facts
from pyminidocker.teach.cards import Card

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

LABEL = "pyminidocker.lesson"


def containers(lesson: Lesson) -> dict[str, str]:
    """Return this lesson's containers, running or not: id to name."""
    mine = {}
    for one in lesson.calls.container_list(all=True):
        name = one["Names"][0].lstrip("/")
        watched = one["Image"] in lesson.plan.images_watched and one["Created"] >= lesson.started
        if watched or name in lesson.plan.containers or _labelled(one, lesson.number):
            mine[one["Id"]] = name
    return mine


def _labelled(listed: dict[str, Any], number: str) -> bool:
    return bool((listed.get("Labels") or {}).get(LABEL) == number)


def images(lesson: Lesson) -> list[str]:
    """Return this lesson's images: its tags, and ids of images that lost their tag meanwhile.

    A cell that is run again commits to the same tag again; the image before it stays, nameless.
    """
    mine = []
    for one in lesson.calls.image_list():
        tags = [tag for tag in one["RepoTags"] or () if tag != "<none>:<none>"]
        mine += [tag for tag in tags if tag.removesuffix(":latest") in lesson.plan.images]
        if not tags and one["Created"] >= lesson.started:
            mine.append(one["Id"])
    return mine


def pid_namespaces(lesson: Lesson) -> set[int]:
    """Return the pid namespaces of this lesson's running containers."""
    found = set()
    for identifier in containers(lesson):
        with suppress(MiniDockerError):
            pid = facts.running_pid(lesson, identifier)
            found.add(facts.namespace(pid, "pid"))
    return found


def remove_all(lesson: Lesson) -> None:
    """Remove this lesson's containers, with their volumes, and its images; close its terminals."""
    if (terminals := sys.modules.get("pyminidocker.widgets.terminal.view")) is not None:
        terminals.close_all(wait_s=5.0)
    for identifier in containers(lesson):
        with suppress(NotFound):
            lesson.calls.container_remove(identifier, force=True, volumes=True)
    for tag in images(lesson):
        with suppress(NotFound):
            lesson.calls.image_remove(tag, force=True)


def proof(lesson: Lesson, namespaces: set[int], state_directory: str) -> Card:
    """Return what is left of the lesson, counted by the engine and by the kernel.

    Args:
        lesson: the lesson, after ``remove_all``.
        namespaces: the pid namespaces its containers had.
        state_directory: where the engine keeps its files; no mount of this machine may show it.
    """
    left: dict[str, tuple[list[Any], str]] = {
        "containers": (sorted(containers(lesson).values()), "asked the engine"),
        "processes": (facts.pids_in(namespaces), "asked /proc about every process"),
        "images made here": (images(lesson), "asked the engine"),
        "mounts on this machine": (facts.mounts_under(state_directory), "read mountinfo"),
    }
    lines = [
        f" {what:<24} {len(names)} left   ({how}){_names(names)}"
        for what, (names, how) in left.items()
    ]
    if any(names for names, _ in left.values()):
        heading = f"NOT YET · lesson {lesson.number} left something behind"
        return Card("not yet", heading, (*lines, "`lesson.reset()` removes it; run this again."))
    return Card("met", f"Lesson {lesson.number} leaves nothing behind", tuple(lines))


def _names(names: list[Any]) -> str:
    return f": {', '.join(map(str, names))}" if names else ""
