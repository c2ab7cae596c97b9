"""The hypervisor: what it takes to have a virtual machine, step by step.

Seven steps, each of which says what it does (``describe``) and does it (``execute``).  What a
machine consists of is in our hands then: memory that we can read, registers that we set, and a
processor that runs until it needs something that is not there.  Then it is our turn: that is an
exit, and answering it is what a hypervisor does all day.

See: Linux Documentation/virt/kvm/api.rst; Intel SDM volume 3, "Introduction to Virtual Machine
Extensions".
"""

from __future__ import annotations

import abc
import ctypes
import mmap
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyminidocker.errors import NotImplementedHere, PermissionDenied, Unavailable
from pyminidocker.vm.tiny import exits, kvm
from pyminidocker.vm.tiny.exits import ENDS, Exit
from pyminidocker.vm.tiny.program import LOAD_AT, Program
from pyminidocker.vm.tiny.watch import time_limit

if TYPE_CHECKING:
    from pyminidocker.vm.tiny.guest import TinyMachine


class Step(abc.ABC):
    """One thing that the hypervisor does."""

    @abc.abstractmethod
    def describe(self) -> str:
        """Return it as one line: the call, and what comes of it."""

    def execute(self, guest: TinyMachine) -> None:
        """Do it, and note how long it took.

        Raises:
            MiniDockerError: it is not possible here; says why.
        """
        began = time.perf_counter()
        self._do(guest)
        guest.done.append((self, time.perf_counter() - began))

    @abc.abstractmethod
    def _do(self, guest: TinyMachine) -> None: ...


