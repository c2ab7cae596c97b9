"""Remove and copy directory trees that containers wrote: nothing in them can be trusted.

A tree may hold directories of mode 000 (overlayfs' own ``work`` is one), links to anywhere, names
nested deeper than a path can say, and mounts.  Everything happens through directory file
descriptors and never follows a link; a mount point is not entered.

See: openat2(2), RESOLVE_NO_XDEV; unlinkat(2); path_resolution(7).
"""

import errno
import os
import stat
from collections.abc import Iterator

from pyminidocker.images.beneath import open_child

# Each level of recursion holds a descriptor; deeper directories are first moved up.
_DEPTH_MAX = 64
_CHUNK = 1 << 20


def remove_tree(path: str) -> None:
    """Delete ``path`` and all below it; nothing happens when it does not exist.

    Raises:
        OSError: something could not be deleted (a mount point: EBUSY); the rest is gone.
    """
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(info.st_mode):
        os.unlink(path)
        return
    directory, name = os.path.split(os.path.abspath(path))
    parent = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        remove_tree_at(parent, name)
    finally:
        os.close(parent)


def remove_tree_at(parent: int, name: str) -> None:
    """Delete the directory ``name`` in the directory ``parent`` and all below it.

    Raises:
        OSError: something could not be deleted (a mount point: EBUSY); the rest is gone.
    """
    remover = _Remover()
    remover.remove_directory(parent, name)
    if remover.errors:
        raise remover.errors[0]


class _Remover:
    """Empties directories; goes on after a failure and remembers it."""

    def __init__(self) -> None:
        self.errors: list[OSError] = []

    def remove_directory(self, parent: int, name: str) -> None:
        try:
            fd = _open_own(parent, name)
        except OSError as error:
            self.errors.append(error)
            return
        try:
            # Directories from too far below are moved here, hence more than one round.
            while self._empty(fd, fd, 0):
                pass
        finally:
            os.close(fd)
        self._remove_name(parent, name, is_directory=True)

    def _empty(self, fd: int, top: int, depth: int) -> bool:
        """Delete what ``fd`` holds; tell whether something was moved up to ``top``."""
        moved = False
        with os.scandir(fd) as entries:
            names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_directory in names:
            if not is_directory:
                self._remove_name(fd, name, is_directory=False)
            elif depth == _DEPTH_MAX:
                os.rename(name, f".deep-{os.urandom(8).hex()}", src_dir_fd=fd, dst_dir_fd=top)
                moved = True
            else:
                moved |= self._remove_child(fd, name, top, depth)
        return moved

    def _remove_child(self, fd: int, name: str, top: int, depth: int) -> bool:
        try:
            child = _open_own(fd, name)
        except OSError as error:
            self.errors.append(error)
            return False
        try:
            moved = self._empty(child, top, depth + 1)
        finally:
            os.close(child)
        self._remove_name(fd, name, is_directory=True)
        return moved

    def _remove_name(self, fd: int, name: str, *, is_directory: bool) -> None:
        remove = os.rmdir if is_directory else os.unlink
        try:
            try:
                remove(name, dir_fd=fd)
            except PermissionError:
                os.fchmod(fd, 0o700)  # the directory may forbid even its owner to write
                remove(name, dir_fd=fd)
        except OSError as error:
            # A directory that is not empty was reported already, at what it still holds.
            if error.errno != errno.ENOTEMPTY:
                self.errors.append(error)


def _open_own(parent: int, name: str) -> int:
    """Open a directory for emptying, whatever its mode says."""
    try:
        return open_child(parent, name)
    except OSError as error:
        if error.errno != errno.EACCES:
            raise
        os.chmod(name, 0o700, dir_fd=parent)
        return open_child(parent, name)


