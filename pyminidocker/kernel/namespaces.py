"""Namespaces: which resources a process believes to be the only ones of their kind.

The kernel has eight types.  A process is always in exactly one of each; ``unshare`` moves the
caller into new ones, ``setns`` into existing ones, ``clone`` makes them for a child.

See: namespaces(7).
"""

import errno
import os

from pyminidocker.kernel.constants import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWTIME,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
)
from pyminidocker.kernel.libc import SyscallError, last_error, libc

# OCI's type name -> (clone flag, file in /proc/<pid>/ns)
NAMESPACES = {
    "user": (CLONE_NEWUSER, "user"),
    "mount": (CLONE_NEWNS, "mnt"),
    "pid": (CLONE_NEWPID, "pid"),
    "network": (CLONE_NEWNET, "net"),
    "uts": (CLONE_NEWUTS, "uts"),
    "ipc": (CLONE_NEWIPC, "ipc"),
    "cgroup": (CLONE_NEWCGROUP, "cgroup"),
    "time": (CLONE_NEWTIME, "time"),
}

HINTS = {
    # Where AppArmor restricts them, the user namespace itself is granted, but no power in it: the
    # next call is the one that fails.
    errno.EPERM: (
        "creating user namespaces is forbidden here: a container or sandbox around us, AppArmor "
        "(kernel.apparmor_restrict_unprivileged_userns=1) or kernel.unprivileged_userns_clone=0; "
        "'minidocker system doctor' says which"
    ),
    errno.ENOSPC: (
        "a kind of namespace is used up or switched off: 'sysctl user' shows the limits "
        "(user.max_user_namespaces and its likes), and root can raise them"
    ),
    errno.EINVAL: "the calling process has several threads, or is in a chroot",
}


def unshare(flags: int) -> None:
    """Move the calling process into new namespaces.

    With CLONE_NEWPID only children born from now on are in the new one.

    Args:
        flags: CLONE_NEW* bits.

    Raises:
        SyscallError: EPERM (no CAP_SYS_ADMIN, or user namespaces are restricted), ENOSPC (a
            user.max_*_namespaces limit), EINVAL (threads and CLONE_NEWUSER).

    See: unshare(2).
    """
    if libc.unshare(flags) < 0:
        error = last_error("unshare", describe_flags(flags))
        error.hint = HINTS.get(error.errno or 0, "")
        raise error


def setns(fd: int, flags: int) -> None:
    """Join existing namespaces.

    Args:
        fd: a file of /proc/<pid>/ns, or a pidfd (Linux 5.8), whose process' namespaces of the
            types in ``flags`` are joined all at once.
        flags: CLONE_NEW* bits.

    Raises:
        SyscallError: EPERM (no CAP_SYS_ADMIN in the target's user namespace), EINVAL (threads and
            a mount or user namespace), ESRCH (the process has gone).

    See: setns(2).
    """
    if libc.setns(fd, flags) < 0:
        raise last_error("setns", describe_flags(flags))


def sethostname(name: str) -> None:
    """Set the host name of this UTS namespace.

    Args:
        name: at most 64 bytes.

    Raises:
        SyscallError: EINVAL (too long), EPERM.

    See: sethostname(2), uts_namespaces(7).
    """
    encoded = name.encode()
    if libc.sethostname(encoded, len(encoded)) < 0:
        raise last_error("sethostname", name)


def open_namespace(pid: int | str, kind: str) -> int:
    """Open a namespace file, which also keeps that namespace alive while it is open.

    Args:
        pid: a pid as /proc shows it, or ``"self"``.
        kind: OCI's type name, a key of ``NAMESPACES``.

    Raises:
        SyscallError: ENOENT (no such process), EACCES or EPERM (not ours to look at).

    See: namespaces(7) "The /proc/pid/ns/ directory".
    """
    path = f"/proc/{pid}/ns/{NAMESPACES[kind][1]}"
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SyscallError("open", error.errno or 0, path) from error


def describe_flags(flags: int) -> str:
    """Return CLONE_NEW* bits as people write them: ``user,mount,pid``.

    See: namespaces(7).
    """
    return ",".join(kind for kind, (bit, _) in NAMESPACES.items() if flags & bit)
