"""Faults of networks: the engine breaks them and reads from the kernel whether they still are.

The target is the container that an unlucky person would complain about; for ``wrong_vni`` it is the
overlay network.  What concerns the whole lab host (masquerade, ip_forward, default_deny) takes the
container only for the symptom.

See: docs/decisions/0008.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyminidocker.teach.faults import Fault, register

if TYPE_CHECKING:
    from pyminidocker.teach.lesson import Lesson

_SYMPTOMS = {
    "masquerade": "`{target}` gets no answer from other hosts any more. Its neighbours on the same "
    "network answer.",
    "ip_forward": "`{target}` gets no answer from other hosts any more. Its neighbours on the same "
    "network answer.",
    "default_deny": "`{target}` gets no answer from other hosts any more. Its neighbours on the "
    "same network answer.",
    "default_route": "`{target}` reaches its neighbours, and nobody else.",
    "dns": "Programs in `{target}` say that they do not know the names of its neighbours.",
    "mtu": "`{target}` answers to a short ping; what it sends in long packets does not arrive.",
    "duplicate_address": "A neighbour of `{target}` is reached at times, and at times it is not.",
    "wrong_vni": "Containers of the network `{target}` do not reach those on the other host any "
    "more. On each host by itself all is well.",
}


def _register(name: str, symptom: str) -> None:
    def inject(lesson: Lesson, target: str) -> None:
        lesson.calls.fault_inject(name, target)

    def repair(lesson: Lesson, target: str) -> None:
        lesson.calls.fault_repair(name, target)

    def broken(lesson: Lesson, target: str) -> bool:
        return bool(lesson.calls.fault_look(name, target)["IsBroken"])

    register(Fault(name, symptom, inject, repair, broken))


for _name, _symptom in _SYMPTOMS.items():
    _register(_name, _symptom)

WHOLE_LAB = ("masquerade", "ip_forward", "default_deny")
