"""The directory a layer is unpacked into, and the only ways to make something in it.

Parents are opened by the kernel as if the directory were ``/`` (openat2, RESOLVE_IN_ROOT); the
last component is made by calls that never follow a link.  So no entry of an archive, whatever its
name and whatever links came before it, can touch anything outside.

See: openat2(2); mknodat(2); Documentation/filesystems/overlayfs.rst, whiteouts and opaque
directories.
"""

import errno
import os
import stat

from msgspec import Struct, field

from pyminidocker.errors import IntegrityError, SystemFailure
from pyminidocker.images.beneath import open_root
from pyminidocker.images.trees import is_portable_xattr, remove_tree_at
from pyminidocker.kernel.fd import open_in_root

OPAQUE_XATTR = "user.overlay.opaque"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_SET_ID = stat.S_ISUID | stat.S_ISGID


def is_whiteout(info: os.stat_result) -> bool:
    """Tell whether a file is overlayfs' mark for "deleted": a character device 0:0.

    See: Documentation/filesystems/overlayfs.rst, whiteouts and opaque directories.
    """
    return stat.S_ISCHR(info.st_mode) and info.st_rdev == 0


class Metadata(Struct):
    """What an archive says of an entry besides its content.

    Attributes:
        mode: permission bits with setuid, setgid and sticky.
        uid: owner.
        gid: group.
        mtime_ns: time of the last change, nanoseconds since the epoch.
        xattrs: extended attributes.
    """

    mode: int
    uid: int = 0
    gid: int = 0
    mtime_ns: int = 0
    xattrs: dict[str, bytes] = field(default_factory=dict)


