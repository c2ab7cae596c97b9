"""Pack a file or directory of a container as a tar stream, through descriptors only.

Nothing is ever looked up by a path the container could exchange for a link meanwhile: every
directory is opened relative to its parent, and links are packed as links.

See: tar(5); openat(2).
"""

import os
import stat
import tarfile
from collections.abc import Iterator

from pyminidocker.images.tar_writer import Member, content, end_of_archive, header
from pyminidocker.images.trees import xattr_names

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
    yield end_of_archive()


def _pack(
    parent_fd: int, name: str, shown: str, seen: dict[tuple[int, int], str]
) -> Iterator[bytes]:
    info = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
    if stat.S_ISSOCK(info.st_mode):
        return  # tar has no sockets
    member = Member(
        shown,
        mode=stat.S_IMODE(info.st_mode),
        uid=info.st_uid,
        gid=info.st_gid,
        mtime_ns=info.st_mtime_ns,
    )
    if stat.S_ISDIR(info.st_mode):
        yield from _pack_directory(parent_fd, name, member, seen)
        return
    if info.st_nlink > 1:
        first = seen.setdefault((info.st_dev, info.st_ino), shown)
        if first != shown:
            member.type, member.target = tarfile.LNKTYPE, first
            yield header(member)
            return
    if stat.S_ISREG(info.st_mode):
        yield from _pack_file(parent_fd, name, member)
        return
    if stat.S_ISLNK(info.st_mode):
        member.type = tarfile.SYMTYPE
        member.target = os.readlink(name, dir_fd=parent_fd)
    elif stat.S_ISFIFO(info.st_mode):
        member.type = tarfile.FIFOTYPE
    else:
        member.type = tarfile.CHRTYPE if stat.S_ISCHR(info.st_mode) else tarfile.BLKTYPE
        member.device = info.st_rdev
    yield header(member)


def _pack_directory(
    parent_fd: int, name: str, member: Member, seen: dict[tuple[int, int], str]
) -> Iterator[bytes]:
    member.type = tarfile.DIRTYPE
    yield header(member)
    fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW, dir_fd=parent_fd)
    try:
        with os.scandir(fd) as entries:
            children = sorted(item.name for item in entries)
        for child in children:
            try:
                yield from _pack(fd, child, f"{member.path.rstrip('/')}/{child}", seen)
            except (FileNotFoundError, PermissionError):
                continue  # deleted meanwhile, or not for us to read: as moby, without it
    finally:
        os.close(fd)


def _pack_file(parent_fd: int, name: str, member: Member) -> Iterator[bytes]:
    fd = os.open(name, os.O_RDONLY | _NO_FOLLOW, dir_fd=parent_fd)
    try:
        # The size is promised in the head; a file that grows or shrinks meanwhile is cut or filled.
        member.size = os.fstat(fd).st_size
        member.xattrs = {attribute: os.getxattr(fd, attribute) for attribute in xattr_names(fd)}
        yield header(member)
        yield from content(iter(lambda: os.read(fd, _CHUNK), b""), member.size)
    finally:
        os.close(fd)
