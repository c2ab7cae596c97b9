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

from pyminidocker.errors import IntegrityError, SystemFailure
from pyminidocker.images.layer_directories import LayerDirectories, Pending, checked, set_xattrs
from pyminidocker.images.tar_reader import Metadata
from pyminidocker.images.trees import remove_tree_at
from pyminidocker.kernel.fd import open_in_root

OPAQUE_XATTR = "user.overlay.opaque"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SPECIAL_BITS = 0o7000


def is_whiteout(info: os.stat_result) -> bool:
    """Tell whether a file is overlayfs' mark for "deleted": a character device 0:0.

    See: Documentation/filesystems/overlayfs.rst, whiteouts and opaque directories.
    """
    return stat.S_ISCHR(info.st_mode) and info.st_rdev == 0


class LayerRoot(LayerDirectories):
    """A directory being filled from a layer archive; see ``LayerDirectories`` for its paths."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory)
        self._umask = _umask()

    def _clear(self, parent: int, name: str, path: str) -> bool:
        """Make way for a new entry; tell whether a whiteout was there.

        Whoever calls this enters the parent again afterwards.
        """
        try:
            info = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return False
        if self.owners:
            self.owners.pop(path, None)
        if stat.S_ISDIR(info.st_mode):
            self._forget_below(path)
            remove_tree_at(parent, name)
        else:
            if stat.S_ISLNK(info.st_mode):
                self._leave("/")  # what paths through this link mean is about to change
                self._go_home()
                parent = self._enter(path.rpartition("/")[0])
            os.unlink(name, dir_fd=parent)
        return is_whiteout(info)

    def make_directory(self, path: str, metadata: Metadata) -> None:
        """Make a directory, or take over one that is there.

        Raises:
            IntegrityError: nested too deeply.

        See: mkdirat(2).
        """
        if not path:
            self._leave("")
            if self._pending:
                self._pending[-1].metadata, self._pending[-1].is_owned = metadata, False
            else:
                self._pending.append(Pending("", metadata))
            return
        above, _, name = path.rpartition("/")
        parent = self._enter(above)
        was_whiteout = False
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            info = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if not stat.S_ISDIR(info.st_mode):
                was_whiteout = self._clear(parent, name, path)
                os.mkdir(name, 0o700, dir_fd=self._enter(above))
            else:
                self.owners.pop(path, None)
                self._late.pop(path, None)
        self._leave(path)
        if self._pending[-1].path == path:
            self._pending.pop()
        self._pending.append(Pending(path, metadata))
        if was_whiteout:
            self.make_opaque(path)

    # -- files

    def make_file(self, path: str, metadata: Metadata) -> int:
        """Create an empty regular file and return a descriptor for writing it.

        See: open(2), O_EXCL and O_NOFOLLOW.
        """
        above, _, name = path.rpartition("/")
        parent = self._enter(above)
        mode = metadata.mode & 0o777
        try:
            return os.open(name, _NEW_FILE, mode, dir_fd=parent)
        except FileExistsError:
            self._clear(parent, name, path)
        return os.open(name, _NEW_FILE, mode, dir_fd=self._enter(above))

    def finish_file(self, path: str, fd: int, metadata: Metadata) -> None:
        """Give a file its owner, mode, attributes and time, in the order that keeps setuid.

        See: chown(2), "the S_ISUID and S_ISGID mode bits are cleared".
        """
        mode = self._give(path, fd, metadata)
        if mode & (self._umask | _SPECIAL_BITS) or mode != metadata.mode:
            os.fchmod(fd, mode)  # otherwise open(2) has set it
        if metadata.xattrs:
            set_xattrs(fd, metadata.xattrs)
        os.utime(fd, ns=(metadata.mtime_ns, metadata.mtime_ns))

    def make_symlink(self, path: str, target: str, metadata: Metadata) -> None:
        """Make a symbolic link; its target is only text here.

        See: symlinkat(2).
        """
        above, _, name = path.rpartition("/")
        parent = self._enter(above)
        try:
            os.symlink(target, name, dir_fd=parent)
        except FileExistsError:
            self._clear(parent, name, path)
            parent = self._enter(above)
            os.symlink(target, name, dir_fd=parent)
        self._finish_special(parent, path, name, metadata, has_mode=False)

    def make_hard_link(self, path: str, target: str) -> None:
        """Give a file of this layer a further name.

        Raises:
            IntegrityError: the layer has no such file.

        See: linkat(2).
        """
        if path == target:
            return
        if not target:
            raise IntegrityError(f"{path}: hard link to a directory")
        above, _, name = path.rpartition("/")
        directory, _, source_name = target.rpartition("/")
        missing = f"{path}: hard link to missing {target}"
        try:
            source = open_in_root(self._root, directory, _DIRECTORY)
        except OSError as error:
            raise IntegrityError(missing) from error
        try:
            info = os.stat(source_name, dir_fd=source, follow_symlinks=False)
            if is_whiteout(info):
                raise IntegrityError(missing)
            self._clear(self._enter(above), name, path)
            os.link(
                source_name,
                name,
                src_dir_fd=source,
                dst_dir_fd=self._enter(above),
                follow_symlinks=False,
            )
        except (FileNotFoundError, PermissionError) as error:
            raise IntegrityError(missing) from error
        finally:
            os.close(source)
        if target in self.owners:
            self.owners[path] = self.owners[target]

    def make_node(self, path: str, kind: int, device: int, metadata: Metadata) -> None:
        """Make a fifo or a device node.

        Args:
            path: where.
            kind: S_IFIFO, S_IFCHR or S_IFBLK.
            device: device number.
            metadata: the rest.

        Raises:
            PermissionError: an ordinary user (or a user namespace) may not make device nodes.

        See: mknodat(2).
        """
        above, _, name = path.rpartition("/")
        self._clear(self._enter(above), name, path)
        parent = self._enter(above)
        os.mknod(name, kind | 0o600, device, dir_fd=parent)
        self._finish_special(parent, path, name, metadata, has_mode=True)

    def _finish_special(
        self, parent: int, path: str, name: str, metadata: Metadata, *, has_mode: bool
    ) -> None:
        mode = metadata.mode
        owner = (metadata.uid, metadata.gid)
        if owner != self._natural or self._inherits:
            try:
                if owner in self._foreign:
                    raise PermissionError
                os.chown(name, *checked(owner), dir_fd=parent, follow_symlinks=False)
            except OSError:
                self._foreign.add(owner)
                mode = self._remember_owner(path, metadata)
        if has_mode:
            os.chmod(name, mode, dir_fd=parent)
        times = (metadata.mtime_ns, metadata.mtime_ns)
        os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)

    # -- overlayfs' marks

    def make_whiteout(self, path: str) -> None:
        """Mark ``path`` as deleted from the layers below.

        When this layer itself has something there, it hides what is below already, except a
        directory, which must be opaque for that.

        See: Documentation/filesystems/overlayfs.rst, whiteouts and opaque directories.
        """
        above, _, name = path.rpartition("/")
        parent = self._enter(above)
        try:
            # Linux 5.8 lets everybody make this one device: it stands for nothing.
            os.mknod(name, stat.S_IFCHR, os.makedev(0, 0), dir_fd=parent)
        except FileExistsError:
            info = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                self.make_opaque(path)
        except PermissionError as error:
            raise SystemFailure(
                f"cannot make a whiteout for {path}: {error.strerror}",
                hint="whiteouts of ordinary users need Linux 5.8 or newer",
            ) from error

    def make_opaque(self, path: str) -> None:
        """Make a directory hide everything that lower layers have in it.

        See: Documentation/filesystems/overlayfs.rst, userxattr.
        """
        try:
            os.setxattr(self._enter(path), OPAQUE_XATTR, b"y")
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise
            raise SystemFailure(
                f"cannot mark {path or '/'} opaque: {error.strerror}",
                hint="the engine's state directory needs a file system with user extended"
                " attributes, such as ext4, xfs or btrfs (MINIDOCKER_ROOT moves it)",
            ) from error


def _umask() -> int:
    """Return this process's umask, which only changing it would tell otherwise.

    See: proc_pid_status(5), Umask.
    """
    with open("/proc/self/status", "rb") as file:
        for line in file:
            if line.startswith(b"Umask:"):
                return int(line.split()[1], 8)
    return 0o777
