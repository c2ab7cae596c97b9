"""A virtual machine, as an object to hold in a notebook."""

from abc import ABC, abstractmethod
from typing import Self

from pyminidocker.client.results import RunResult
from pyminidocker.units import binary_size
from pyminidocker.vm.phases import Phases


class VirtualMachine(ABC):
    """A running virtual machine; a context manager that stops it.

    Attributes:
        kind: ``kvm`` (the processor's own virtualisation), ``tcg`` (qemu translates every
            instruction) or ``recording`` (nothing runs).
        why: one sentence about why it is of this kind.
        kernel: the guest kernel's release as ``uname -r`` prints it.
        kernel_origin: where that kernel comes from.
        hypervisor: qemu's name and version.
        phases: the boot's parts with their seconds.
        memory_bytes: how much memory the guest was given.
        cpus: how many processors it was given.
        pid: qemu's process; 0 for a recording and for a machine that was stopped.
    """

    kind: str
    why: str
    kernel: str
    kernel_origin: str
    hypervisor: str
    phases: Phases
    memory_bytes: int
    cpus: int
    pid: int

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        size = binary_size(self.memory_bytes)
        return f"<VirtualMachine {self.kind}: {self.kernel}, {self.cpus} cpu, {size}>"

    @property
    @abstractmethod
    def pss_bytes(self) -> int:
        """What this machine costs the host now: qemu's proportional set size.

        Pages that several processes share are counted in parts, so that sums over machines are
        right.  See: proc_pid_smaps(5).
        """

    @property
    @abstractmethod
    def console(self) -> str:
        """What the guest has printed on its first serial line: the kernel's messages."""

    @abstractmethod
    def run(self, command: str, timeout: float = 60.0) -> RunResult:
        """Run a shell command in the guest and wait for its end.

        Args:
            command: a script for the guest's ``sh``.
            timeout: seconds, after which the guest kills it (exit code 137).

        Returns:
            Its output, as ``container.exec`` returns it.

        Raises:
            Unavailable: the machine is stopped, paused or does not answer.
        """

    @abstractmethod
    def pause(self) -> None:
        """Stop the guest's processors; its memory stays.

        Raises:
            Unavailable: the machine is stopped.
        """

    @abstractmethod
    def resume(self) -> None:
        """Let a paused guest go on.

        Raises:
            Unavailable: the machine is stopped.
        """

    @property
    @abstractmethod
    def paused(self) -> bool:
        """Whether the guest's processors are stopped."""

    @abstractmethod
    def save(self, path: str) -> int:
        """Write the guest's whole state (memory, processors, devices) to a new file.

        The machine is in the same state afterwards as before: running, or paused.

        Returns:
            The file's size in bytes.

        Raises:
            Unavailable: the machine is stopped.
            Conflict: there is such a file already.
        """

    @abstractmethod
    def restore(self, path: str) -> float:
        """Become the machine that was saved; what this one was doing is gone.  It runs.

        Returns:
            Seconds until the restored machine was running.

        Raises:
            NotFound: no such file.
            InvalidArgument: it holds no machine, or one that is built differently.
        """

    @abstractmethod
    def stop(self) -> None:
        """End the machine at once, as pulling the plug does; nothing the second time."""
