"""Tar archives as a stream of chunks, the same bytes for the same content.

Headers are the standard library's (PAX, which falls back to plain ustar where that is enough);
everything that would differ from run to run is left out: user names, access times, device and
inode numbers.

See: tar(5), POSIX pax; OCI image-spec layer.md, File Attributes.
"""

import os
import tarfile
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

_CHUNK = 1 << 18
_BLOCK = tarfile.BLOCKSIZE
_PAX_XATTR = "SCHILY.xattr."


class Member(Struct):
    """One archive entry.

    Attributes:
        path: without a leading slash.
        type: one of tarfile's: REGTYPE, DIRTYPE, SYMTYPE, LNKTYPE, FIFOTYPE, CHRTYPE, BLKTYPE.
        mode: permission bits.
        uid: owner.
        gid: group.
        size: bytes of content.
        mtime_ns: nanoseconds since the epoch.
        target: of a symbolic or hard link.
        device: number of a device node.
        xattrs: extended attributes.
    """

    path: str
    type: bytes = tarfile.REGTYPE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime_ns: int = 0
    target: str = ""
    device: int = 0
    xattrs: dict[str, bytes] = field(default_factory=dict)


def header(member: Member) -> bytes:
    """Return the header blocks of an entry.

    See: tar(5).
    """
    info = tarfile.TarInfo(member.path)
    info.type, info.mode = member.type, member.mode
    info.uid, info.gid, info.size = member.uid, member.gid, member.size
    info.linkname = member.target
    if member.device:
        info.devmajor, info.devminor = os.major(member.device), os.minor(member.device)
    seconds, nanoseconds = divmod(member.mtime_ns, 10**9)
    info.mtime = seconds
    extended: dict[str, str] = {}
    if nanoseconds and seconds >= 0:
        extended["mtime"] = f"{seconds}.{nanoseconds:09d}".rstrip("0")
    for name, value in sorted(member.xattrs.items()):
        extended[_PAX_XATTR + name] = value.decode(errors="surrogateescape")
    info.pax_headers = extended
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def content(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield exactly ``size`` bytes and the padding, also when the file changed meanwhile.

    The header has promised the size already: what a file grew is cut, what it shrank is zeros.

    See: tar(5).
    """
    left = size
    for chunk in chunks:
        yield chunk[:left]
        left -= min(left, len(chunk))
        if not left:
            break
    while left:
        zeros = bytes(min(left, _CHUNK))
        yield zeros
        left -= len(zeros)
    if size % _BLOCK:
        yield bytes(_BLOCK - size % _BLOCK)


def file_chunks(fd: int) -> Iterator[bytes]:
    """Yield what a file holds, then close it.

    See: read(2).
    """
    try:
        while chunk := os.read(fd, _CHUNK):
            yield chunk
    finally:
        os.close(fd)


def end_of_archive() -> bytes:
    """Return the two zero blocks that end an archive.

    See: tar(5).
    """
    return bytes(2 * _BLOCK)
