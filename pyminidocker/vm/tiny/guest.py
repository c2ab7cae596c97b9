"""A tiny virtual machine, as an object to hold in a notebook."""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import Self

from pyminidocker.errors import InvalidArgument, NotImplementedHere
from pyminidocker.kernel.libc import MACHINE, last_error, libc
from pyminidocker.vm.tiny import emulated, kvm, steps
from pyminidocker.vm.tiny.emulator import Processor
from pyminidocker.vm.tiny.exits import REASONS, Device, Devices, Exit
from pyminidocker.vm.tiny.find import find_kvm
from pyminidocker.vm.tiny.program import Program

KVM, EMULATED, AUTO = "kvm", "emulated", "auto"
MEMORY_BYTES = 0xA0000  # the 640 KiB of a PC, above which come its screen and its firmware
SECONDS = 2.0
_PAGE = mmap.PAGESIZE


class TinyMachine:
    """A virtual machine without an operating system; a context manager that ends it.

    Attributes:
        kind: ``kvm`` (the processor runs the guest) or ``emulated`` (Python does).
        why: one sentence about why it is this kind.
        program: the guest.
        plan: the steps, to be executed one after the other.
        done: the steps so far, each with its seconds.
        exits: why the guest came back, each with its seconds.
        ended: the guest will not run any more.
        device: what answers its exits.
        memory: the guest's memory, which is ours as well.
    """

    kvm_fd = vm_fd = vcpu_fd = -1
    memory: mmap.mmap
    page: mmap.mmap
    run: kvm.Run
    processor: Processor

    def __init__(
        self, program: Program, kind: str, why: str, plan: tuple[steps.Step, ...], device: Device
    ) -> None:
        self.program = program
        self.kind = kind
        self.why = why
        self.plan = plan
        self.device = device
        self.done: list[tuple[steps.Step, float]] = []
        self.exits: list[Exit] = []
        self.ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def boot(self) -> Self:
        """Execute the steps that are left.

        Raises:
            MiniDockerError: one is not possible here; says why.
        """
        for step in self.plan[len(self.done) :]:
            step.execute(self)
        return self

    @property
    def console(self) -> str:
        """What the guest has printed through its serial port."""
        return self.device.console if isinstance(self.device, Devices) else ""

    @property
    def screen(self) -> str:
        """What the guest has written to its screen."""
        return self.device.screen if isinstance(self.device, Devices) else ""

    @property
    def at(self) -> int:
        """Where the guest's processor is: the address of its next instruction."""
        if "processor" in self.__dict__:
            return self.processor.ip
        registers = kvm.Registers()
        kvm.fill(self.vcpu_fd, kvm.KVM_GET_REGS, registers)
        return registers.rip

    @property
    def seconds(self) -> float:
        """How long all steps so far took."""
        return sum(seconds for _, seconds in self.done)

    @property
    def pages(self) -> tuple[int, int]:
        """How many pages of memory the guest was given, and how many of them there really are.

        See: mincore(2).
        """
        count = len(self.memory) // _PAGE
        present = (ctypes.c_ubyte * count)()
        address = ctypes.c_void_p(kvm.address_of(self.memory))
        if libc.mincore(address, ctypes.c_size_t(len(self.memory)), present):
            raise last_error("mincore")
        return count, sum(one & 1 for one in present)

    def timings(self) -> str:
        """Return the steps so far with their times, one a line."""
        lines = [f"{seconds * 1e6:>9.0f} µs  {step.describe()}" for step, seconds in self.done]
        return "\n".join([*lines, f"{self.seconds * 1e6:>9.0f} µs  altogether"])

    def summary(self) -> str:
        """Return how often the guest came back, and why."""
        reasons = [one.reason for one in self.exits]
        each = [
            f"{reasons.count(reason):>4} × {reason}: {REASONS[reason]}"
            for reason in dict.fromkeys(reasons)
        ]
        return "\n".join(each) or "the guest has not run yet"

    def close(self) -> None:
        """End the machine; does nothing the second time."""
        self.ended = True
        for name in ("vcpu_fd", "vm_fd", "kvm_fd"):
            fd = getattr(self, name)
            if fd >= 0:
                setattr(self, name, -1)
                os.close(fd)
        self.__dict__.pop("run", None)  # it lies in the page
        self.__dict__.pop("processor", None)
        for name in ("page", "memory"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    def __repr__(self) -> str:
        state = "ended" if self.ended else f"{len(self.done)} of {len(self.plan)} steps done"
        return f"<tiny machine ({self.kind}): {self.program.name}, {state}>"


def machine(
    program: Program,
    *,
    kind: str = AUTO,
    device: Device | None = None,
    keys: str = "",
    memory_bytes: int = MEMORY_BYTES,
    seconds: float = SECONDS,
) -> TinyMachine:
    """Plan a virtual machine; nothing is done yet.

    Args:
        program: the guest.
        kind: ``kvm``, ``emulated``, or ``auto``: KVM where it works.
        device: what answers the guest's exits; a serial port, a keyboard and a screen by default.
        keys: what that keyboard says.
        memory_bytes: how much memory the guest gets, bytes; whole pages.
        seconds: how long the guest may run.

    Returns:
        The machine; ``boot()`` or the steps of ``plan`` bring it to life.

    Raises:
        InvalidArgument: no such kind, or such a size.
        NotImplementedHere: KVM was asked for and does not run such guests here; says why.
    """
    if kind not in (KVM, EMULATED, AUTO):
        raise InvalidArgument(f"no such kind: {kind!r}", hint=f"{KVM}, {EMULATED} or {AUTO}")
    if not _PAGE * 2 <= memory_bytes <= MEMORY_BYTES or memory_bytes % _PAGE:
        raise InvalidArgument(
            f"memory_bytes is {memory_bytes}",
            hint=f"whole pages of {_PAGE} bytes, {_PAGE * 2} to {MEMORY_BYTES}",
        )
    why = "it was asked for"
    if kind == KVM and MACHINE != "x86_64":
        raise NotImplementedHere(f"the tiny guests are x86_64 programs; this is {MACHINE}")
    if kind == AUTO:
        found = find_kvm()
        kind, why = (KVM if found.works else EMULATED), found.why
    plan = (steps if kind == KVM else emulated).plan(program, memory_bytes, seconds)
    return TinyMachine(program, kind, why, plan, Devices(keys) if device is None else device)
