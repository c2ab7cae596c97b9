"""What KVM is asked and what it answers: request numbers and structures of <linux/kvm.h>.

KVM is a device file.  An ioctl on /dev/kvm makes a virtual machine, which is a file descriptor; an
ioctl on that makes a virtual processor, another one.  Everything else is filling in structures.

See: Linux Documentation/virt/kvm/api.rst, sections 4.1 to 4.13 and 5; ioctl(2).
"""

import ctypes
import fcntl
import mmap

DEVICE = "/dev/kvm"
API_VERSION = 12  # since Linux 2.6.22, and for ever: api.rst 4.1

_TYPE = 0xAE  # KVMIO
_WRITE, _READ = 1, 2
_REGISTERS = "rax rbx rcx rdx rsi rdi rsp rbp r8 r9 r10 r11 r12 r13 r14 r15 rip rflags"


class MemoryRegion(ctypes.Structure):
    """struct kvm_userspace_memory_region: memory of ours that the guest takes for its own."""

    slot: int
    flags: int
    guest_address: int
    size: int
    our_address: int
    _fields_ = [
        ("slot", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("guest_address", ctypes.c_uint64),
        ("size", ctypes.c_uint64),
        ("our_address", ctypes.c_uint64),
    ]


class Registers(ctypes.Structure):
    """struct kvm_regs of x86: what a program computes with, and where it is."""

    rsi: int
    rsp: int
    rip: int
    rflags: int
    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in "rax rbx rcx rdx rsi rdi rsp rbp r8 r9 r10 r11 r12 r13 r14 r15 rip "
        "rflags".split()
    )


class Segment(ctypes.Structure):
    """struct kvm_segment of x86: in real mode, an address is counted from its ``base``."""

    base: int
    selector: int
    _fields_ = [
        ("base", ctypes.c_uint64),
        ("limit", ctypes.c_uint32),
        ("selector", ctypes.c_uint16),
        ("attributes", ctypes.c_uint8 * 10),
    ]


class SpecialRegisters(ctypes.Structure):
    """struct kvm_sregs of x86: what an operating system sets up.  We change one segment only."""

    cs: Segment
    _fields_ = [
        *((name, Segment) for name in "cs ds es fs gs ss tr ldt".split()),
        ("tables_and_control", ctypes.c_uint8 * 120),
    ]


class _InputOutput(ctypes.Structure):
    """A byte for a port, or wanted from one."""

    _fields_ = [
        ("direction", ctypes.c_uint8),
        ("size", ctypes.c_uint8),
        ("port", ctypes.c_uint16),
        ("count", ctypes.c_uint32),
        ("data_offset", ctypes.c_uint64),
    ]


class _MemoryMapped(ctypes.Structure):
    """An access to an address where the guest has no memory."""

    _fields_ = [
        ("address", ctypes.c_uint64),
        ("data", ctypes.c_uint8 * 8),
        ("length", ctypes.c_uint32),
        ("is_write", ctypes.c_uint8),
    ]


class _Why(ctypes.Union):
    _fields_ = [
        ("io", _InputOutput),
        ("mmio", _MemoryMapped),
        ("hardware_reason", ctypes.c_uint64),
        ("suberror", ctypes.c_uint32),
        ("padding", ctypes.c_uint8 * 256),
    ]


class Run(ctypes.Structure):
    """struct kvm_run: the page that KVM and we share, and where it leaves word why it came back."""

    immediate_exit: int
    exit_reason: int
    why: _Why
    _fields_ = [
        ("request_interrupt_window", ctypes.c_uint8),
        ("immediate_exit", ctypes.c_uint8),
        ("padding", ctypes.c_uint8 * 6),
        ("exit_reason", ctypes.c_uint32),
        ("ready_for_interrupt_injection", ctypes.c_uint8),
        ("if_flag", ctypes.c_uint8),
        ("flags", ctypes.c_uint16),
        ("cr8", ctypes.c_uint64),
        ("apic_base", ctypes.c_uint64),
        ("why", _Why),
    ]


def _request(number: int, structure: type[ctypes.Structure] | None = None, way: int = 0) -> int:
    """Return an ioctl's request number, as the macros of <asm/ioctl.h> compute it."""
    size = ctypes.sizeof(structure) if structure else 0
    return way << 30 | size << 16 | _TYPE << 8 | number


KVM_GET_API_VERSION = _request(0x00)
KVM_CREATE_VM = _request(0x01)
KVM_GET_VCPU_MMAP_SIZE = _request(0x04)
KVM_CREATE_VCPU = _request(0x41)
KVM_SET_USER_MEMORY_REGION = _request(0x46, MemoryRegion, _WRITE)
KVM_RUN = _request(0x80)
KVM_GET_REGS = _request(0x81, Registers, _READ)
KVM_SET_REGS = _request(0x82, Registers, _WRITE)
KVM_GET_SREGS = _request(0x83, SpecialRegisters, _READ)
KVM_SET_SREGS = _request(0x84, SpecialRegisters, _WRITE)

KVM_EXIT_IO = 2
KVM_EXIT_HLT = 5
KVM_EXIT_MMIO = 6
KVM_EXIT_SHUTDOWN = 8
KVM_EXIT_FAIL_ENTRY = 9
KVM_EXIT_INTR = 10
KVM_EXIT_INTERNAL_ERROR = 17
KVM_EXIT_IO_OUT = 1


def ask(fd: int, request: int, argument: int = 0) -> int:
    """Make a request that takes a number.

    Raises:
        OSError: the kernel refused, or a signal arrived (``KVM_RUN``).
    """
    return fcntl.ioctl(fd, request, argument)


def fill(fd: int, request: int, structure: ctypes.Structure) -> None:
    """Make a request that takes a structure, or fills one.

    Raises:
        OSError: the kernel refused.
    """
    fcntl.ioctl(fd, request, structure)


def address_of(memory: mmap.mmap) -> int:
    """Return where ``memory`` is in our address space."""
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
