"""A fault of data that belongs to somebody else: what root wrote, the app cannot change.

The app does not run as root.  A container that does, and that was only meant to have a look, leaves
files in the volume that are root's, and from then on the counter cannot count.

See: open(2), EACCES; path_resolution(7), "Permissions".
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.teach import facts
from pyminidocker.teach.faults import Fault, register
from pyminidocker.teach.web import fetch

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

DATA, OWNER = "/data", "10001:10001"


def volume_of(lesson: Lesson, container: str) -> str:
    """Return the name of the volume that a container has at /data.

    Raises:
        NotFound: no such container, or it has none there.
    """
    for mount in facts.inspect(lesson, container)["Mounts"]:
        if mount["Destination"] == DATA and mount["Type"] == "volume":
            return str(mount["Name"])
    raise NotFound(f"{container} has no volume at {DATA}", hint="run the cells above first")


def own(lesson: Lesson, container: str, owner: str) -> None:
    """Give everything in a container's volume to ``owner``, by way of another container."""
    volume = volume_of(lesson, container)
    lesson.engine.run("busybox", ["chown", "-R", owner, DATA], volumes=[f"{volume}:{DATA}"])


def front_port(lesson: Lesson, container: str) -> int:
    """Return the port of this machine that leads to port 80 of a running container.

    Raises:
        NotFound: no such container, or no port leads there.
        Conflict: it does not run.
    """
    facts.running_pid(lesson, container)
    ports = facts.inspect(lesson, container)["NetworkSettings"]["Ports"] or {}
    published = ports.get("80/tcp") or ()
    if not published:
        raise NotFound(
            f"no port of this machine leads to port 80 of {container}",
            hint="ports are given when a container is created: `-p 4000:80`",
        )
    return int(published[0]["HostPort"])


def _look(lesson: Lesson, target: str) -> None:
    """Let a few visits be counted, and then give the counter to root."""
    own(lesson, target, OWNER)  # when it was broken before
    for _ in range(3):
        fetch(front_port(lesson, target))
    own(lesson, target, "0:0")


def _fails(lesson: Lesson, target: str) -> bool:
    try:
        return fetch(front_port(lesson, target)).status != HTTPStatus.OK
    except MiniDockerError:
        return True


register(
    Fault(
        "foreign_files",
        "A colleague had a look at the data of `{target}`, with a container of their own. Since "
        "then every visit of the page ends with an error. Nobody touched the image or the "
        "container.",
        inject=_look,
        repair=lambda lesson, target: own(lesson, target, OWNER),
        broken=_fails,
    )
)
