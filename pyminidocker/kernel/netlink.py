"""Replay of ready-made netlink requests.

Netlink is how the kernel's network stack is configured: one request a message, one acknowledgement
back.  The requests are built elsewhere (network/ knows how); here they are only sent from inside
the network namespace they are about, which is the whole reason for doing it here.

See: netlink(7), rtnetlink(7).
"""

import fcntl
import os
import socket
import struct

from pyminidocker.kernel.libc import SyscallError

_NLMSG_ERROR = 2
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def replay(requests: list[bytes]) -> None:
    """Send rtnetlink requests one after another and wait for each acknowledgement.

    Args:
        requests: complete messages, each with NLM_F_ACK set.

    Raises:
        SyscallError: the kernel refused one; ``path`` tells its place in the list.

    See: rtnetlink(7).
    """
    flags = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, flags, socket.NETLINK_ROUTE) as link:
        link.bind((0, 0))
        for index, request in enumerate(requests):
            link.send(request)
            refused = _read_acknowledgement(link)
            if refused:
                what = f"request {index + 1} of {len(requests)}"
                raise SyscallError("netlink", refused, what)


def _read_acknowledgement(link: socket.socket) -> int:
    """Return the errno of the next acknowledgement, 0 when all is well."""
    while True:
        answer = link.recv(16_384)
        offset = 0
        while offset + _HEADER.size <= len(answer):
            length, kind, *_ = _HEADER.unpack_from(answer, offset)
            if kind == _NLMSG_ERROR:
                code: int = struct.unpack_from("=i", answer, offset + _HEADER.size)[0]
                return -code
            offset += max((length + 3) & ~3, _HEADER.size)


def bring_up_loopback() -> None:
    """Switch on ``lo`` of the caller's network namespace: a new one starts with it down.

    See: netdevice(7) SIOCSIFFLAGS.
    """
    flags = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_INET, flags) as control:
        request = struct.pack("16sH22x", b"lo", _IFF_UP)
        try:
            fcntl.ioctl(control, _SIOCSIFFLAGS, request)
        except OSError as error:
            raise SyscallError("ioctl", error.errno or 0, "lo") from error


def write_sysctl(path: str, value: str) -> None:
    """Write a value below /proc/sys, where network settings are per network namespace.

    Args:
        path: below /proc/sys, e.g. ``net/ipv4/ip_forward``.
        value: what to write.

    Raises:
        SyscallError: ENOENT (not in this kernel), EACCES, EINVAL.

    See: proc_sys(5), network_namespaces(7).
    """
    full = f"/proc/sys/{path}"
    try:
        fd = os.open(full, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, value.encode())
        finally:
            os.close(fd)
    except OSError as error:
        raise SyscallError("write", error.errno or 0, full) from error
