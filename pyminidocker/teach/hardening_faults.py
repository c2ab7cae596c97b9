"""A fault of hardening: a program gets fewer rights than it needs, and ends.

See: capabilities(7), CAP_SYS_CHROOT; chroot(2), EPERM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyminidocker.errors import MiniDockerError
from pyminidocker.teach import facts
from pyminidocker.teach.faults import Fault, register, wait_for

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

COMMAND = ["chroot", "/", "httpd", "-f", "-p", "80", "-h", "/etc"]
NEEDED = "CAP_SYS_CHROOT"
_TIGHT: dict[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
}


def answers(lesson: Lesson, target: str) -> bool:
    """Tell whether the program of ``target`` runs and serves its page."""
    if not facts.inspect(lesson, target)["State"]["Running"]:
        return False
    try:
        asked = lesson.engine.container(target).exec("wget -qO- http://127.0.0.1/hostname")
    except MiniDockerError:
        return False  # it has ended meanwhile
    return asked.exit_code == 0


def _tighten(lesson: Lesson, target: str) -> None:
    lesson.engine.run("busybox", COMMAND, name=target, detach=True, fresh=True, **_TIGHT)
    lesson.engine.container(target).wait(timeout_s=10)


def _loosen(lesson: Lesson, target: str) -> None:
    options = {**_TIGHT, "cap_add": ["SYS_CHROOT"]}
    lesson.engine.run("busybox", COMMAND, name=target, detach=True, fresh=True, **options)
    wait_for(lambda: answers(lesson, target))


register(
    Fault(
        "too_strict",
        "A colleague has read about least privilege and started `{target}` anew, with all of the "
        "options of the last column. It ended at once, and so it does whenever it is started.",
        inject=_tighten,
        repair=_loosen,
        broken=lambda lesson, target: not answers(lesson, target),
    )
)
