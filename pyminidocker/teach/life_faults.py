"""A fault of images whose program does not hear that it should end.

An entry script starts the program and stays in front of it, as process 1.  It has no handler for
SIGTERM, so the kernel does not deliver it; the program would know what to do, and is never asked.

See: signal(7), "Signal dispositions"; pid_namespaces(7), "The namespace init process"; bash(1),
"exec".
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyminidocker.errors import MiniDockerError
from pyminidocker.teach.faults import Fault, register, wait_for

if TYPE_CHECKING:
    from pyminidocker.client.container import Container
    from pyminidocker.teach.lesson import Lesson

OPEN, SUM = "open", "sum"
PATIENCE_S = 2  # Docker's is 10
KILLED = 128 + signal.SIGKILL

_TILL = """\
#!/bin/sh
# Count, and write down the sum when somebody asks to stop.
sum=0
trap 'echo "sum $sum"; exit 0' TERM
echo open
while true; do
    sum=$((sum + 1))
    sleep 0.1 &
    wait $!
done
"""
_ENTRY = """\
#!/bin/sh
# Lay out the money first.
echo "money laid out"
"$@"
"""
_IMAGE = f"FROM busybox\nCOPY --chmod=755 <<'SCRIPT' /till\n{_TILL}SCRIPT\n"
_COMMAND = 'CMD ["/till"]\n'
_DEAF = (
    f"{_IMAGE}COPY --chmod=755 <<'SCRIPT' /entry\n{_ENTRY}SCRIPT\n"
    f'ENTRYPOINT ["/entry"]\n{_COMMAND}'
)


@dataclass(frozen=True)
class Ending:
    """How a container took a wish to stop.

    Attributes:
        seconds: until it had ended.
        exit_code: its exit code.
        said: what it wrote, all in all.
    """

    seconds: float
    exit_code: int
    said: str

    @property
    def is_prompt(self) -> bool:
        """Whether it ended by itself, and not because patience was over."""
        return self.exit_code != KILLED


def end(box: Container) -> Ending:
    """Stop a running container and look at the clock.

    Raises:
        MiniDockerError: it does not run.
    """
    began = time.monotonic()
    box.stop(timeout_s=PATIENCE_S)
    return Ending(time.monotonic() - began, box.exit_code, str(box.logs()))


def close_till(lesson: Lesson, image: str) -> Ending:
    """Run a container of ``image``, wait until it is open, and stop it.

    Raises:
        MiniDockerError: no such image, or its program cannot be executed.
    """
    with lesson.engine.create(image) as box:
        box.start()
        wait_for(lambda: OPEN in box.logs().split() or box.status != "running")
        return end(box)


def _build(lesson: Lesson, target: str, text: str) -> None:
    lesson.engine.build(text=text, tag=target, progress="quiet")


def _loses(lesson: Lesson, target: str) -> bool:
    try:
        ending = close_till(lesson, target)
    except MiniDockerError:
        return True
    return not ending.is_prompt or SUM not in ending.said.split()


register(
    Fault(
        "deaf_entry",
        "Since its last update, a container of `{target}` takes all the time it is given to stop, "
        "and the sum of the day is missing from its log.",
        inject=lambda lesson, target: _build(lesson, target, _DEAF),
        repair=lambda lesson, target: _build(lesson, target, _IMAGE + _COMMAND),
        broken=_loses,
    )
)
