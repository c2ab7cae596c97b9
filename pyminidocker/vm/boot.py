"""Boot a virtual machine in the best way this host allows."""

from pyminidocker.errors import NotImplementedHere
from pyminidocker.vm.machine import VirtualMachine


def boot(memory: str = "256m", cpus: int = 1, kind: str = "auto") -> VirtualMachine:
    """Boot a Linux guest and wait until its shell answers.

    Args:
        memory: how much the guest gets, e.g. ``"256m"``.
        cpus: how many processors.
        kind: ``kvm``, ``tcg``, ``recording``, or ``auto``: the first of them that works here.

    Returns:
        The machine; ``kind`` says what it is.  With ``auto`` there always is one: where nothing can
        boot, it is a recording.

    Raises:
        NotImplementedHere: the kind that was asked for does not work here; says why.
        InvalidArgument: memory or cpus make no sense.
        Unavailable: the guest did not answer in time.
    """
    raise NotImplementedHere("virtual machines are being built")
