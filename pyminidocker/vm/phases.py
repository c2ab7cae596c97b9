"""How long each part of a boot took.

A machine is first its firmware's, then its kernel's, then init's, and at last a shell answers.  The
borders between them are lines that the firmware, the kernel and init print; a line is dated when it
arrives.
"""

from collections.abc import Iterable
from typing import NamedTuple

# What the borders look like.  SeaBIOS prints the last thing it does on its debugging port; the
# kernel's first message is its version; the other two lines are printed by our init.
FIRMWARE_FIRST = b"SeaBIOS"
FIRMWARE_LAST = b"Booting from "
KERNEL_FIRST = b"Linux version "
INIT_FIRST = b"minidocker: init"
INIT_LAST = b"minidocker: ready"


class Phase(NamedTuple):
    """A part of a boot.

    Attributes:
        name: ``hypervisor`` (qemu, until the guest's processor runs), ``firmware``, ``kernel``,
            ``init`` or ``shell``.
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
        return ", ".join(f"{phase.name} {phase.seconds * 1e3:.0f} ms" for phase in self)


def phases_between(began: float, ends: Iterable[tuple[str, float | None]]) -> Phases:
    """Turn the moments at which phases ended into their lengths.

    Args:
        began: the moment the first one began, in seconds.
        ends: (name, end) in order; a phase whose end nobody saw becomes part of the next one.
    """
    phases = []
    for name, end in ends:
        if end is not None:
            phases.append(Phase(name, end - began))
            began = end
    return Phases(phases)
