"""A fault of limits: a program that was given less memory than it needs to begin.

It is started, is killed by the kernel at once, and its restart policy tries again, until it gives
up.  Its log says nothing: nobody asks a program before it is killed.

See: kernel Documentation/admin-guide/cgroup-v2.rst, "memory.max"; docs.docker.com, "Runtime options
with Memory, CPUs, and GPUs".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyminidocker.errors import NotFound
from pyminidocker.teach.faults import Fault, register, wait_for
from pyminidocker.teach.limits_tape import Recorded
from pyminidocker.units import parse_size

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

NEEDS_MIB = 40
TIGHT = "24m"
OPEN = "open for business"
# Reads its catalogue into memory, says that it is open, and serves (which is sleep, here).
SHOP = (
    f"import time; catalogue = bytearray(b'x') * ({NEEDS_MIB} << 20); "
    f"print('{OPEN}', flush=True); time.sleep(1000)"
)


def _open_shop(lesson: Lesson, target: str, memory: str) -> Any:
    shop = lesson.limits().engine.create(
        "python", ["python3", "-c", SHOP], name=target, memory=memory, restart="on-failure:2"
    )
    return shop.start()


def _tighten(lesson: Lesson, target: str) -> None:
    shop = _open_shop(lesson, target, TIGHT)
    if not isinstance(shop, Recorded):  # until its policy has given up
        wait_for(lambda: lesson.engine.container(target).status == "exited", 20.0)


def _widen(lesson: Lesson, target: str) -> None:
    shop = lesson.limits().engine.container(target)
    shop.update(memory="96m", memory_swap="192m").start()


def _is_shut(lesson: Lesson, target: str) -> bool:
    try:
        shop = lesson.limits().engine.container(target)
        if isinstance(shop, Recorded):
            asked = shop.asked.get("memory", 0)
            size = parse_size(asked) if isinstance(asked, str) else int(asked)
            return size < (NEEDS_MIB + 4) << 20
        return not wait_for(lambda: OPEN in shop.logs().stdout and shop.status == "running", 3.0)
    except NotFound:
        return True


register(
    Fault(
        "too_tight",
        "`{target}` was given a smaller limit last night, to save money. This morning it is shut, "
        "and its log says nothing.",
        inject=_tighten,
        repair=_widen,
        broken=_is_shut,
    )
)
