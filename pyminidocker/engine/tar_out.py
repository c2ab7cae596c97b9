"""Pack a file or directory of a container as a tar stream, through descriptors only.

Nothing is ever looked up by a path the container could exchange for a link meanwhile: every
directory is opened relative to its parent, and links are packed as links.

See: tar(5); openat(2).
"""

import os
import stat
import tarfile
from collections.abc import Iterator

_CHUNK = 256 * 1024
_NO_FOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def pack(parent_fd: int, name: str, shown: str) -> Iterator[bytes]:
    """Yield the tar of ``name``, itself included.

    Args:
        parent_fd: the directory it is in.
        name: one path component; "." packs ``parent_fd`` itself.
        shown: how the archive calls it.

    Raises:
        OSError: it cannot be read.
    """
    seen: dict[tuple[int, int], str] = {}
    yield from _pack(parent_fd, name, shown, seen)
    yield tarfile.NUL * (2 * tarfile.BLOCKSIZE)


def _pack(
    parent_fd: int, name: str, shown: str, seen: dict[tuple[int, int], str]
) -> Iterator[bytes]:
    info = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
    if stat.S_ISSOCK(info.st_mode):
        return  # tar has no sockets
    entry = tarfile.TarInfo(shown)
    entry.mode = stat.S_IMODE(info.st_mode)
    entry.uid, entry.gid = info.st_uid, info.st_gid
    entry.uname = "root" if info.st_uid == 0 else ""
    entry.gname = "root" if info.st_gid == 0 else ""
    entry.mtime = int(info.st_mtime)
    if stat.S_ISDIR(info.st_mode):
        entry.type = tarfile.DIRTYPE
        entry.name = shown if shown.endswith("/") else f"{shown}/"
        yield _head(entry)
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW, dir_fd=parent_fd)
        try:
            with os.scandir(fd) as entries:
                children = sorted(item.name for item in entries)
            for child in children:
                try:
                    yield from _pack(fd, child, f"{entry.name}{child}", seen)
                except (FileNotFoundError, PermissionError):
                    continue  # deleted meanwhile, or not for us to read: as moby, without it
        finally:
            os.close(fd)
        return
    if info.st_nlink > 1:
        first = seen.setdefault((info.st_dev, info.st_ino), shown)
        if first != shown:
            entry.type, entry.linkname = tarfile.LNKTYPE, first
            yield _head(entry)
            return
    if stat.S_ISREG(info.st_mode):
        yield from _pack_file(parent_fd, name, entry)
        return
    if stat.S_ISLNK(info.st_mode):
        entry.type = tarfile.SYMTYPE
        entry.linkname = os.readlink(name, dir_fd=parent_fd)
    elif stat.S_ISFIFO(info.st_mode):
        entry.type = tarfile.FIFOTYPE
    else:
        entry.type = tarfile.CHRTYPE if stat.S_ISCHR(info.st_mode) else tarfile.BLKTYPE
        entry.devmajor, entry.devminor = os.major(info.st_rdev), os.minor(info.st_rdev)
    yield _head(entry)


def _pack_file(parent_fd: int, name: str, entry: tarfile.TarInfo) -> Iterator[bytes]:
    fd = os.open(name, os.O_RDONLY | _NO_FOLLOW, dir_fd=parent_fd)
    try:
        # The size is promised in the head; a file that grows or shrinks meanwhile is cut or filled.
        entry.size = left = os.fstat(fd).st_size
        yield _head(entry)
        while left > 0:
            chunk = os.read(fd, min(_CHUNK, left)) or bytes(min(_CHUNK, left))
            left -= len(chunk)
            yield chunk
        if rest := entry.size % tarfile.BLOCKSIZE:
            yield bytes(tarfile.BLOCKSIZE - rest)
    finally:
        os.close(fd)


def _head(entry: tarfile.TarInfo) -> bytes:
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