@dataclass(frozen=True)
class OpenKvm(Step):
    """Ask for the part of the kernel that can switch the processor into guest mode."""

    def describe(self) -> str:  # noqa: D102
        return f'open("{kvm.DEVICE}"): the kernel\'s hypervisor'

    def _do(self, guest: TinyMachine) -> None:
        try:
            guest.kvm_fd = os.open(kvm.DEVICE, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Unavailable(f"{kvm.DEVICE} does not exist", hint=_WHY_ABSENT) from None
        except OSError as error:
            raise PermissionDenied(
                f"{kvm.DEVICE}: {error.strerror}", hint="join its group (usually kvm), or be root"
            ) from None
        version = kvm.ask(guest.kvm_fd, kvm.KVM_GET_API_VERSION)
        if version != kvm.API_VERSION:
            raise NotImplementedHere(f"KVM speaks version {version}, not {kvm.API_VERSION}")


_WHY_ABSENT = (
    "the processor's virtualisation may be off in its firmware, the module kvm not loaded, or this "
    "machine is itself virtual and may not have guests"
)


@dataclass(frozen=True)
class CreateVm(Step):
    """A machine without memory, without processor, without anything."""

    def describe(self) -> str:  # noqa: D102
        return "ioctl(kvm, KVM_CREATE_VM): a machine with nothing in it"

    def _do(self, guest: TinyMachine) -> None:
        guest.vm_fd = kvm.ask(guest.kvm_fd, kvm.KVM_CREATE_VM)


@dataclass(frozen=True)
class TakeMemory(Step):
    """Take memory as any program does.  The kernel promises it; a page comes when it is touched."""

    size: int

    def describe(self) -> str:  # noqa: D102
        return f"mmap({self.size >> 10} KiB): memory of this process"

    def _do(self, guest: TinyMachine) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        guest.memory = mmap.mmap(-1, self.size, flags=flags)


@dataclass(frozen=True)
class GiveMemory(Step):
    """Make that memory the guest's, from its address 0 on."""

    def describe(self) -> str:  # noqa: D102
        return "ioctl(vm, KVM_SET_USER_MEMORY_REGION): the guest's memory, from address 0"

    def _do(self, guest: TinyMachine) -> None:
        size, ours = len(guest.memory), kvm.address_of(guest.memory)
        region = kvm.MemoryRegion(slot=0, guest_address=0, size=size, our_address=ours)
        kvm.fill(guest.vm_fd, kvm.KVM_SET_USER_MEMORY_REGION, region)


@dataclass(frozen=True)
class LoadProgram(Step):
    """Be the firmware: put a program where the processor will begin."""

    program: Program

    def describe(self) -> str:  # noqa: D102
        return f"memory[{LOAD_AT:#x}:] = {len(self.program.code)} bytes that {self.program.about}"

    def _do(self, guest: TinyMachine) -> None:
        code = self.program.code
        guest.memory[LOAD_AT : LOAD_AT + len(code)] = code


@dataclass(frozen=True)
class CreateProcessor(Step):
    """A virtual processor: for this kernel a thing to schedule, like a thread."""

    def describe(self) -> str:  # noqa: D102
        return "ioctl(vm, KVM_CREATE_VCPU), mmap(vcpu): a processor, and a page to talk about it"

    def _do(self, guest: TinyMachine) -> None:
        guest.vcpu_fd = kvm.ask(guest.vm_fd, kvm.KVM_CREATE_VCPU, 0)
        size = kvm.ask(guest.kvm_fd, kvm.KVM_GET_VCPU_MMAP_SIZE)
        guest.page = mmap.mmap(guest.vcpu_fd, size)
        guest.run = kvm.Run.from_buffer(guest.page)


@dataclass(frozen=True)
class SetRegisters(Step):
    """Let the processor begin at the program, with addresses counted from 0."""

    def describe(self) -> str:  # noqa: D102
        return f"ioctl(vcpu, KVM_SET_SREGS and KVM_SET_REGS): begin at {LOAD_AT:#x}"

    def _do(self, guest: TinyMachine) -> None:
        special = kvm.SpecialRegisters()
        kvm.fill(guest.vcpu_fd, kvm.KVM_GET_SREGS, special)
        special.cs.base = special.cs.selector = 0
        kvm.fill(guest.vcpu_fd, kvm.KVM_SET_SREGS, special)
        # Bit 1 of the flags is always set.  The stack grows down from the program.
        registers = kvm.Registers(rip=LOAD_AT, rsp=LOAD_AT, rflags=2)
        kvm.fill(guest.vcpu_fd, kvm.KVM_SET_REGS, registers)


@dataclass(frozen=True)
class RunGuest(Step):
    """Let the guest run; whenever it comes back, do what it needs; until it ends."""

    seconds: float

    def describe(self) -> str:  # noqa: D102
        return "ioctl(vcpu, KVM_RUN), again and again: run the guest, answer its exits"

    def _do(self, guest: TinyMachine) -> None:
        with time_limit(self.seconds, lambda: setattr(guest.run, "immediate_exit", 1)):
            while not guest.ended:
                began = time.perf_counter()
                try:
                    kvm.ask(guest.vcpu_fd, kvm.KVM_RUN)
                    why = _read_exit(guest.run, guest.page)
                except InterruptedError:
                    if not guest.run.immediate_exit:
                        continue  # some other signal: the guest goes on
                    why = Exit(exits.TIME)
                why = why._replace(seconds=time.perf_counter() - began)
                guest.exits.append(why)
                guest.ended = why.reason in ENDS
                _answer(guest.run, guest.page, guest.device(why))


def _read_exit(run: kvm.Run, page: mmap.mmap) -> Exit:
    """Read from the shared page why the guest's processor stopped."""
    reason, io, mmio = run.exit_reason, run.why.io, run.why.mmio
    if reason == kvm.KVM_EXIT_IO:
        if io.direction != kvm.KVM_EXIT_IO_OUT:
            return Exit(exits.IN, io.port)
        data = page[io.data_offset : io.data_offset + io.size]
        return Exit(exits.OUT, io.port, int.from_bytes(data, "little"))
    if reason == kvm.KVM_EXIT_MMIO:
        if not mmio.is_write:
            return Exit(exits.READ, mmio.address)
        return Exit(exits.WRITE, mmio.address, mmio.data[0])
    if reason == kvm.KVM_EXIT_HLT:
        return Exit(exits.HALT)
    if reason == kvm.KVM_EXIT_SHUTDOWN:
        return Exit(exits.SHUTDOWN)
    if reason == kvm.KVM_EXIT_INTERNAL_ERROR:
        return Exit(exits.ERROR, detail=f"KVM cannot carry this out ({run.why.suberror})")
    if reason == kvm.KVM_EXIT_FAIL_ENTRY:
        return Exit(exits.ERROR, detail=f"the processor refuses ({run.why.hardware_reason:#x})")
    return Exit(exits.ERROR, detail=f"exit reason {reason} of KVM, which is not handled here")


def _answer(run: kvm.Run, page: mmap.mmap, value: int | None) -> None:
    """Put a byte that the guest wants where KVM fetches it at the next KVM_RUN."""
    io, mmio = run.why.io, run.why.mmio
    byte = (value or 0) & 0xFF
    if run.exit_reason == kvm.KVM_EXIT_IO and io.direction != kvm.KVM_EXIT_IO_OUT:
        page[io.data_offset : io.data_offset + io.size] = byte.to_bytes(io.size, "little")
    elif run.exit_reason == kvm.KVM_EXIT_MMIO and not mmio.is_write:
        ctypes.memset(ctypes.addressof(mmio.data), 0, ctypes.sizeof(mmio.data))
        mmio.data[0] = byte


def plan(program: Program, memory_bytes: int, seconds: float) -> tuple[Step, ...]:
    """Return the steps from nothing to a guest that has run."""
    return (
        OpenKvm(),
        CreateVm(),
        TakeMemory(memory_bytes),
        GiveMemory(),
        LoadProgram(program),
        CreateProcessor(),
        SetRegisters(),
        RunGuest(seconds),
    )
