"""A fault of backups that are made of running programs: each file is from another moment.

The ledger writes every order down, and the number of orders into a second file.  Whoever copies
first the one and then the other, while it runs, has two files that contradict each other.

See: Docker's manual, "docker container commit" (--pause); SQLite's "How To Corrupt An SQLite
Database File", section "Backup or restore while a transaction is active".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyminidocker.errors import NotFound, Unavailable
from pyminidocker.teach.faults import Fault, register, wait_for

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

LEDGER, DATA = "ledger", "/data"
# As the notebook has it; a copy of it may be started again.
PROGRAM = (
    "cd /data; touch orders; i=$(wc -l <orders); while true; do i=$((i+1)); "
    "echo order $i >>orders; echo $i 1<>total; sleep 0.02; done"
)
_ORDERS_BETWEEN = 20


def orders_and_total(lesson: Lesson, volume: str) -> tuple[list[str], int]:
    """Return the orders that a copy of the ledger has, and the number it says it has.

    Raises:
        NotFound: there is no such volume, or no ledger in it.
    """
    lesson.calls.volume_inspect(volume)
    script = f"cat {DATA}/total {DATA}/orders"
    said = lesson.engine.run("busybox", ["sh", "-c", script], volumes=[f"{volume}:{DATA}"])
    first, *orders = said.stdout.splitlines() or [""]
    if said.exit_code or not first.isdigit():
        raise NotFound(
            f"volume {volume} has no orders and no total in it",
            hint="a backup of the volume `ledger` has both files",
        )
    return orders, int(first)


def _copy_one_by_one(lesson: Lesson, target: str) -> None:
    """Copy the total, and some orders later the orders."""
    ledger = lesson.engine.container(LEDGER)
    wait_for(lambda: ledger.exec(f"cat {DATA}/total").exit_code == 0)
    total = ledger.exec(f"cat {DATA}/total").stdout
    enough = int(total) + _ORDERS_BETWEEN
    if not wait_for(lambda: _written(lesson) >= enough, timeout_s=30):
        raise Unavailable(f"container {LEDGER} does not write orders")
    orders = ledger.exec(f"cat {DATA}/orders").stdout
    for name, text in (("total", total), ("orders", orders)):
        lesson.engine.run(
            "busybox",
            ["sh", "-c", f"cat >{DATA}/{name}"],
            stdin=text,
            volumes=[f"{target}:{DATA}"],
        )


def _written(lesson: Lesson) -> int:
    said = lesson.engine.container(LEDGER).exec(["sh", "-c", f"wc -l <{DATA}/orders"])
    return int(said.stdout or 0)


def _copy_at_once(lesson: Lesson, target: str) -> None:
    with lesson.calls.volume_export(LEDGER, pause=True) as archive:
        lesson.calls.volume_import(target, archive.chunks(), replace=True)


def contradicts(lesson: Lesson, volume: str) -> bool:
    """Tell whether a copy's two files are of different moments.

    A difference of one is as after a power cut between two writes; a program can cope with that.
    """
    orders, total = orders_and_total(lesson, volume)
    return abs(len(orders) - total) > 1


register(
    Fault(
        "torn_copy",
        "While the ledger was running, a script copied its files, one after the other, into the "
        "volume `{target}`. Today somebody needed the copy, and the bookkeeper sent it back.",
        inject=_copy_one_by_one,
        repair=_copy_at_once,
        broken=contradicts,
    )
)
