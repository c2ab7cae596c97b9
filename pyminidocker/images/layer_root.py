"""The directory a layer is unpacked into, and the only ways to make something in it.

Parents are opened by the kernel as if the directory were ``/`` (openat2, RESOLVE_IN_ROOT); the
last component is made by calls that never follow a link.  So no entry of an archive, whatever its
name and whatever links came before it, can touch anything outside.

A directory's own time changes with everything that is made in it, so it is *finished* (owner, mode,
time) when the archive goes on elsewhere; when it comes back, the directory's state is noted first.
What is remembered is thus the way to the current directory, not every directory there is.

See: openat2(2); mknodat(2); Documentation/filesystems/overlayfs.rst, whiteouts and opaque
directories.
"""

import errno
import os
import stat

from msgspec import Struct

from pyminidocker.errors import IntegrityError, SystemFailure
from pyminidocker.images.beneath import open_root
from pyminidocker.images.tar_reader import Metadata
from pyminidocker.images.trees import is_portable_xattr, remove_tree_at
from pyminidocker.kernel.fd import open_in_root

OPAQUE_XATTR = "user.overlay.opaque"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SET_ID = stat.S_ISUID | stat.S_ISGID
_SPECIAL_BITS = 0o7000
_ID_MAX = (1 << 32) - 2
# As deep as a view of layers can look (images/view.py).
_DEPTH_MAX = 400


def is_whiteout(info: os.stat_result) -> bool:
    """Tell whether a file is overlayfs' mark for "deleted": a character device 0:0.

    See: Documentation/filesystems/overlayfs.rst, whiteouts and opaque directories.
    """
    return stat.S_ISCHR(info.st_mode) and info.st_rdev == 0


class _Pending(Struct):
    """A directory to finish when the archive has left it; ``is_owned`` ones keep their owner."""

    path: str
    metadata: Metadata
    is_owned: bool = False


