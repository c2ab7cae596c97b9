"""A hypervisor to read, in about 150 lines: a virtual machine without an operating system.

guest = tiny.machine(tiny.say("hello"))
for step in guest.plan:
    print(step.describe())
    step.execute(guest)
print(guest.console, guest.exits)

``steps`` is the hypervisor: what it asks of the kernel, call by call.  ``programs`` are guests of a
few bytes.  Where /dev/kvm is missing, ``emulator`` carries out the guest's instructions one by one,
as qemu does without KVM, and ``guest.kind`` says so; ``recorded()`` has what KVM took elsewhere.

See: Linux Documentation/virt/kvm/api.rst.
"""

from pyminidocker.vm.tiny.exits import Exit
from pyminidocker.vm.tiny.find import Kvm, find_kvm
from pyminidocker.vm.tiny.guest import TinyMachine, machine
from pyminidocker.vm.tiny.process import in_a_process
from pyminidocker.vm.tiny.program import Program
from pyminidocker.vm.tiny.programs import count, crash, echo, paint, say, spin, touch
from pyminidocker.vm.tiny.recording import Recorded, recorded

__all__ = [
    "Exit",
    "Kvm",
    "Program",
    "Recorded",
    "TinyMachine",
    "count",
    "crash",
    "echo",
    "find_kvm",
    "in_a_process",
    "machine",
    "paint",
    "recorded",
    "say",
    "spin",
    "touch",
]
