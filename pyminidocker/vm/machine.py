"""A virtual machine, as an object to hold in a notebook."""

from typing import NamedTuple, Self

from pyminidocker.errors import NotImplementedHere
from pyminidocker.vm.phases import Phases


class VmRunResult(NamedTuple):
    """What a command in the guest printed (stdout and stderr together) and how it ended.

    Attributes:
        output: text.
        exit_code: 0 to 255.
    """

    output: str
    exit_code: int

    def __str__(self) -> str:
        return self.output


class VirtualMachine:
    """A running virtual machine; a context manager that stops it.

    Attributes:
        kind: ``kvm`` (the processor's own virtualisation), ``tcg`` (qemu translates every
            instruction) or ``recording`` (nothing runs: see ``why``).
        why: one sentence about why it is this kind.
        kernel: the guest kernel's release as ``uname -r`` prints it.
        phases: the boot's parts with their seconds.
        memory_bytes: how much memory the guest believes to have.
        cpus: how many processors it has.
        pid: qemu's process, 0 for a recording.
    """

    kind: str
    why: str
    kernel: str
    phases: Phases
    memory_bytes: int
    cpus: int
    pid: int

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pss_bytes(self) -> int:
        """What this machine costs the host now: qemu's proportional set size."""
        raise NotImplementedHere("virtual machines are being built")

    @property
    def console(self) -> str:
        """What the guest has printed on its serial console so far, boot messages included."""
        raise NotImplementedHere("virtual machines are being built")

    def run(self, command: str, timeout: float = 60.0) -> VmRunResult:
        """Run a shell command in the guest and wait for its end.

        Args:
            command: a line for the guest's ``sh -c``.
            timeout: seconds.

        Raises:
            Unavailable: the machine is stopped, paused or does not answer in time.
        """
        raise NotImplementedHere("virtual machines are being built")

    def pause(self) -> None:
        """Stop the guest's processors; its memory stays."""
        raise NotImplementedHere("virtual machines are being built")

    def resume(self) -> None:
        """Let a paused guest go on."""
        raise NotImplementedHere("virtual machines are being built")

    def save(self, path: str) -> int:
        """Write the guest's whole state (memory, processors, devices) to a file.

        The machine goes on afterwards.

        Returns:
            The file's size in bytes.
        """
        raise NotImplementedHere("virtual machines are being built")

    def restore(self, path: str) -> None:
        """Become the machine that was saved: this one's state is thrown away."""
        raise NotImplementedHere("virtual machines are being built")

    def stop(self) -> None:
        """End the machine at once; does nothing the second time."""
        raise NotImplementedHere("virtual machines are being built")