class LayerRoot:
    """A directory being filled from a layer archive.

    Attributes:
        owners: true (uid, gid, mode) of paths for which this process may not set them.
    """

    def __init__(self, directory: str) -> None:
        self.owners: dict[str, tuple[int, int, int]] = {}
        self._directory = directory
        self._root = open_root(directory)
        self._directories: dict[str, Metadata] = {}
        self._whiteouts: set[str] = set()
        self._parent_path = ""
        self._parent_fd = os.dup(self._root)

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self._parent_fd)
        os.close(self._root)

    def _open_parent(self, parts: list[str]) -> int:
        """Open the directory that holds the entry ``parts``; valid until the next call."""
        path = "/".join(parts[:-1])
        if path != self._parent_path:
            fd = self._open_or_make(parts[:-1])
            os.close(self._parent_fd)
            self._parent_path, self._parent_fd = path, fd
        return self._parent_fd

    def _open_or_make(self, parts: list[str]) -> int:
        path = "/".join(parts)
        try:
            return open_in_root(self._root, path, _DIRECTORY)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
        # An archive may leave out directories; make them as mkdir -p would.
        for depth in range(1, len(parts) + 1):
            parent = open_in_root(self._root, "/".join(parts[: depth - 1]), _DIRECTORY)
            try:
                os.mkdir(parts[depth - 1], 0o755, dir_fd=parent)
                self._directories.setdefault("/".join(parts[:depth]), Metadata(0o755))
            except FileExistsError:
                pass
            finally:
                os.close(parent)
        return open_in_root(self._root, path, _DIRECTORY)

    def _forget_parent(self) -> None:
        """Drop the remembered parent: what its path means may have changed."""
        os.close(self._parent_fd)
        self._parent_path, self._parent_fd = "", os.dup(self._root)

    def _clear(self, parent: int, name: str, path: str) -> bool:
        """Make way for a new entry; tell whether a whiteout was there."""
        try:
            info = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return False
        if stat.S_ISDIR(info.st_mode):
            remove_tree_at(parent, name)
            self._directories = {
                known: metadata
                for known, metadata in self._directories.items()
                if known != path and not known.startswith(f"{path}/")
            }
            self._forget_parent()
        else:
            os.unlink(name, dir_fd=parent)
        return is_whiteout(info)

    def make_directory(self, parts: list[str], metadata: Metadata) -> None:
        """Make a directory, or take over one that is there.

        See: mkdirat(2).
        """
        path = "/".join(parts)
        self._directories[path] = metadata
        if not parts:
            return
        parent = self._open_parent(parts)
        try:
            os.mkdir(parts[-1], 0o700, dir_fd=parent)
            return
        except FileExistsError:
            info = os.stat(parts[-1], dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISDIR(info.st_mode):
            was_whiteout = self._clear(parent, parts[-1], path)
            os.mkdir(parts[-1], 0o700, dir_fd=parent)
            if was_whiteout:
                self.make_opaque(parts)

    def open_file(self, parts: list[str]) -> int:
        """Create an empty regular file and return a descriptor for writing it.

        See: open(2), O_EXCL and O_NOFOLLOW.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        parent = self._open_parent(parts)
        try:
            return os.open(parts[-1], flags, 0o600, dir_fd=parent)
        except FileExistsError:
            self._clear(parent, parts[-1], "/".join(parts))
        return os.open(parts[-1], flags, 0o600, dir_fd=self._open_parent(parts))

    def finish_file(self, parts: list[str], fd: int, metadata: Metadata) -> None:
        """Give a file its owner, mode, attributes and time, in the order that keeps setuid.

        See: chown(2), "the S_ISUID and S_ISGID mode bits are cleared".
        """
        on_disk = metadata.mode
        try:
            os.chown(fd, metadata.uid, metadata.gid)
        except OSError:
            on_disk = self._remember_owner(parts, metadata)
        os.fchmod(fd, on_disk)
        _set_xattrs(fd, metadata.xattrs)
        os.utime(fd, ns=(metadata.mtime_ns, metadata.mtime_ns))

    def _remember_owner(self, parts: list[str], metadata: Metadata) -> int:
        """Keep what chown was not allowed to do; return the mode that is safe without it."""
        self.owners["/".join(parts)] = (metadata.uid, metadata.gid, metadata.mode)
        if metadata.uid == 0:
            return metadata.mode
        # setuid to somebody must not become setuid to whoever owns the file now.
        return metadata.mode & ~_SET_ID

    def make_symlink(self, parts: list[str], target: str, metadata: Metadata) -> None:
        """Make a symbolic link; its target is only text here.

        See: symlinkat(2).
        """
        self._clear(self._open_parent(parts), parts[-1], "/".join(parts))
        parent = self._open_parent(parts)
        os.symlink(target, parts[-1], dir_fd=parent)
        self._finish_special(parent, parts, metadata, has_mode=False)

    def make_hard_link(self, parts: list[str], target: list[str]) -> None:
        """Give a file of this layer a further name.

        Raises:
            IntegrityError: the layer has no such file.

        See: linkat(2).
        """
        name, wanted = "/".join(parts), "/".join(target)
        if name == wanted:
            return
        if not target:
            raise IntegrityError(f"{name}: hard link to a directory")
        try:
            source = open_in_root(self._root, "/".join(target[:-1]), _DIRECTORY)
        except OSError as error:
            raise IntegrityError(f"{name}: hard link to missing {wanted}") from error
        try:
            self._clear(self._open_parent(parts), parts[-1], name)
            os.link(
                target[-1],
                parts[-1],
                src_dir_fd=source,
                dst_dir_fd=self._open_parent(parts),
                follow_symlinks=False,
            )
        except (FileNotFoundError, PermissionError) as error:
            raise IntegrityError(f"{name}: hard link to missing {wanted}") from error
        finally:
            os.close(source)

    def make_node(self, parts: list[str], mode: int, device: int, metadata: Metadata) -> None:
        """Make a fifo or a device node.

        Args:
            parts: the path.
            mode: S_IFIFO, S_IFCHR or S_IFBLK.
            device: device number.
            metadata: the rest.

        Raises:
            PermissionError: an ordinary user (or a user namespace) may not make device nodes.

        See: mknodat(2).
        """
        self._clear(self._open_parent(parts), parts[-1], "/".join(parts))
        parent = self._open_parent(parts)
        os.mknod(parts[-1], mode | 0o600, device, dir_fd=parent)
        self._finish_special(parent, parts, metadata, has_mode=True)

    def _finish_special(
        self, parent: int, parts: list[str], metadata: Metadata, *, has_mode: bool
    ) -> None:
        mode = metadata.mode
        try:
            os.chown(parts[-1], metadata.uid, metadata.gid, dir_fd=parent, follow_symlinks=False)
        except OSError:
            mode = self._remember_owner(parts, metadata)
        if has_mode:
            os.chmod(parts[-1], mode, dir_fd=parent)
        times = (metadata.mtime_ns, metadata.mtime_ns)
        os.utime(parts[-1], ns=times, dir_fd=parent, follow_symlinks=False)

    def make_whiteout(self, parts: list[str]) -> None:
        """Mark ``parts`` as deleted from the layers below.

        When this layer itself has something there, it hides what is below already, except a
        directory, which must be opaque for that.

        See: Documentation/filesystems/overlayfs.rst, whiteouts and opaque directories.
        """
        parent = self._open_parent(parts)
        try:
            # Linux 5.8 lets everybody make this one device: it stands for nothing.
            os.mknod(parts[-1], stat.S_IFCHR, os.makedev(0, 0), dir_fd=parent)
        except FileExistsError:
            info = os.stat(parts[-1], dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                self.make_opaque(parts)
        except PermissionError as error:
            raise SystemFailure(
                f"cannot make a whiteout for {'/'.join(parts)}: {error.strerror}",
                hint="whiteouts of ordinary users need Linux 5.8 or newer",
            ) from error

    def make_opaque(self, parts: list[str]) -> None:
        """Make a directory hide everything that lower layers have in it.

        See: Documentation/filesystems/overlayfs.rst, userxattr.
        """
        fd = self._open_or_make(parts)
        try:
            os.setxattr(fd, OPAQUE_XATTR, b"y")
        except OSError as error:
            raise SystemFailure(
                f"cannot mark {'/'.join(parts) or '/'} opaque: {error.strerror}",
                hint="the engine's state directory needs a file system with user extended"
                " attributes, such as ext4, xfs or btrfs (MINIDOCKER_ROOT moves it)",
            ) from error
        finally:
            os.close(fd)

    def finish_directories(self) -> None:
        """Give directories their owners, modes and times, deepest first: done last of all.

        See: utimensat(2).
        """
        for path in sorted(self._directories, key=lambda path: path.count("/"), reverse=True):
            fd = open_in_root(self._root, path, _DIRECTORY | os.O_NOFOLLOW)
            try:
                self.finish_file([path] if path else [], fd, self._directories[path])
            finally:
                os.close(fd)


def _set_xattrs(fd: int, xattrs: dict[str, bytes]) -> None:
    for name, value in xattrs.items():
        if is_portable_xattr(name):
            try:
                os.setxattr(fd, name, value)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise
                # file capabilities need privilege, user attributes a willing file system
