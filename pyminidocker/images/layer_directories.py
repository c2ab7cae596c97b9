"""Where in a layer the unpacker is: the way to the current directory, and what is still to be done.

A directory's own time changes with everything that is made in it, so it is *finished* (owner, mode,
time) when the archive goes on elsewhere; when it comes back, the directory's state is noted first.
What is remembered is thus the way to the current directory, not every directory there is.

Directories are opened by the kernel as if the layer were ``/``: links in an archive lead to places
inside and nowhere else.

See: openat2(2), RESOLVE_IN_ROOT; utimensat(2); chown(2).
"""

import errno
import os
import stat

from msgspec import Struct

from pyminidocker.errors import IntegrityError
from pyminidocker.images.beneath import open_root
from pyminidocker.images.tar_reader import Metadata
from pyminidocker.images.trees import is_portable_xattr
from pyminidocker.kernel.fd import open_in_root

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_SET_ID = stat.S_ISUID | stat.S_ISGID
_ID_MAX = (1 << 32) - 2
# As deep as a view of layers can look (images/view.py).
_DEPTH_MAX = 400


class Pending(Struct):
    """A directory to finish when the archive has left it; ``is_owned`` ones keep their owner."""

    path: str
    metadata: Metadata
    is_owned: bool = False


class LayerDirectories:
    """The directories of a layer that is being filled.

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
        self._pending: list[Pending] = []  # each below the one before
        self._parent_path = ""
        self._parent_fd = os.dup(self._root)

    def close(self) -> None:
        """Close the descriptors."""
        os.close(self._parent_fd)
        os.close(self._root)

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
            pending.append(Pending(path, noted, is_owned=True))
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
            self._pending.append(Pending(path, Metadata(0o755)))
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

    def _finish(self, pending: Pending) -> None:
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
                set_xattrs(fd, metadata.xattrs)
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

    def _give(self, path: str, fd: int, metadata: Metadata) -> int:
        """Give a file to its owner; return the mode it may have."""
        owner = (metadata.uid, metadata.gid)
        if owner == self._natural and not self._inherits:
            return metadata.mode
        if owner not in self._foreign:
            try:
                os.chown(fd, *checked(owner))
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


def checked(owner: tuple[int, int]) -> tuple[int, int]:
    """Refuse ids that chown(2) would take for "leave it as it is" or for something else."""
    if not (0 <= owner[0] <= _ID_MAX and 0 <= owner[1] <= _ID_MAX):
        raise IntegrityError(f"layer entry with an impossible owner: {owner[0]}:{owner[1]}")
    return owner


def set_xattrs(fd: int, xattrs: dict[str, bytes]) -> None:
    """Set the extended attributes that belong to a file, as far as this disk and process can.

    See: setxattr(2); capabilities(7), "File capabilities".
    """
    for name, value in xattrs.items():
        if is_portable_xattr(name):
            try:
                os.setxattr(fd, name, value)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise
                # file capabilities need privilege, user attributes a willing file system
