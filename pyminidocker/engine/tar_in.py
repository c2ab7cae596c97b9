"""Unpack a tar stream into a directory of a container without ever leaving its root.

Both the archive and the container are strangers.  Every directory is opened by openat2(2) with
RESOLVE_IN_ROOT, so absolute links, ``..`` and links exchanged while we work lead to places inside
the container and nowhere else; the last component is made with O_EXCL or replaced, never followed.

See: openat2(2); moby pkg/archive/archive.go for what replaces what.
"""

import os
import stat
import tarfile
from typing import IO

from pyminidocker.engine.container_paths import clean
from pyminidocker.errors import InvalidArgument, SystemFailure
from pyminidocker.images.atomic import disk_failure
from pyminidocker.images.layer_directories import set_xattrs
from pyminidocker.images.trees import remove_tree_at
from pyminidocker.kernel.fd import make_in_root, open_in_root
from pyminidocker.kernel.libc import SyscallError

_CHUNK = 256 * 1024
_XATTR = "SCHILY.xattr."
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Unpacker:
    """Unpacks one archive.

    Args:
        root_fd: the container's root directory.
        target: directory below it, as the container sees it; must exist.
        keeps_kinds: a directory must not replace a file, nor a file a directory.
        owner: (uid, gid) for everything; None takes the archive's.
        sets_root: the archive's entry of ``.`` changes the target directory itself.
    """

    def __init__(
        self,
        root_fd: int,
        target: str,
        *,
        keeps_kinds: bool = False,
        owner: tuple[int, int] | None = None,
        sets_root: bool = False,
    ) -> None:
        self._root_fd = root_fd
        self._target = target
        self._sets_root = sets_root
        self._keeps_kinds = keeps_kinds
        self._owner = owner
        self._directories: list[tuple[str, tarfile.TarInfo]] = []

    def unpack(self, file: IO[bytes]) -> None:
        """Unpack the archive, plain or compressed with gzip, bzip2 or xz.

        Raises:
            InvalidArgument: not a tar archive, or a forbidden replacement.
            SystemFailure: disk full, read-only file system.
        """
        entry: tarfile.TarInfo | None = None
        try:
            with tarfile.open(fileobj=file, mode="r|*") as archive:
                for entry in archive:
                    self._add(archive, entry)
        except tarfile.ReadError as error:
            if "empty file" in str(error):
                return
            raise InvalidArgument(f"Error processing tar file: {error}") from error
        except (tarfile.TarError, EOFError) as error:
            raise InvalidArgument(f"Error processing tar file: {error}") from error
        except OSError as error:
            what = f"{self._target.rstrip('/')}{clean(entry.name)}" if entry else self._target
            failure = disk_failure(error, f"writing {what}")
            raise SystemFailure(
                f"Error processing tar file: {failure}", hint=failure.hint
            ) from error
        for path, entry in reversed(self._directories):
            self._finish_directory(path, entry)

    def _add(self, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
        inside = clean(entry.name)
        path = clean(f"{self._target}{inside}")
        if inside == "/":
            if entry.isdir():  # "." is the target itself, which as a rule keeps what it has
                if self._sets_root:
                    self._directories.append((path, entry))
                return
            raise InvalidArgument(f"Error processing tar file: bad name {entry.name!r}")
        parent_path, _, name = path.rpartition("/")
        parent_fd = make_in_root(self._root_fd, parent_path or "/", is_dir=True)
        try:
            if self._clear(parent_fd, name, entry):
                self._make(archive, entry, parent_fd, name)
            if entry.isdir():
                self._directories.append((path, entry))
            else:
                self._set_owner(parent_fd, name, entry)
        finally:
            os.close(parent_fd)

    def _clear(self, parent_fd: int, name: str, entry: tarfile.TarInfo) -> bool:
        """Make room for an entry; False when the directory is there already."""
        try:
            info = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
        except FileNotFoundError:
            return True
        is_dir = stat.S_ISDIR(info.st_mode)
        if self._keeps_kinds and is_dir != entry.isdir():
            there, new = (
                ("directory", "non-directory") if is_dir else ("non-directory", "directory")
            )
            raise InvalidArgument(f'cannot overwrite {there} "{name}" with {new} "{self._target}"')
        if is_dir:
            if entry.isdir():
                return False
            remove_tree_at(parent_fd, name)
        else:
            os.unlink(name, dir_fd=parent_fd)
        return True

    def _make(
        self, archive: tarfile.TarFile, entry: tarfile.TarInfo, parent_fd: int, name: str
    ) -> None:
        mode = entry.mode & 0o7777
        if entry.isdir():
            os.mkdir(name, 0o700, dir_fd=parent_fd)
        elif entry.isreg():
            self._make_file(archive, entry, parent_fd, name)
        elif entry.issym():
            os.symlink(entry.linkname, name, dir_fd=parent_fd)
        elif entry.islnk():
            self._make_link(entry, parent_fd, name)
        elif entry.isfifo():
            os.mkfifo(name, mode, dir_fd=parent_fd)
        elif entry.ischr() or entry.isblk():
            kind = stat.S_IFCHR if entry.ischr() else stat.S_IFBLK
            os.mknod(
                name, kind | mode, os.makedev(entry.devmajor, entry.devminor), dir_fd=parent_fd
            )

    def _make_file(
        self, archive: tarfile.TarFile, entry: tarfile.TarInfo, parent_fd: int, name: str
    ) -> None:
        source = archive.extractfile(entry)
        fd = os.open(name, _NEW_FILE, 0o600, dir_fd=parent_fd)
        try:
            while source is not None and (chunk := source.read(_CHUNK)):
                rest = memoryview(chunk)
                while rest:
                    rest = rest[os.write(fd, rest) :]
            self._finish(fd, entry)
        except BaseException:
            os.unlink(name, dir_fd=parent_fd)  # half a file is worse than none
            raise
        finally:
            os.close(fd)

    def _make_link(self, entry: tarfile.TarInfo, parent_fd: int, name: str) -> None:
        source = clean(f"{self._target}{clean(entry.linkname)}")
        directory, _, base = source.rpartition("/")
        fd = open_in_root(self._root_fd, directory or "/", os.O_PATH | os.O_DIRECTORY)
        try:
            os.link(base, name, src_dir_fd=fd, dst_dir_fd=parent_fd, follow_symlinks=False)
        finally:
            os.close(fd)

    def _own(self, fd: int, entry: tarfile.TarInfo) -> None:
        uid, gid = self._owner or (entry.uid, entry.gid)
        try:
            os.fchown(fd, uid, gid)
        except OSError:
            pass  # an id this lab has not got: the file stays root's

    def _finish(self, fd: int, entry: tarfile.TarInfo) -> None:
        """Set what a file or directory has beside its content; a new owner takes marks away."""
        self._own(fd, entry)
        os.fchmod(fd, entry.mode & 0o7777)
        set_xattrs(fd, _xattrs(entry))
        os.utime(fd, ns=_times(entry))

    def _set_owner(self, parent_fd: int, name: str, entry: tarfile.TarInfo) -> None:
        if entry.isreg() or entry.islnk():
            return
        uid, gid = self._owner or (entry.uid, entry.gid)
        try:
            os.chown(name, uid, gid, dir_fd=parent_fd, follow_symlinks=False)
        except OSError:
            pass
        os.utime(name, ns=_times(entry), dir_fd=parent_fd, follow_symlinks=False)

    def _finish_directory(self, path: str, entry: tarfile.TarInfo) -> None:
        """Set a directory's attributes last, when nothing is written into it any more."""
        try:
            fd = open_in_root(self._root_fd, path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except SyscallError:
            return  # replaced by a later entry
        try:
            self._finish(fd, entry)
        finally:
            os.close(fd)


def _times(entry: tarfile.TarInfo) -> tuple[int, int]:
    """Return the entry's time, in nanoseconds, as the times of access and change."""
    whole, _, part = entry.pax_headers.get("mtime", "").partition(".")
    if whole.isdigit() and part.isdigit():  # a float has not enough digits
        ns = int(whole) * 10**9 + int(part[:9].ljust(9, "0"))
    else:
        ns = int(entry.mtime * 10**9)
    return ns, ns


def _xattrs(entry: tarfile.TarInfo) -> dict[str, bytes]:
    return {
        name.removeprefix(_XATTR): value.encode(errors="surrogateescape")
        for name, value in entry.pax_headers.items()
        if name.startswith(_XATTR)
    }
