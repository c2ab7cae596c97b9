"""Mount options: which of ``ro,nosuid,size=64m`` are flags of the mount, which the file system's.

mount(8) takes both in one list.  The kernel keeps them apart: the first belong to one place in the
tree, the second to the file system instance, wherever it is mounted.

See: mount(8) "FILESYSTEM-INDEPENDENT MOUNT OPTIONS", OCI runtime-spec config.md "Linux mount
options".
"""

import functools
import os

from pyminidocker.kernel import mount_api, userns
from pyminidocker.kernel.constants import (
    MOUNT_ATTR_NOATIME,
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOEXEC,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
    MOUNT_ATTR_STRICTATIME,
)

_ATTRIBUTES = {
    "ro": MOUNT_ATTR_RDONLY,
    "nosuid": MOUNT_ATTR_NOSUID,
    "nodev": MOUNT_ATTR_NODEV,
    "noexec": MOUNT_ATTR_NOEXEC,
    "noatime": MOUNT_ATTR_NOATIME,
    "strictatime": MOUNT_ATTR_STRICTATIME,
}
# Words that take an attribute back: of two that contradict each other the last one counts.
_CLEARING = {
    "rw": MOUNT_ATTR_RDONLY,
    "suid": MOUNT_ATTR_NOSUID,
    "dev": MOUNT_ATTR_NODEV,
    "exec": MOUNT_ATTR_NOEXEC,
}
# Defaults, ways of binding, and propagation: nothing changes in a private mount namespace.
_WITHOUT_EFFECT = frozenset(
    "relatime defaults bind rbind private rprivate slave rslave shared rshared "
    "z Z nocopy consistent cached delegated".split()
)


def split(options: list[str]) -> tuple[int, list[str]]:
    """Split options into (MOUNT_ATTR_* bits, the file system's own options).

    See: mount_setattr(2).
    """
    attributes = 0
    own = []
    for option in options:
        if option in _ATTRIBUTES:
            attributes |= _ATTRIBUTES[option]
        elif option in _CLEARING:
            attributes &= ~_CLEARING[option]
        elif option not in _WITHOUT_EFFECT:
            own.append(option)
    return attributes, own


def new_mount(fstype: str, source: str, options: list[str]) -> int:
    """Return the descriptor of a new, detached mount.

    Args:
        fstype: ``tmpfs``, ``proc``, ``sysfs``, ``devpts``, ``mqueue``, ``cgroup``,
            ``cgroup2``.
        source: the word shown in the first column of ``mount``.
        options: as in ``spec.Mount``.

    Raises:
        SyscallError: EINVAL (an option, with the file system's words as hint), EPERM, ENODEV.

    See: fsopen(2), fsmount(2).
    """
    attributes, own = split(options)
    fs_fd = mount_api.fsopen(fstype)
    try:
        mount_api.fsconfig(fs_fd, "source", source or fstype)
        for option in own:
            key, equals, value = option.partition("=")
            if fstype == "devpts" and key == "gid" and not _is_mapped(int(value)):
                continue  # 5 (tty) where the lab has a single group
            mount_api.fsconfig(fs_fd, key, value if equals else None)
        return mount_api.fsmount(fs_fd, attributes)
    finally:
        os.close(fs_fd)


def _is_mapped(gid: int) -> bool:
    return any(first <= gid < first + count for first, _, count in _gid_map())


@functools.cache
def _gid_map() -> userns.IdMap:
    """The lab's map never changes, and /proc is not always there to read it from."""
    return userns.read_map("self", "gid_map")
