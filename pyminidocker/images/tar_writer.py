"""Tar archives as a stream of chunks, the same bytes for the same content.

Headers are the standard library's (PAX, which falls back to plain ustar where that is enough);
everything that would differ from run to run is left out: user names, access times, device and
inode numbers.  The plain case, nearly every file, is put together here, to the same bytes and ten
times as fast.

See: tar(5), POSIX pax; OCI image-spec layer.md, File Attributes.
"""

import os
import struct
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from functools import cache

from msgspec import Struct, field

_CHUNK = 1 << 18
_BLOCK = tarfile.BLOCKSIZE
_PAX_XATTR = "SCHILY.xattr."
_NAME_MAX = 100
_ID_END, _SIZE_END = 8**7, 8**11  # what octal digits hold
# name, then mode uid gid size mtime in octal, chksum typeflag linkname magic; the rest is zeros
_PLAIN = struct.Struct("100s48s8sc100s8s247x")
_BLANK = b" " * 8
_MAGIC = b"ustar\x0000"
_DEVICES = frozenset((tarfile.CHRTYPE, tarfile.BLKTYPE))
_CHECKSUM = 148


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
    seconds, nanoseconds = divmod(member.mtime_ns, 10**9)
    if (
        not member.xattrs
        and 0 <= seconds < _SIZE_END
        and 0 <= member.size < _SIZE_END
        and 0 <= member.uid < _ID_END
        and 0 <= member.gid < _ID_END
        and member.type not in _DEVICES
        and (plain := _plain_name(member)) is not None
        and len(member.target) <= _NAME_MAX
        and member.target.isascii()
    ):
        return _plain(member, plain, seconds, nanoseconds)
    info = tarfile.TarInfo(member.path)
    info.type, info.mode = member.type, member.mode
    info.uid, info.gid, info.size = member.uid, member.gid, member.size
    info.linkname = member.target
    if member.device:
        info.devmajor, info.devminor = os.major(member.device), os.minor(member.device)
    info.mtime = seconds
    extended: dict[str, str] = {}
    if nanoseconds and seconds >= 0:
        extended["mtime"] = f"{seconds}.{nanoseconds:09d}".rstrip("0")
    for name, value in sorted(member.xattrs.items()):
        extended[_PAX_XATTR + name] = value.decode(errors="surrogateescape")
    info.pax_headers = extended
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _plain_name(member: Member) -> bytes | None:
    """Return the name as a header has it; None when it needs more than a header."""
    name = member.path
    if member.type == tarfile.DIRTYPE and not name.endswith("/"):
        name += "/"
    return name.encode("ascii") if name.isascii() and len(name) <= _NAME_MAX else None


def _plain(member: Member, name: bytes, seconds: int, nanoseconds: int) -> bytes:
    """Return a header without anything unusual in it, but for a fraction of a second."""
    numbers = b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (
        member.mode & 0o7777,
        member.uid,
        member.gid,
        member.size,
        seconds,
    )
    block = _block(name, numbers, member.type, member.target.encode("ascii"))
    if not nanoseconds:
        return block
    value = f"{seconds}.{nanoseconds:09d}".rstrip("0")
    record = f" mtime={value}\n"
    record = f"{len(record) + 2}{record}"  # 2 digits: between 13 and 29 characters
    return _extension(len(record)) + record.encode("ascii").ljust(_BLOCK, b"\0") + block


@cache
def _extension(size: int) -> bytes:
    """Return the header of an extended header of ``size`` bytes."""
    numbers = b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (0, 0, 0, size, 0)
    return _block(b"././@PaxHeader", numbers, tarfile.XHDTYPE, b"")


def _block(name: bytes, numbers: bytes, kind: bytes, target: bytes) -> bytes:
    block = _PLAIN.pack(name, numbers, _BLANK, kind, target, _MAGIC)
    # adler32's lower half is 1 plus the sum of all bytes; of ASCII it cannot overflow.
    checksum = b"%06o\0" % ((zlib.adler32(block) & 0xFFFF) - 1)
    return block[:_CHECKSUM] + checksum + block[_CHECKSUM + len(checksum) :]


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
