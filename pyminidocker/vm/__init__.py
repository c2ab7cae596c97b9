"""Virtual machines, to compare containers with.

    vm = pyminidocker.vm.boot(memory="256m")
    print(vm.run("uname -r"))
    print(vm.phases)
    vm.stop()

A container is a process of this machine's kernel; here a whole second kernel boots, by qemu.
Nothing of it is part of pyminidocker: qemu and the guest's kernel come from this machine's packages
or from pip, and where they are missing a recording takes their place, and says so (``vm.kind``).
"""

from pyminidocker.vm.kinds import boot
from pyminidocker.vm.machine import VirtualMachine
from pyminidocker.vm.phases import Phase, Phases

__all__ = ["Phase", "Phases", "VirtualMachine", "boot"]