def copy_tree(source: str, target: str) -> None:
    """Copy the contents of directory ``source`` into the directory ``target``, metadata included.

    Owners, modes, times, links, hard links, fifos and extended attributes are kept; owners as far
    as this process may give files away.

    Raises:
        OSError: disk full or no permission.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    source_fd = os.open(source, flags)
    target_fd = os.open(target, flags)
    try:
        _Copier(target_fd).copy_directory(source_fd, target_fd, "", 0)
    finally:
        os.close(target_fd)
        os.close(source_fd)


class _Copier:
    """Copies trees and remembers which inodes it has met, for hard links."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._seen: dict[tuple[int, int], str] = {}

    def copy_directory(self, source: int, target: int, path: str, depth: int) -> None:
        if depth > _DEPTH_MAX * 4:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path)
        with os.scandir(source) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            self._copy_entry(source, target, name, f"{path}/{name}".lstrip("/"), depth)
        _copy_metadata(os.fstat(source), source, target)

    def _copy_entry(self, source: int, target: int, name: str, path: str, depth: int) -> None:
        info = os.stat(name, dir_fd=source, follow_symlinks=False)
        kind = stat.S_IFMT(info.st_mode)
        first = self._seen.setdefault((info.st_dev, info.st_ino), path)
        if first != path and kind != stat.S_IFDIR:
            os.link(first, name, src_dir_fd=self._top, dst_dir_fd=target, follow_symlinks=False)
        elif kind == stat.S_IFDIR:
            os.mkdir(name, 0o700, dir_fd=target)
            below, beside = open_child(source, name), open_child(target, name)
            try:
                self.copy_directory(below, beside, path, depth + 1)
            finally:
                os.close(beside)
                os.close(below)
        elif kind == stat.S_IFREG:
            _copy_file(source, target, name, info)
        elif kind == stat.S_IFLNK:
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
            _give(name, info, target)
            os.utime(
                name,
                ns=(info.st_mtime_ns, info.st_mtime_ns),
                dir_fd=target,
                follow_symlinks=False,
            )
        elif kind == stat.S_IFIFO:
            os.mkfifo(name, stat.S_IMODE(info.st_mode), dir_fd=target)
            _give(name, info, target)
        # Sockets and device nodes mean nothing away from the program or host that made them.


def _copy_file(source: int, target: int, name: str, info: os.stat_result) -> None:
    flags = os.O_NOFOLLOW | os.O_CLOEXEC
    reader = os.open(name, os.O_RDONLY | os.O_NONBLOCK | flags, dir_fd=source)
    try:
        writer = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, 0o600, dir_fd=target)
        try:
            while os.sendfile(writer, reader, None, _CHUNK):
                pass
            _copy_metadata(info, reader, writer)
        finally:
            os.close(writer)
    finally:
        os.close(reader)


def _copy_metadata(info: os.stat_result, source: int, target: int) -> None:
    try:
        os.fchown(target, info.st_uid, info.st_gid)
    except OSError:
        pass  # an ordinary user, or an id that this user namespace does not map
    os.fchmod(target, stat.S_IMODE(info.st_mode))
    for name in xattr_names(source):
        try:
            os.setxattr(target, name, os.getxattr(source, name))
        except OSError:
            pass  # the target's file system has no place for it
    os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))


def xattr_names(fd: int) -> Iterator[str]:
    """Yield the names of extended attributes worth keeping: not overlayfs' own marks.

    See: xattr(7); Documentation/filesystems/overlayfs.rst, userxattr.
    """
    try:
        names = os.listxattr(fd)
    except OSError:
        return
    for name in sorted(names):
        if is_portable_xattr(name):
            yield name


def is_portable_xattr(name: str) -> bool:
    """Tell whether an extended attribute belongs to the file and not to this machine's overlayfs.

    ``user.overlay.*`` from outside would steer our overlay mounts (redirects, opaque directories).
    """
    if name.startswith("user."):
        return not name.startswith("user.overlay.")
    return name == "security.capability"


def _give(name: str, info: os.stat_result, fd: int) -> None:
    try:
        os.chown(name, info.st_uid, info.st_gid, dir_fd=fd, follow_symlinks=False)
    except OSError:
        pass


def tree_size(path: str) -> int:
    """Return the bytes in regular files below ``path``, hard links counted once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    waiting = [path]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        info = entry.stat(follow_symlinks=False)
                        if info.st_nlink == 1 or (info.st_dev, info.st_ino) not in seen:
                            seen.add((info.st_dev, info.st_ino))
                            total += info.st_size
        except OSError:
            continue  # removed meanwhile, or not ours to read
    return total
