"""The newer mount calls: a file system is configured step by step through a descriptor.

``fsopen`` makes a context, ``fsconfig`` sets one option at a time (so that 500 overlay layers do
not have to fit into one page), ``fsmount`` turns it into a mount that is attached nowhere yet, and
``move_mount`` attaches it.  ``open_tree`` does the same for a copy of an existing mount, which is
what a bind mount is.  A detached mount is only a descriptor: when the process dies half way, there
is nothing to clean up.

See: fsopen(2), fsconfig(2), fsmount(2), move_mount(2), open_tree(2), mount_setattr(2).
"""

import errno
import os
import struct

from pyminidocker.kernel.constants import (
    AT_EMPTY_PATH,
    AT_FDCWD,
    AT_RECURSIVE,
    FSCONFIG_CMD_CREATE,
    FSCONFIG_SET_FLAG,
    FSCONFIG_SET_STRING,
    FSMOUNT_CLOEXEC,
    FSOPEN_CLOEXEC,
    MOVE_MOUNT_F_EMPTY_PATH,
    MOVE_MOUNT_T_EMPTY_PATH,
    OPEN_TREE_CLOEXEC,
    OPEN_TREE_CLONE,
    NR_fsconfig,
    NR_fsmount,
    NR_fsopen,
    NR_mount_setattr,
    NR_move_mount,
    NR_open_tree,
)
from pyminidocker.kernel.libc import SyscallError, syscall

# struct mount_attr of linux/mount.h: attr_set, attr_clr, propagation, userns_fd.
_MOUNT_ATTR = struct.Struct("4Q")


def fsopen(fstype: str) -> int:
    """Begin to configure a new file system instance and return the context's descriptor.

    Args:
        fstype: ``overlay``, ``tmpfs``, ``proc`` ...

    Raises:
        SyscallError: ENODEV (this kernel has no such file system), EPERM.

    See: fsopen(2).
    """
    return syscall("fsopen", NR_fsopen, fstype.encode(), FSOPEN_CLOEXEC, path=fstype)


def fsconfig(fs_fd: int, key: str, value: str | None = None) -> None:
    """Set one option.

    Args:
        fs_fd: from ``fsopen``.
        key: the option's name, e.g. ``lowerdir+``.
        value: its value; None for a flag.

    Raises:
        SyscallError: EINVAL with the file system's own words as hint.

    See: fsconfig(2).
    """
    command = FSCONFIG_SET_FLAG if value is None else FSCONFIG_SET_STRING
    raw = None if value is None else value.encode()
    try:
        syscall("fsconfig", NR_fsconfig, fs_fd, command, key.encode(), raw, 0)
    except SyscallError as error:
        raise _explained(error, fs_fd, key if value is None else f"{key}={value}") from None


def fsmount(fs_fd: int, attributes: int = 0) -> int:
    """Create the file system and return a descriptor of a mount that is attached nowhere.

    Args:
        fs_fd: from ``fsopen``, fully configured.
        attributes: MOUNT_ATTR_* bits.

    Raises:
        SyscallError: whatever the file system objects to, in its own words as hint.

    See: fsmount(2).
    """
    try:
        syscall("fsconfig", NR_fsconfig, fs_fd, FSCONFIG_CMD_CREATE)
        return syscall("fsmount", NR_fsmount, fs_fd, FSMOUNT_CLOEXEC, attributes)
    except SyscallError as error:
        raise _explained(error, fs_fd, "") from None


def open_tree(path: str, *, dirfd: int = AT_FDCWD, recursive: bool = False) -> int:
    """Return a detached copy of the mount at ``path``: a bind mount not yet bound anywhere.

    Args:
        path: any file or directory; empty means ``dirfd`` itself.
        dirfd: where a relative path starts.
        recursive: copy the mounts below as well (``rbind``).

    Raises:
        SyscallError: ENOENT, EINVAL (mounts below are locked together with this one and
            ``recursive`` is False), EPERM.

    See: open_tree(2).
    """
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC
    if recursive:
        flags |= AT_RECURSIVE
    if not path:
        flags |= AT_EMPTY_PATH
    return syscall("open_tree", NR_open_tree, dirfd, path.encode(), flags, path=path)


def move_mount(mount_fd: int, target: str, *, dirfd: int = AT_FDCWD) -> None:
    """Attach a detached mount.

    Args:
        mount_fd: from ``fsmount`` or ``open_tree``.
        target: mount point; empty means ``dirfd`` itself.
        dirfd: where a relative path starts.

    Raises:
        SyscallError: ENOTDIR (a file cannot be mounted on a directory or the reverse), ENOENT.

    See: move_mount(2).
    """
    flags = MOVE_MOUNT_F_EMPTY_PATH | (0 if target else MOVE_MOUNT_T_EMPTY_PATH)
    syscall(
        "move_mount", NR_move_mount, mount_fd, b"", dirfd, target.encode(), flags, path=target
    )  # fmt: skip


def mount_setattr(
    mount_fd: int, attr_set: int, *, attr_clr: int = 0, recursive: bool = False
) -> None:
    """Change flags of a mount, leaving all others as they are.

    This is why no list of "locked" flags is kept here: with mount(2) a read-only remount has to
    repeat every flag a more privileged namespace has locked, here they simply stay.

    Args:
        mount_fd: from ``fsmount`` or ``open_tree``.
        attr_set: MOUNT_ATTR_* bits to set.
        attr_clr: bits to clear.
        recursive: for all mounts below as well.

    Raises:
        SyscallError: EPERM (clearing a locked flag), EINVAL.

    See: mount_setattr(2).
    """
    attributes = _MOUNT_ATTR.pack(attr_set, attr_clr, 0, 0)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    syscall(
        "mount_setattr", NR_mount_setattr, mount_fd, b"", flags, attributes, len(attributes)
    )  # fmt: skip


def _explained(error: SyscallError, fs_fd: int, path: str) -> SyscallError:
    """Return ``error`` with the message the file system left in its context, if any."""
    lines = []
    try:
        while True:
            # One record a read: "e overlay: ..." (e, w or i for error, warning, information).
            lines.append(os.read(fs_fd, 1024).decode(errors="replace").strip()[2:])
    except OSError:
        pass  # ENODATA: no more records
    hint = "; ".join(lines)
    return SyscallError(error.call, error.errno or errno.EINVAL, path, hint or error.hint)
