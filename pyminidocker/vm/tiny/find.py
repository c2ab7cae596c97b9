"""Does KVM run guests here?  Found out by running one."""

from typing import NamedTuple

from pyminidocker.errors import MiniDockerError
from pyminidocker.kernel.libc import MACHINE
from pyminidocker.vm.tiny import exits, kvm, steps
from pyminidocker.vm.tiny.program import Instruction, Program

_SECONDS = 1.0
_HALT = Program("halt", "halts", (Instruction(b"\xf4", "hlt"),))


class Kvm(NamedTuple):
    """Whether KVM runs our guests.

    Attributes:
        works: a guest ran.
        why: what was tried, and what came of it.
        remedy: what may help; "" when it works.
    """

    works: bool
    why: str
    remedy: str = ""


def find_kvm() -> Kvm:
    """Try to run a guest of one instruction by KVM."""
    from pyminidocker.vm.tiny.guest import TinyMachine

    if MACHINE != "x86_64":
        return Kvm(False, f"the tiny guests are x86_64 programs; this is {MACHINE}")
    plan = steps.plan(_HALT, 0x2000, _SECONDS)
    with TinyMachine(_HALT, "kvm", "", plan, lambda _: None) as guest:
        try:
            guest.boot()
        except MiniDockerError as error:
            return Kvm(False, error.message, error.hint)
        except OSError as error:
            said = f"{kvm.DEVICE} is there, and refuses to run a guest: {error.strerror}"
            return Kvm(False, said, "another hypervisor may hold the processor")
        end = guest.exits[-1]
    if end.reason != exits.HALT:
        return Kvm(False, f"{kvm.DEVICE} is there, and a guest of one instruction ends by: {end}")
    return Kvm(True, f"{kvm.DEVICE} ran a guest of one instruction")
