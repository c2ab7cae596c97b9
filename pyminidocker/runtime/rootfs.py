"""The root file system: overlayfs over the image's layers.

overlayfs shows a stack of directories as one.  Reads find the topmost layer that has the file;
writes go to the upper directory, after copying the file up.  Inside a user namespace it keeps its
own marks in ``user.*`` attributes (``userxattr``), since ``trusted.*`` belongs to the real root.

See: kernel Documentation/filesystems/overlayfs.rst.
"""

import errno
import os

from pyminidocker.kernel import mount, mount_api
from pyminidocker.kernel.libc import SyscallError


def new_overlay(lower_dirs: list[str], upper_dir: str, work_dir: str) -> int:
    """Return the descriptor of a new, detached overlay.

    The mount is *volatile*: without that, unmounting an overlay writes out the whole file system
    under ``upper_dir``, which made every container wait 1-4 ms for the disk at its end.  The price
    is that fsync inside the container's own layer (not on volumes) does nothing, so a power cut may
    lose more of it.

    Args:
        lower_dirs: topmost first, at most 500.
        upper_dir: where changes go.
        work_dir: overlayfs' own, on the same file system as ``upper_dir``.

    Raises:
        SyscallError: EINVAL (the file system under ``upper_dir`` cannot carry an overlay, for
            example another overlay), ENOENT (a layer is missing), EPERM (before Linux 5.11).

    See: overlayfs.rst "Multiple lower layers", "User xattr", "Volatile mount"; fsconfig(2).
    """
    _allow_again(work_dir)
    try:
        try:
            return _mount_by_steps(lower_dirs, upper_dir, work_dir)
        except SyscallError as error:
            # Linux before 6.5 has no "lowerdir+".
            if error.errno != errno.EINVAL or not error.path.startswith("lowerdir+"):
                raise
            return _mount_by_string(lower_dirs, upper_dir, work_dir)
    except SyscallError as error:
        raise _explained(error, lower_dirs, upper_dir) from None


def _allow_again(work_dir: str) -> None:
    """Take away the mark that keeps a layer which was mounted volatile from being mounted again.

    It warns of a crash of the whole machine, after which nobody knows what had reached the disk.
    Docker users expect a container to start again all the same.
    """
    mark = f"{work_dir}/work/incompat/volatile"
    try:
        os.unlink(f"{mark}/dirty")
        os.rmdir(mark)
        os.rmdir(f"{work_dir}/work/incompat")
    except OSError:
        return  # there is none: the first time, or an older kernel


def _mount_by_steps(lower_dirs: list[str], upper_dir: str, work_dir: str) -> int:
    fs_fd = mount_api.fsopen("overlay")
    try:
        mount_api.fsconfig(fs_fd, "source", "overlay")
        mount_api.fsconfig(fs_fd, "userxattr")
        for layer in lower_dirs:
            mount_api.fsconfig(fs_fd, "lowerdir+", layer)
        mount_api.fsconfig(fs_fd, "upperdir", upper_dir)
        mount_api.fsconfig(fs_fd, "workdir", work_dir)
        mount_api.fsconfig(fs_fd, "volatile")
        _without_uuid(fs_fd)
        return mount_api.fsmount(fs_fd)
    finally:
        os.close(fs_fd)


def _without_uuid(fs_fd: int) -> None:
    """Ask that no identity be written into the writable layer, which nothing here looks at.

    It is an attribute of the directory, and the only trace a container leaves that wrote nothing;
    without it such a directory can serve again (engine/directories.py).
    """
    try:
        mount_api.fsconfig(fs_fd, "uuid", "null")
    except SyscallError:
        pass  # Linux before 6.6 writes none


def _mount_by_string(lower_dirs: list[str], upper_dir: str, work_dir: str) -> int:
    """Configure it by one ``lowerdir``, which may have 255 letters per fsconfig(2), 4095 in all.

    200 layer directories of 100 letters do not fit into that; their descriptors' numbers in
    /proc/self/fd do, through mount(2).
    """
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    fds = [os.open(path, flags) for path in (*lower_dirs, upper_dir, work_dir)]
    try:
        places = [f"/proc/self/fd/{fd}" for fd in fds]
        *lowers, upper, work = places
        layers = ":".join(lowers)
        data = f"lowerdir={layers},upperdir={upper},workdir={work},userxattr,volatile"
        mount.mount("overlay", upper_dir, "overlay", 0, data)
        mount_fd = mount_api.open_tree(upper_dir)
        mount.umount2(upper_dir)
        return mount_fd
    finally:
        for fd in fds:
            os.close(fd)


def _explained(error: SyscallError, lower_dirs: list[str], upper_dir: str) -> SyscallError:
    """Return ``error`` about the directory that is to blame, as far as that can be told."""
    for path in (*lower_dirs, upper_dir):
        if not os.path.isdir(path):
            return SyscallError("mount overlay", errno.ENOENT, path, "a layer directory is missing")
    hint = error.hint
    if error.errno == errno.EINVAL:
        hint = (
            f"the file system of {upper_dir} cannot carry an overlay (is it an overlay itself, or "
            f"NFS?): put MINIDOCKER_ROOT on ext4, xfs, btrfs or tmpfs. The kernel said: {hint}"
        )
    elif error.errno == errno.EPERM:
        hint = "overlayfs in a user namespace needs Linux 5.11 or newer"
    return SyscallError("mount overlay", error.errno or 0, upper_dir, hint)
