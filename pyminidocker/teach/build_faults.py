"""A fault of images that stand on others: what a base says, everything built on it says, too.

ENTRYPOINT is inherited.  When a base image gets one, the CMD of every image above becomes its
arguments with the next build, and nobody has changed a line there.

See: OCI image-spec config.md, "Entrypoint" and "Cmd"; Dockerfile reference, "Understand how CMD and
ENTRYPOINT interact".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyminidocker.errors import MiniDockerError
from pyminidocker.teach.faults import Fault, register

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

MENU = "soup, bread, pie"
BASE = "base"
BASE_STEPS = f'FROM busybox\nRUN echo "{MENU}" > /menu.txt\n'
SHOP_STEPS = f'FROM {BASE}\nCMD ["cat", "/menu.txt"]\n'
_HELPFUL = 'ENTRYPOINT ["echo"]\n'


def _build(lesson: Lesson, tag: str, steps: str) -> None:
    lesson.engine.build(text=steps, tag=tag, progress="quiet")


def _inherit(lesson: Lesson, target: str) -> None:
    _build(lesson, BASE, BASE_STEPS + _HELPFUL)
    _build(lesson, target, SHOP_STEPS)


def _restore(lesson: Lesson, target: str) -> None:
    _build(lesson, BASE, BASE_STEPS)
    _build(lesson, target, SHOP_STEPS)


def _does_not_show_the_menu(lesson: Lesson, target: str) -> bool:
    try:
        return lesson.engine.run(target).stdout.strip() != MENU
    except MiniDockerError:
        return True


register(
    Fault(
        "inherited",
        f"Somebody improved the image `{BASE}`, and `{{target}}`, which stands on it, was built "
        "again. Nobody touched its Dockerfile. It does not show the menu any more.",
        inject=_inherit,
        repair=_restore,
        broken=_does_not_show_the_menu,
    )
)
