"""The classic mount calls: one call, one string of options, one page of it at most.

They remain the shortest way for a plain tmpfs or proc and the only one on kernels before 5.2.
``mount_api`` has the newer calls.

See: mount(2), umount(2), pivot_root(2), mount_namespaces(7).
"""

import ctypes
import errno

from pyminidocker.kernel.constants import MNT_DETACH, MS_PRIVATE, MS_REC, MS_SLAVE
from pyminidocker.kernel.libc import SyscallError, last_error, libc

_mount = libc.mount
_mount.argtypes = [
    ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p
]  # fmt: skip
_PAGE_BYTES = 4096

COVERED_PROC_HINT = (
    "the /proc or /sys around us is partly covered (as inside Docker), and then the kernel lets "
    "nobody mount a fresh one: start the outer container with --security-opt "
    "systempaths=unconfined"
)


def mount(source: str, target: str, fstype: str, flags: int = 0, data: str = "") -> None:
    """Attach a file system, or change one that is attached.

    Args:
        source: device, directory, or any word for file systems without one.
        target: mount point.
        fstype: ``tmpfs``, ``proc`` ...; empty with MS_BIND, MS_REMOUNT and propagation flags.
        flags: MS_* bits.
        data: options of the file system, comma separated.

    Raises:
        SyscallError: E2BIG (``data`` over one page, which the kernel would cut silently), EPERM
            (no CAP_SYS_ADMIN; a locked flag would be dropped; a proc or sysfs around us is partly
            covered), EINVAL, ENOENT, ENODEV (file system not in this kernel).

    See: mount(2); mount_namespaces(7) "Restrictions on mount namespaces".
    """
    encoded = data.encode()
    if len(encoded) >= _PAGE_BYTES:
        # The kernel copies one page and drops the rest without a word; what then fails is a
        # truncated path, and the message is about that.
        raise SyscallError("mount", errno.E2BIG, target, "mount options are limited to one page")
    result = _mount(
        source.encode(), target.encode(), fstype.encode() or None, flags, encoded or None
    )
    if result < 0:
        error = last_error("mount", target)
        if error.errno == errno.EPERM and fstype in ("proc", "sysfs"):
            error.hint = COVERED_PROC_HINT
        raise error


def umount2(target: str, flags: int = MNT_DETACH) -> None:
    """Detach a mount.

    Args:
        target: mount point.
        flags: MNT_DETACH hides it at once and frees it when nobody uses it any more.

    Raises:
        SyscallError: EINVAL (not a mount point, or locked by a more privileged namespace), EBUSY.

    See: umount(2).
    """
    if libc.umount2(target.encode(), flags) < 0:
        raise last_error("umount2", target)


def pivot_root(new_root: str, put_old: str) -> None:
    """Make new_root the root mount of this mount namespace and park the old one at put_old.

    ``"."`` for both is allowed: the old root is then stacked on the new one and can be detached.

    Args:
        new_root: directory, mount point.
        put_old: directory at or under new_root.

    Raises:
        SyscallError: EBUSY (new_root is on the current root mount), EINVAL (not a mount point, or
            propagation is shared), EPERM (no CAP_SYS_ADMIN).

    See: pivot_root(2) "pivot_root(".", ".")".
    """
    if libc.pivot_root(new_root.encode(), put_old.encode()) < 0:
        raise last_error("pivot_root", new_root)


def make_private(target: str = "/") -> None:
    """Stop mounts below ``target`` from spreading, in both directions.

    Raises:
        SyscallError: EINVAL (``target`` is not a mount point).

    See: mount_namespaces(7) "SHARED SUBTREES".
    """
    mount("none", target, "", MS_REC | MS_PRIVATE)


def make_slave(target: str = "/") -> None:
    """Let mounts and unmounts of the surrounding namespace come in, and none of ours go out.

    Raises:
        SyscallError: EINVAL (``target`` is not a mount point).

    See: mount_namespaces(7) "SHARED SUBTREES".
    """
    mount("none", target, "", MS_REC | MS_SLAVE)
