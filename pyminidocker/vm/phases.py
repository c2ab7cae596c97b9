"""How long each part of a boot took.

A machine is first its firmware's, then its kernel's, then init's, and at last a shell answers.  The
borders between them are lines on the serial console; a line is dated when it arrives.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Phase(NamedTuple):
    """A part of a boot.

    Attributes:
        name: ``hypervisor`` (qemu until the processor runs), ``firmware``, ``kernel``, ``init`` or
            ``shell``.
        seconds: how long it took.
    """

    name: str
    seconds: float


class Phases(tuple[Phase, ...]):
    """The parts of a boot in the order they happened."""

    __slots__ = ()

    @property
    def seconds(self) -> float:
        """From the start of qemu to the shell's first answer."""
        return sum(phase.seconds for phase in self)

    def __str__(self) -> str:
        return ", ".join(f"{name} {seconds * 1e3:.0f} ms" for name, seconds in self)


def phases_of(marks: Iterable[tuple[str, float]], began: float) -> Phases:
    """Turn the ends of phases into their lengths."""
    phases = []
    for name, end in marks:
        phases.append(Phase(name, end - began))
        began = end
    return Phases(phases)
