"""Boot a virtual machine in the best way this host allows."""

import json
import os
from pathlib import Path

from pyminidocker import paths
from pyminidocker.errors import (
    InvalidArgument,
    MiniDockerError,
    NotFound,
    NotImplementedHere,
    Unavailable,
)
from pyminidocker.units import binary_size, parse_size
from pyminidocker.vm.booted import KERNEL_ARGUMENTS, BootedMachine
from pyminidocker.vm.guest import build_initramfs
from pyminidocker.vm.kernel_image import KernelImage, find_kernel
from pyminidocker.vm.machine import VirtualMachine
from pyminidocker.vm.qemu import MachineSpec, find_qemu
from pyminidocker.vm.recording import RecordedMachine

KINDS = ("auto", "kvm", "tcg", "recording")
_DEVICE = "/dev/kvm"
_LEAST_BYTES = 96 << 20
# The processor's own virtualisation boots in well under a second, or (as with KVM inside other
# virtual machines) not at all.
_KVM_KERNEL_S, _TCG_KERNEL_S = 4.0, 60.0
_BOOT_S = 120.0


def boot(memory: str = "256m", cpus: int = 1, kind: str = "auto") -> VirtualMachine:
    """Boot a Linux guest and wait until its shell answers.

    Args:
        memory: how much the guest gets, e.g. ``"256m"``.
        cpus: how many processors.
        kind: ``kvm``, ``tcg``, ``recording``, or ``auto``: the first of them that works here.

    Returns:
        The machine; its ``kind`` says what it is.  With ``auto`` there always is one: where nothing
        can boot, it is a recording.

    Raises:
        NotImplementedHere: the kind that was asked for does not work here; says why.
        InvalidArgument: memory or cpus make no sense.
        Unavailable: the guest did not answer in time.
    """
    size = _memory_bytes(memory)
    if cpus < 1 or cpus > 64:
        raise InvalidArgument(f"a virtual machine cannot have {cpus} processors here: 1 to 64")
    if kind not in KINDS:
        raise InvalidArgument(f"there is no kind {kind!r} of virtual machine: {', '.join(KINDS)}")
    if kind == "recording":
        return RecordedMachine("a recording was asked for")
    try:
        qemu, kernel = find_qemu(), find_kernel()
        initramfs = build_initramfs(kernel.initramfs)
    except NotFound as error:
        if kind == "auto":
            return RecordedMachine(f"{error}; {error.hint}" if error.hint else str(error))
        raise NotImplementedHere(f"a machine by {kind}: {error}", hint=error.hint) from error
    spec = MachineSpec(qemu, "tcg", kernel.path, initramfs, KERNEL_ARGUMENTS, size, cpus)
    if kind == "tcg":
        return _boot_tcg(spec, kernel, "asked for")
    reason = kvm_obstacle() or (recall(spec, kernel) if kind == "auto" else "")
    if not reason:
        try:
            return _boot_kvm(spec, kernel)
        except Unavailable as error:
            reason = _explain(error)
            remember(spec, kernel, reason)
    if kind == "kvm":
        raise NotImplementedHere(
            f"a machine by kvm: {reason}", hint="kind='tcg' needs nothing of the processor"
        )
    return _boot_tcg(spec, kernel, reason)


def _memory_bytes(memory: str) -> int:
    try:
        size = parse_size(memory)
    except ValueError as error:
        raise InvalidArgument(str(error)) from error
    if size < _LEAST_BYTES:
        least = binary_size(_LEAST_BYTES)
        raise InvalidArgument(
            f"{memory} is too little for a virtual machine: its kernel needs {least}",
            hint="a container needs no kernel of its own: it can have 6m",
        )
    return size & ~0xFFFFF


def kvm_obstacle() -> str:
    """Return why the processor's virtualisation cannot be tried here; empty when it can.

    See: Documentation/virt/kvm/api.rst.
    """
    machine = os.uname().machine
    if machine != "x86_64":
        return f"the guest is for x86_64, and this machine is {machine}"
    try:
        os.close(os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError:
        return f"there is no {_DEVICE} (no virtualisation in this processor, or it is switched off)"
    except PermissionError:
        return f"{_DEVICE} is not open to this user (sudo usermod -aG kvm $USER, and log in again)"
    except OSError as error:
        return f"{_DEVICE} cannot be used: {error.strerror}"
    return ""


def _boot_kvm(spec: MachineSpec, kernel: KernelImage) -> BootedMachine:
    by_kvm = MachineSpec(**{**vars(spec), "accelerator": "kvm"})
    why = f"{_DEVICE} works"
    return BootedMachine(by_kvm, kernel, why, kernel_limit_s=_KVM_KERNEL_S, boot_limit_s=_BOOT_S)


def _boot_tcg(spec: MachineSpec, kernel: KernelImage, why: str) -> BootedMachine:
    return BootedMachine(spec, kernel, why, kernel_limit_s=_TCG_KERNEL_S, boot_limit_s=_BOOT_S)


def _explain(error: MiniDockerError) -> str:
    if Path("/sys/module/kvm_pvm").exists():
        return (
            f"{_DEVICE} is there, but a stock kernel does not boot on it ({error}): this machine "
            "is a virtual machine itself, and its KVM (kvm_pvm) runs only kernels made for it"
        )
    return f"{_DEVICE} is there, but a stock kernel does not boot on it ({error})"


# A boot that hangs is tried once: run-time files last until the machine is started again.


def _note() -> Path:
    return Path(paths.run_root()).parent / ".vm/kvm.json"


def _what_was_tried(spec: MachineSpec, kernel: KernelImage) -> list[object]:
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return [boot_id, spec.qemu, Path(spec.qemu).stat().st_mtime_ns, kernel.path]


def recall(spec: MachineSpec, kernel: KernelImage) -> str:
    """Return why KVM failed when it was tried with the same things; empty when it was not."""
    try:
        said = json.loads(_note().read_text())
        tried, reason = said["tried"], str(said["reason"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return reason if tried == _what_was_tried(spec, kernel) else ""


def remember(spec: MachineSpec, kernel: KernelImage, reason: str) -> None:
    """Note that KVM failed, so that the next machine need not wait for it."""
    note = _note()
    try:
        paths.ensure_private(str(note.parent))
        new = note.with_suffix(".new")
        new.write_text(json.dumps({"tried": _what_was_tried(spec, kernel), "reason": reason}))
        new.replace(note)
    except OSError:
        pass  # it is tried again, then
