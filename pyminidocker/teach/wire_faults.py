"""A fault between hosts: a wire that carries shorter packets than the hosts believe.

Something half way (a tunnel, a VPN, an old switch) has a smaller MTU and does not say so.  What is
too long vanishes; what is short passes, so a ping says that all is well.

See: RFC 2923 section 2.1 ("black hole"); docs/decisions/0012.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyminidocker.teach.faults import Fault, register
from pyminidocker.teach.surroundings import lesson_wires, need_wires

if TYPE_CHECKING:
    from pyminidocker.client.wires import Wire
    from pyminidocker.teach.lesson import Lesson

NARROW_MTU = 1400


def _narrow(lesson: Lesson, target: str) -> None:
    del target
    for wire in need_wires(lesson):
        wire.change(mtu=NARROW_MTU)


def _widen(lesson: Lesson, target: str) -> None:
    del target
    for wire in lesson_wires(lesson):
        wire.change(mtu=_believed(lesson, wire))


def _is_narrow(lesson: Lesson, target: str) -> bool:
    del target
    return any(wire.settings["mtu"] < _believed(lesson, wire) for wire in lesson_wires(lesson))


def _believed(lesson: Lesson, wire: Wire) -> int:
    """Return the MTU that this host's interface has on the wire."""
    return next(int(plug["Mtu"]) for plug in lesson.calls.plug_list() if plug["Wire"] == wire.name)


register(
    Fault(
        "standstill",
        "`{target}` answers to a ping and sends short pages. A big download from it stands still.",
        inject=_narrow,
        repair=_widen,
        broken=_is_narrow,
    )
)
