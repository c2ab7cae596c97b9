"""A fault of guests: one byte of a program is another, and it does not end any more.

The byte is the distance of a jump.  Instead of out of the loop it leads to itself, and the guest
goes in a circle, which from outside looks like work.

See: Intel SDM volume 2, "Jcc"; ``vm/tiny/programs.py``, ``say``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyminidocker.teach.faults import Fault, register
from pyminidocker.vm import tiny

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

WORD = "hello"
FOLDER = "guests"
SECONDS = 0.2  # it needs a thousandth of that
_AT = 10  # the operand of "jz end"
_TO_ITSELF = 0xFE  # two back: the jump's own length


def file_of(lesson: Lesson, target: str) -> Path:
    """Return the file that holds the guest's program."""
    return lesson.folder(FOLDER, fresh=False) / target


def try_out(path: Path) -> tuple[str, str]:
    """Run a program for a short while; return what it printed, and why it ended."""
    program = tiny.Program.from_bytes(path.read_bytes())
    with tiny.machine(program, kind="emulated", seconds=SECONDS) as guest:
        guest.boot()
        return guest.console, guest.exits[-1].reason


def _write(lesson: Lesson, target: str, *, broken: bool) -> None:
    code = bytearray(tiny.say(WORD).code)
    if broken:
        code[_AT] = _TO_ITSELF
    file_of(lesson, target).write_bytes(code)


def _is_broken(lesson: Lesson, target: str) -> bool:
    path = file_of(lesson, target)
    return not path.exists() or try_out(path) != (WORD, "halt")


register(
    Fault(
        "endless_guest",
        "Somebody improved the program `{target}` and says that it still prints its word. That is "
        "true. But since then its machine never ends by itself.",
        inject=lambda lesson, target: _write(lesson, target, broken=True),
        repair=lambda lesson, target: _write(lesson, target, broken=False),
        broken=_is_broken,
    )
)
