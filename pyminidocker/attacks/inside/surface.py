"""Parts of the kernel where ways out have been found before: can they be reached at all?"""

import ctypes
import os
import socket
import struct

from pyminidocker.attacks.inside.kit import CLONE_NEWUSER, call, lost, must, untried, won


def keyring() -> None:
    """Keep something in the kernel's keyrings (CVE-2016-0728, CVE-2014-9529)."""
    result = must("add_key", b"user", b"attack", b"x", 1, -3)
    won(f"add_key made key {result}")


def userfaultfd() -> None:
    """Decide how long the kernel waits for a page: what made races easy to win."""
    fd, error = call("userfaultfd", 1)  # UFFD_USER_MODE_ONLY, which needs no privilege
    if error:
        lost(f"userfaultfd: {error}")
    won(f"descriptor {fd}")


def io_uring() -> None:
    """Set up io_uring, whose defects are a third of the kernel's found for money since 2020."""
    parameters = ctypes.create_string_buffer(120)
    fd, error = call("io_uring_setup", 1, parameters)
    if error:
        lost(f"io_uring_setup: {error}")
    won(f"descriptor {fd}")


def bpf() -> None:
    """Load a program into the kernel (CVE-2020-8835, CVE-2021-3490)."""
    code = struct.pack("<BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0)  # r0 = 0; exit
    program, license_ = ctypes.create_string_buffer(code, 16), ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack(
        "IIQQ", 1, 2, ctypes.addressof(program), ctypes.addressof(license_)
    ).ljust(128, b"\0")
    fd, error = call("bpf", 5, attributes, len(attributes))
    if error:
        lost(f"bpf: {error}")
    won(f"descriptor {fd}")


def perf_events() -> None:
    """Watch the processor at work: caches, branches, other programs (CVE-2013-2094)."""
    attributes = struct.pack("IIQQQQQ", 1, 120, 0, 0, 0, 0, 1 << 5 | 1 << 6).ljust(120, b"\0")
    fd, error = call("perf_event_open", attributes, 0, -1, -1, 0)
    if error:
        lost(f"perf_event_open: {error}")
    won(f"descriptor {fd}")


def user_namespace() -> None:
    """Become root of a new user namespace: all of the kernel's code for root is open then."""
    must("unshare", CLONE_NEWUSER)
    won("unshare(CLONE_NEWUSER): every capability, in a namespace of one's own")


def user_namespace_by_clone() -> None:
    """The same by clone3(2), whose flags a filter cannot see."""
    arguments = struct.pack("11Q", CLONE_NEWUSER, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
    pid, error = call("clone3", arguments, len(arguments))
    if pid == 0:
        os._exit(0)
    if error:
        lost(f"clone3: {error}")
    won(f"clone3(CLONE_NEWUSER): process {pid}")


def compare_processes() -> None:
    """Ask the kernel for the order of its objects in memory."""
    _, error = call("kcmp", os.getpid(), os.getpid(), 1, 0, 0)
    if error:
        lost(f"kcmp: {error}")
    won("kcmp is carried out")


def hypervisor_socket() -> None:
    """Talk to the hypervisor below the machine."""
    try:
        socket.socket(40, socket.SOCK_STREAM).close()  # AF_VSOCK
    except OSError as error:
        if error.errno == 97:
            untried("this kernel has no vsock")
        lost(f"socket(AF_VSOCK): {os.strerror(error.errno or 0)}")
    won("socket(AF_VSOCK)")


def mount_by_steps() -> None:
    """Configure a file system by the newer calls (CVE-2022-0185 was in fsconfig)."""
    fd = must("fsopen", b"tmpfs", 0)
    won(f"fsopen: descriptor {fd}")


def new_root() -> None:
    """Exchange the root of the mount namespace."""
    _, error = call("pivot_root", b".", b".")
    if error in ("EPERM", "ENOSYS"):
        lost(f"pivot_root: {error}")
    won(f"pivot_root is carried out ({error or 'no error'})")
