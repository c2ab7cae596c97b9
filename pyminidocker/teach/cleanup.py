"""Putting a lesson back to its start, and proving at its end that nothing stays behind.

A lesson's containers and images have fixed names (in its plan) or carry its label, so that
cleaning up never touches anything else.  The proof does not trust the engine alone: before the
containers are removed, all processes in their pid namespaces are noted; afterwards each one is
looked for in /proc.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.teach import facts, surroundings
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


def processes(lesson: Lesson) -> set[tuple[int, int]]:
    """Return (pid on this machine, start) of all processes in this lesson's containers."""
    namespaces = set()
    for identifier in containers(lesson):
        with suppress(MiniDockerError):
            pid = facts.running_pid(lesson, identifier)
            namespaces.add(facts.namespace(pid, "pid"))
    starts = ((pid, facts.started(pid)) for pid in facts.pids_in(namespaces))
    return {(pid, start) for pid, start in starts if start is not None}


def volumes(lesson: Lesson) -> list[str]:
    """Return this lesson's volumes that are there."""
    if not lesson.plan.volumes:
        return []
    names = {str(one["Name"]) for one in lesson.calls.volume_list()}
    return sorted(names & set(lesson.plan.volumes))


def _forget_steps(lesson: Lesson) -> None:
    """Forget the steps of builds that were used since the lesson was opened.

    So that the next time they are carried out, and the lesson looks as it did the first time.
    """
    since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(lesson.started))
    used = [one["Id"] for one in lesson.calls.build_cache() if one["LastUsed"] >= since]
    if used:
        lesson.calls.build_prune(all=True, filters={"id": used})


def remove_all(lesson: Lesson) -> None:
    """Remove this lesson's containers with their volumes, its images, and what is around them.

    Terminals are closed before.
    """
    if (terminals := sys.modules.get("pyminidocker.widgets.terminal.view")) is not None:
        terminals.close_all(wait_s=5.0)
    for identifier in containers(lesson):
        with suppress(NotFound):
            lesson.calls.container_remove(identifier, force=True, volumes=True)
    for tag in surroundings.images(lesson, lesson.calls):
        with suppress(NotFound):
            lesson.calls.image_remove(tag, force=True)
    for name in volumes(lesson):
        with suppress(NotFound):
            lesson.calls.volume_remove(name, force=True)
    if lesson.plan.folders:
        _forget_steps(lesson)
    surroundings.remove_all(lesson)


def proof(lesson: Lesson, members: set[tuple[int, int]], state_directory: str) -> Card:
    """Return what is left of the lesson, counted by the engine and by the kernel.

    Args:
        lesson: the lesson, after ``remove_all``.
        members: the processes its containers had, as ``processes`` returned them.
        state_directory: where the engine keeps its files; no mount of this machine may show it.
    """
    alive = sorted(pid for pid, start in members if facts.started(pid) == start)
    left: dict[str, tuple[list[Any], str]] = {
        "containers": (sorted(containers(lesson).values()), "asked the engine"),
        "processes": (alive, "looked for each one in /proc"),
        "images made here": (surroundings.images(lesson, lesson.calls), "asked the engine"),
        "mounts on this machine": (facts.mounts_under(state_directory), "read mountinfo"),
    }
    plan = lesson.plan
    if plan.networks:
        left["networks"] = (surroundings.networks(lesson), "asked the engine")
    if plan.links:
        left["links made by hand"] = (surroundings.links(lesson), "asked the kernel by netlink")
    if plan.hosts:
        left["further hosts"] = (surroundings.running_hosts(lesson), "looked for their sockets")
    if plan.registry:
        left["registries"] = (surroundings.registries(lesson), "looked for its socket")
    if plan.volumes:
        left["volumes"] = (volumes(lesson), "asked the engine")
    if plan.folders:
        left["folders with files"] = (surroundings.folders(lesson), "looked for them")
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