class LayerRoot:
    """A directory being filled from a layer archive.

    Paths are relative to it, with single slashes and without ``.`` and ``..``; the empty path is
    the directory itself.

    Attributes:
        owners: true (uid, gid, mode) of paths for which this process may not set them.
    """

    def __init__(self, directory: str) -> None:
        self.owners: dict[str, tuple[int, int, int]] = {}
        self._root = open_root(directory)
        info = os.fstat(self._root)
        self._natural = (info.st_uid, info.st_gid)  # what new files get by themselves
        # ... except in setgid directories: once one was met, every owner is set explicitly.
        self._inherits = bool(info.st_mode & stat.S_ISGID)
        self._foreign: set[tuple[int, int]] = set()  # what chown refuses
        self._may_everything = os.geteuid() == 0
        self._late: dict[str, int] = {}  # modes that would lock this process out
        self._umask = _umask()
        self._pending: list[_Pending] = []  # each below the one before
        self._parent_path = ""
        self._parent_fd = os.dup(self._root)

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self._parent_fd)
        os.close(self._root)

    # -- directories

    def _enter(self, path: str) -> int:
        """Open the directory ``path`` to change what it holds; valid until the next call.

        Missing directories on the way are made, as mkdir -p would.
        """
        pending = self._pending
        if pending and pending[-1].path != path:
            self._leave(path)
        is_known = bool(pending) and pending[-1].path == path
        if is_known and path == self._parent_path:
            return self._parent_fd
        fd = self._open_or_make(path)
        if not pending or pending[-1].path != path:
            info = os.fstat(fd)
            mode = self._late.get(path, stat.S_IMODE(info.st_mode))
            noted = Metadata(mode, mtime_ns=info.st_mtime_ns)
            pending.append(_Pending(path, noted, is_owned=True))
            self._inherits |= bool(info.st_mode & stat.S_ISGID)
        os.close(self._parent_fd)
        self._parent_path, self._parent_fd = path, fd
        return fd

    def _open_or_make(self, path: str) -> int:
        try:
            return open_in_root(self._root, path, _DIRECTORY)
        except OSError as error:
            if error.errno != errno.ENOENT or not path:
                raise
        above, _, name = path.rpartition("/")
        if path.count("/") > _DEPTH_MAX:
            raise IntegrityError(f"layer entry nested more than {_DEPTH_MAX} deep: {path[:40]}...")
        parent = self._enter(above)
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
            self._pending.append(_Pending(path, Metadata(0o755)))
        except FileExistsError:
            pass  # a link that leads nowhere: opening says so
        return open_in_root(self._root, path, _DIRECTORY)

    def _leave(self, path: str) -> None:
        """Finish the directories that do not lead to ``path``."""
        pending = self._pending
        while pending:
            last = pending[-1].path
            if not last or last == path or path.startswith(f"{last}/"):
                return
            self._finish(pending.pop())

    def _finish(self, pending: _Pending) -> None:
        path = pending.path
        is_parent = path == self._parent_path
        try:
            fd = self._parent_fd if is_parent else open_in_root(self._root, path, _DIRECTORY)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return  # reached through a link that was replaced
            raise
        try:
            metadata = pending.metadata
            mode = metadata.mode
            if not pending.is_owned:
                mode = self._give(path, fd, metadata)
            if mode & 0o700 != 0o700 and not self._may_everything:
                self._late[path] = mode
                mode |= 0o700
            os.fchmod(fd, mode)
            if metadata.xattrs:
                _set_xattrs(fd, metadata.xattrs)
            os.utime(fd, ns=(metadata.mtime_ns, metadata.mtime_ns))
        finally:
            if not is_parent:
                os.close(fd)

    def finish(self) -> None:
        """Finish the directories that are left: the last thing to do.

        See: utimensat(2).
        """
        while self._pending:
            self._finish(self._pending.pop())
        # Deepest first: the way to a directory may lead through another one.
        for path in sorted(self._late, key=lambda path: path.count("/"), reverse=True):
            try:
                fd = open_in_root(self._root, path, _DIRECTORY)
            except FileNotFoundError:
                continue
            try:
                os.fchmod(fd, self._late[path])
            finally:
                os.close(fd)

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

    def _forget_below(self, path: str) -> None:
        """Drop what is known of a directory that goes, and of all in it."""
        below = f"{path}/"
        while self._pending and f"{self._pending[-1].path}/".startswith(below):
            self._pending.pop()
        for owned in [name for name in self.owners if f"{name}/".startswith(below)]:
            del self.owners[owned]
        for late in [name for name in self._late if f"{name}/".startswith(below)]:
            del self._late[late]

    def _go_home(self) -> None:
        """Let the layer's root be the current directory."""
        os.close(self._parent_fd)
        self._parent_path, self._parent_fd = "", os.dup(self._root)

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
                self._pending.append(_Pending("", metadata))
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
        self._pending.append(_Pending(path, metadata))
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
            _set_xattrs(fd, metadata.xattrs)
        os.utime(fd, ns=(metadata.mtime_ns, metadata.mtime_ns))

    def _give(self, path: str, fd: int, metadata: Metadata) -> int:
        """Give a file to its owner; return the mode it may have."""
        owner = (metadata.uid, metadata.gid)
        if owner == self._natural and not self._inherits:
            return metadata.mode
        if owner not in self._foreign:
            try:
                os.chown(fd, *_checked(owner))
            except OSError:
                self._foreign.add(owner)
            else:
                return metadata.mode
        return self._remember_owner(path, metadata)

    def _remember_owner(self, path: str, metadata: Metadata) -> int:
        """Keep what chown was not allowed to do; return the mode that is safe without it."""
        self.owners[path] = (metadata.uid, metadata.gid, metadata.mode)
        if metadata.uid == 0:
            return metadata.mode
        # setuid to somebody must not become setuid to whoever owns the file now.
        return metadata.mode & ~_SET_ID

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
                os.chown(name, *_checked(owner), dir_fd=parent, follow_symlinks=False)
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


def _checked(owner: tuple[int, int]) -> tuple[int, int]:
    """Refuse ids that chown(2) would take for "leave it as it is" or for something else."""
    if not (0 <= owner[0] <= _ID_MAX and 0 <= owner[1] <= _ID_MAX):
        raise IntegrityError(f"layer entry with an impossible owner: {owner[0]}:{owner[1]}")
    return owner


def _umask() -> int:
    """Return this process's umask, which only changing it would tell otherwise.

    See: proc_pid_status(5), Umask.
    """
    with open("/proc/self/status", "rb") as file:
        for line in file:
            if line.startswith(b"Umask:"):
                return int(line.split()[1], 8)
    return 0o777


def _set_xattrs(fd: int, xattrs: dict[str, bytes]) -> None:
    for name, value in xattrs.items():
        if is_portable_xattr(name):
            try:
                os.setxattr(fd, name, value)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise
                # file capabilities need privilege, user attributes a willing file system
