"""A fault of programs that wait: the container starts at once, and its program does nothing yet.

An entry script waits for a neighbour that does not exist here.  From outside that looks as if
starting took so long, and only the order of events shows that it did not.

See: docs.docker.com, "docker container start"; nothing in it waits for the program to be ready.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pyminidocker.errors import MiniDockerError
from pyminidocker.teach.faults import Fault, register

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

READY = "ready"
PROMPT_S = 1.0  # well below what the script waits, well above what a start takes
_SCRIPT = """\
#!/bin/sh
# Do not begin before the database is there.
tries=0
until [ -e /run/database-is-there ] || [ $tries -ge 20 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
exec "$@"
"""
_COMMAND = f'CMD ["echo", "{READY}"]\n'
_SLOW = (
    "FROM busybox\nCOPY --chmod=755 <<'SCRIPT' /entry\n"
    f'{_SCRIPT}SCRIPT\nENTRYPOINT ["/entry"]\n{_COMMAND}'
)


def first_words(lesson: Lesson, image: str) -> tuple[str, float, float]:
    """Run a container of ``image`` and look at the clock.

    Returns:
        What it says, seconds until it was started, and seconds until it had said it.

    Raises:
        MiniDockerError: no such image, or its program cannot be executed.
    """
    with lesson.engine.create(image) as box:
        began = time.monotonic()
        box.start()
        started = time.monotonic()
        box.wait(timeout_s=20)
        return box.logs().strip(), started - began, time.monotonic() - began


def _build(lesson: Lesson, target: str, text: str) -> None:
    lesson.engine.build(text=text, tag=target, progress="quiet")


def _is_slow(lesson: Lesson, target: str) -> bool:
    try:
        said, _, seconds = first_words(lesson, target)
    except MiniDockerError:
        return True
    return said != READY or seconds > PROMPT_S


register(
    Fault(
        "slow_entry",
        "Since its last update, a container of `{target}` needs two seconds until it says "
        f"“{READY}”. “Containers are slow on this machine today”, says a colleague.",
        inject=lambda lesson, target: _build(lesson, target, _SLOW),
        repair=lambda lesson, target: _build(lesson, target, f"FROM busybox\n{_COMMAND}"),
        broken=_is_slow,
    )
)
