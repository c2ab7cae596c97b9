"""File descriptors: passing them between processes, and opening paths inside somebody's root.

A path that came out of a container must never be resolved by the ordinary calls: a symbolic link
in it would be followed to the host's files.  ``openat2`` with RESOLVE_IN_ROOT treats a directory as
the root for one lookup, ``..`` and absolute links included.

See: unix(7) "SCM_RIGHTS", openat2(2), close_range(2).
"""

import array
import ctypes
import errno
import os
import socket
import stat
import struct

from pyminidocker.kernel.constants import (
    CLOSE_RANGE_CLOEXEC,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    NR_close_range,
    NR_openat2,
)
from pyminidocker.kernel.libc import SyscallError, last_error, libc, syscall

_MAX_FDS = 253  # SCM_MAX_FD
_INT_BYTES = 4
_STATFS_BYTES = 256  # more than struct statfs has anywhere
_LONG = struct.Struct("l")


def send_with_fds(
    sock: socket.socket, message: bytes, fds: "list[int] | tuple[int, ...]" = ()
) -> None:
    """Send one message and copies of ``fds`` along with it.

    Args:
        sock: a connected SOCK_SEQPACKET unix socket.
        message: at least one byte; the whole is one packet.
        fds: stay open here.

    Raises:
        OSError: EPIPE (the other side is gone), EAGAIN (would block), EMSGSIZE (larger than
            SO_SNDBUF).

    See: unix(7) "SCM_RIGHTS".
    """
    ancillary = []
    if fds:
        ancillary.append((socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds)))
    sock.sendmsg([message], ancillary, socket.MSG_NOSIGNAL)


def receive_with_fds(
    sock: socket.socket, size_bytes: int = 262_144, flags: int = 0
) -> tuple[bytes, list[int]]:
    """Receive one message and the descriptors that came with it (close-on-exec).

    Args:
        sock: a connected SOCK_SEQPACKET unix socket.
        size_bytes: the longest message expected.
        flags: MSG_DONTWAIT and its like.

    Returns:
        (b"", []) when the other side has closed.

    Raises:
        OSError: EAGAIN, ECONNRESET.

    See: unix(7) "SCM_RIGHTS".
    """
    room = socket.CMSG_LEN(_MAX_FDS * _INT_BYTES)
    message, ancillary, _flags, _ = sock.recvmsg(size_bytes, room, socket.MSG_CMSG_CLOEXEC | flags)
    fds: list[int] = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.extend(struct.unpack(f"{len(data) // _INT_BYTES}i", data))
    return message, fds


def openat2(dirfd: int, path: str, flags: int, mode: int = 0, resolve: int = 0) -> int:
    """Open ``path`` relative to ``dirfd`` under rules for every step of the lookup.

    Args:
        dirfd: where relative paths start.
        path: what to open.
        flags: O_* flags; O_CLOEXEC is added.
        mode: permission bits for O_CREAT.
        resolve: RESOLVE_* flags.

    Raises:
        SyscallError: as open(2); ELOOP (a link where none may be), EXDEV (left the directory or
            crossed a mount).

    See: openat2(2).
    """
    how = struct.pack("QQQ", flags | os.O_CLOEXEC, mode, resolve)  # struct open_how
    encoded = path.encode(errors="surrogateescape") or b"."
    for _ in range(100):
        try:
            return syscall("openat2", NR_openat2, dirfd, encoded, how, len(how), path=path)
        except SyscallError as error:
            # A rename anywhere on the system may disturb the check of "..": the kernel asks to
            # try again.
            if error.errno != errno.EAGAIN:
                raise
    raise SyscallError("openat2", errno.EAGAIN, path)


def open_in_root(root_fd: int, path: str, flags: int, mode: int = 0) -> int:
    """Open ``path`` as if ``root_fd`` were the root directory, whatever links say.

    Args:
        root_fd: a directory.
        path: relative or absolute; both start at ``root_fd``.
        flags: O_* flags; O_CLOEXEC is added.
        mode: permission bits for O_CREAT.

    Raises:
        SyscallError: ENOENT, ENOTDIR, ELOOP (a /proc magic link on the way), EXDEV.

    See: openat2(2) "RESOLVE_IN_ROOT".
    """
    return openat2(root_fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)


def make_in_root(root_fd: int, path: str, *, is_dir: bool, mode: int = 0o755) -> int:
    """Make a directory or an empty file, with the directories above it, and open it (O_PATH).

    Links on the way are followed inside the root.  What exists already is left as it is.

    Args:
        root_fd: a directory taken as the root.
        path: what to make.
        is_dir: a directory, else a regular file.
        mode: permission bits of new directories; files get 0644.

    Raises:
        SyscallError: ENOTDIR (something on the way, or the thing itself, is of another kind),
            EROFS, EACCES.

    See: openat2(2), mkdirat(2).
    """
    try:
        fd = open_in_root(root_fd, path, os.O_PATH)
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
        fd = _make_missing(root_fd, path, is_dir=is_dir, mode=mode)
    if stat.S_ISDIR(os.fstat(fd).st_mode) != is_dir:
        os.close(fd)
        raise SyscallError("mount", errno.ENOTDIR, path)
    return fd


def _make_missing(root_fd: int, path: str, *, is_dir: bool, mode: int) -> int:
    """Make what is missing of ``path``, component by component."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    done = ""
    parent = os.dup(root_fd)
    try:
        for index, part in enumerate(parts):
            done = f"{done}/{part}"
            is_last = index == len(parts) - 1
            if not is_last or is_dir:
                try:
                    os.mkdir(part, mode, dir_fd=parent)
                except FileExistsError:
                    pass
            elif part != "..":
                # O_EXCL fails on a dangling link too, which then fails to open below.
                try:
                    os.close(
                        os.open(part, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=parent)
                    )
                except FileExistsError:
                    pass
            following = open_in_root(root_fd, done, os.O_PATH)
            os.close(parent)
            parent = following
    except OSError as error:
        os.close(parent)
        if isinstance(error, SyscallError):
            raise
        raise SyscallError("mkdir", error.errno or 0, done) from error
    return parent


def file_system_of(fd: int) -> int:
    """Return the magic number of the file system an open file is on.

    Args:
        fd: may be O_PATH.

    Raises:
        SyscallError: EBADF.

    See: fstatfs(2).
    """
    buffer = ctypes.create_string_buffer(_STATFS_BYTES)
    if libc.fstatfs(fd, buffer) < 0:
        raise last_error("fstatfs")
    (magic,) = _LONG.unpack_from(buffer)  # f_type comes first
    return int(magic)


def close_range(first: int, last: int = 0xFFFFFFFF, *, on_exec: bool = False) -> None:
    """Close all descriptors from ``first`` to ``last``, now or at the next execve.

    Args:
        first: lowest.
        last: highest; the default is all.
        on_exec: only mark them close-on-exec.

    Raises:
        SyscallError: ENOSYS (before Linux 5.9; on_exec 5.11), EINVAL.

    See: close_range(2).
    """
    flags = CLOSE_RANGE_CLOEXEC if on_exec else 0
    syscall("close_range", NR_close_range, first, last, flags)


def close_all_but(keep: list[int]) -> None:
    """Close all descriptors from 3 up except some: what a fork does first.

    Args:
        keep: these stay, and so do 0, 1 and 2.

    Raises:
        SyscallError: ENOSYS (before Linux 5.9).

    See: close_range(2).
    """
    first = 3
    for fd in sorted(keep):
        if fd > first:
            close_range(first, fd - 1)
        first = max(first, fd + 1)
    close_range(first)
