"""The wrappers: results, errors with their names, and what they leave open."""

import errno
import os
import signal
import socket

import pytest

from pyminidocker.kernel import (
    libc,
    mount,
    mount_api,
    namespaces,
    netlink,
    pidfd,
    prctl,
    rlimit,
    terminal,
)
from pyminidocker.kernel.clone import clone3
from pyminidocker.kernel.libc import SyscallError
from pyminidocker.kernel.syscalls import syscall_numbers


def test_an_error_says_call_object_and_reason():
    with pytest.raises(SyscallError) as caught:
        mount.umount2("/no/such/place")
    error = caught.value
    assert (error.call, error.path, error.filename) == (
        "umount2",
        "/no/such/place",
        "/no/such/place",
    )
    assert error.errno in (errno.ENOENT, errno.EPERM)
    assert str(error).startswith("umount2 /no/such/place: ")


def test_a_missing_call_gets_a_hint():
    with pytest.raises(SyscallError) as caught:
        libc.syscall("nonesuch", 100_000)
    assert caught.value.errno == errno.ENOSYS
    assert "seccomp" in caught.value.hint


def test_mount_refuses_what_the_kernel_would_cut():
    with pytest.raises(SyscallError) as caught:
        mount.mount("overlay", "/x", "overlay", 0, "lowerdir=" + "x" * 5000)
    assert caught.value.errno == errno.E2BIG


def test_clone3_gives_a_pidfd():
    pid, fd = clone3()
    if pid == 0:
        os._exit(7)
    assert pidfd.pid_of(fd) == pid
    info = os.waitid(os.P_PIDFD, fd, os.WEXITED)
    assert info is not None
    assert info.si_status == 7
    assert pidfd.pid_of(fd) == -1
    with pytest.raises(SyscallError) as caught:
        pidfd.pidfd_send_signal(fd, 0)
    assert caught.value.errno == errno.ESRCH
    os.close(fd)


def test_pidfd_send_signal():
    pid, fd = clone3()
    if pid == 0:
        signal.pause()
        os._exit(0)
    pidfd.pidfd_send_signal(fd, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
    os.close(fd)


def test_flags_by_name():
    assert namespaces.describe_flags(0x10020000) == "user,mount"


def test_a_namespace_of_nobody():
    with pytest.raises(SyscallError):
        namespaces.open_namespace(2**22 + 1, "mount")


def test_open_tree_of_nothing():
    with pytest.raises(SyscallError) as caught:
        mount_api.open_tree("/no/such/place")
    assert caught.value.errno in (errno.ENOENT, errno.EPERM)


def test_rlimits_by_name():
    pid = os.fork()
    if pid == 0:
        rlimit.setrlimit("RLIMIT_NOFILE", 50, 60)
        try:
            rlimit.setrlimit("RLIMIT_NOFILE", 70, 65)
        except SyscallError as error:
            os._exit(0 if error.errno == errno.EINVAL else 1)
        os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    with pytest.raises(SyscallError, match="RLIMIT_NONE"):
        rlimit.setrlimit("RLIMIT_NONE", 1, 1)


def test_process_name():
    pid = os.fork()
    if pid == 0:
        prctl.set_name("a-name-of-more-than-15")
        with open("/proc/self/comm") as comm:
            os._exit(0 if comm.read() == "a-name-of-more-\n" else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_pseudo_terminal():
    master, slave = terminal.open_pty("/dev/ptmx")
    terminal.set_size(master, 12, 34)
    assert terminal.get_size(slave) == (12, 34)
    os.close(master)
    os.close(slave)
    with pytest.raises(SyscallError):
        terminal.open_pty("/no/such/ptmx")


def test_netlink_acknowledgements():
    """RTM_GETLINK of a link that is not there: the errno comes back with its place."""
    body = b"\0" * 16
    request = (16 + len(body)).to_bytes(4, "little") + b"\x12\0\x05\0\x01\0\0\0\0\0\0\0" + body
    with pytest.raises(SyscallError, match="request 1 of 1"):
        netlink.replay([request])


def test_loopback_needs_a_namespace_of_ones_own():
    if os.getuid() == 0:
        pytest.skip("root may")
    with pytest.raises(SyscallError) as caught:
        netlink.bring_up_loopback()
    assert caught.value.errno == errno.EPERM


def test_syscall_numbers_of_both_processors():
    x86, arm = syscall_numbers("x86_64"), syscall_numbers("aarch64")
    assert (x86["execve"], arm["execve"]) == (59, 221)
    assert (x86["clone"], arm["clone"]) == (56, 220)
    assert (x86["seccomp"], arm["seccomp"]) == (317, 277)
    assert (x86["openat"], arm["openat"]) == (257, 56)
    for numbers in (x86, arm):
        assert numbers["clone3"] == 435
        assert numbers["mseal"] == 462
        assert len(set(numbers.values())) == len(numbers)
    with pytest.raises(KeyError):
        syscall_numbers("vax")


def test_sockets_are_not_left_open():
    before = os.listdir("/proc/self/fd")
    with pytest.raises(SyscallError):
        netlink.replay([b"\x10\0\0\0\xff\xff\x05\0\x01\0\0\0\0\0\0\0"])
    assert len(os.listdir("/proc/self/fd")) == len(before)
    assert socket.AF_NETLINK
