"""Read a tar archive as a stream, quickly and with bounds.

The standard library's reader spends 130 microseconds on an entry, more than making the file; a
layer has thousands.  This one reads the formats that exist in the wild: ustar, GNU (long names,
base-256 numbers, sparse files), PAX (long names, exact times, attributes, sparse files 0.0, 0.1
and 1.0), and what V7 tar wrote.

See: tar(5); POSIX pax, "pax Header Block"; GNU tar manual, "Basic Tar Format" and "Storing Sparse
Files".
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from pyminidocker.errors import IntegrityError
from pyminidocker.images.tar_pax import XATTR, collect, decimal, nanoseconds, number, records
from pyminidocker.images.tar_sparse import gnu_map, pax_map, pax_map_in_content

BLOCK = 512
_ZEROS = bytes(BLOCK)
# name mode uid gid size mtime chksum typeflag linkname magic+version uname gname major minor prefix
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s64x8s8s155s12x")
_POSIX = b"ustar\x0000"
_MODULUS = 65521  # of adler32
_EIGHT_SPACES = 8 * 0x20
# Extended headers hold names and attributes: a path has 4 KiB, an attribute 64 KiB at most.
_EXTENSION_MAX = 1 << 20
# Members without content, whatever their size field says (POSIX: it "shall be ignored").
_HEADER_ONLY = frozenset(b"123456")
_KINDS = {
    b"0": stat.S_IFREG,
    b"\0": stat.S_IFREG,
    b"7": stat.S_IFREG,  # contiguous: a regular file of systems that are gone
    b"S": stat.S_IFREG,
    b"1": 0,
    b"2": stat.S_IFLNK,
    b"3": stat.S_IFCHR,
    b"4": stat.S_IFBLK,
    b"5": stat.S_IFDIR,
    b"D": stat.S_IFDIR,  # GNU: a directory and the names that were in it
    b"6": stat.S_IFIFO,
}


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


class Entry(Metadata):
    """One member of an archive.

    Attributes:
        name: as written, without a trailing slash.
        kind: S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK or S_IFIFO; 0 for a hard link.
        size: bytes of the file once unpacked.
        target: of a link.
        device: number of a device node.
        sparse: (offset, bytes) of the parts that are stored; None when all of it is.
    """

    name: str = ""
    kind: int = stat.S_IFREG
    size: int = 0
    target: str = ""
    device: int = 0
    sparse: list[tuple[int, int]] | None = None


class TarReader:
    """Iterates over the entries of an archive; content is read in between, or skipped.

    Args:
        chunks: the uncompressed archive, in pieces of any size.
        entries_max: an archive with more entries is refused.

    Attributes:
        count: entries so far.
    """

    def __init__(self, chunks: Iterable[bytes], entries_max: int = 5_000_000) -> None:
        self._source = iter(chunks)
        self._entries_max = entries_max
        self._data = b""
        self._view = memoryview(b"")
        self._at = 0
        self._left = 0  # of the content of the entry that was given out last
        self._padding = 0
        self._defaults: dict[bytes, bytes] = {}  # of PAX global headers
        self.count = 0

    # -- bytes

    def _fill(self) -> bool:
        """Take the next piece; False at the end.  All of the last one was used."""
        for chunk in self._source:
            if chunk:
                self._data, self._view, self._at = chunk, memoryview(chunk), 0
                return True
        self._data, self._view, self._at = b"", memoryview(b""), 0
        return False

    def _take(self, size: int) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end of the archive."""
        at = self._at
        piece = self._data[at : at + size]
        self._at = at + len(piece)
        if len(piece) == size:
            return piece
        pieces = [piece]
        missing = size - len(piece)
        while missing and self._fill():
            piece = self._data[:missing]
            self._at = len(piece)
            missing -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def _skip(self, size: int, optional: int = 0) -> None:
        """Pass over ``size`` bytes, the last of which may be missing at the archive's end.

        Go's tar.Writer pads a file only when the next entry or the end mark is written, and the
        docker command does not write one when its Dockerfile comes from outside of the context.
        """
        while size:
            available = len(self._data) - self._at
            if not available:
                if not self._fill():
                    if size <= optional:
                        return
                    raise IntegrityError("damaged archive: cut off in the middle of a file")
                continue
            step = min(size, available)
            self._at += step
            size -= step

    def parts(self, size: int = -1) -> Iterator[memoryview]:
        """Yield the content of the current entry, or the next ``size`` bytes of what is stored."""
        wanted = self._left if size < 0 else size
        if wanted > self._left:
            raise IntegrityError(
                "damaged archive: the map of a sparse file names more than is stored"
            )
        while wanted:
            available = len(self._data) - self._at
            if not available:
                if not self._fill():
                    raise IntegrityError("damaged archive: cut off in the middle of a file")
                continue
            step = min(wanted, available)
            part = self._view[self._at : self._at + step]
            self._at += step
            self._left -= step
            wanted -= step
            yield part

    def write_to(self, fd: int) -> None:
        """Write the current entry's content into an empty file.

        Raises:
            OSError: ENOSPC, EFBIG.

        See: write(2).
        """
        left, at = self._left, self._at
        if left <= len(self._data) - at:  # nearly every file: one piece, one call
            written = os.write(fd, self._view[at : at + left]) if left else 0
            self._at, self._left = at + written, left - written
            if written == left:
                return
        for part in self.parts():
            _write_all(fd, part)

    def write_sparse_to(self, fd: int, entry: Entry) -> None:
        """Write a sparse entry's parts where they belong; between them are holes.

        See: lseek(2), "seek past the end"; ftruncate(2).
        """
        for offset, size in entry.sparse or ():
            os.lseek(fd, offset, os.SEEK_SET)
            for part in self.parts(size):
                _write_all(fd, part)
        os.ftruncate(fd, entry.size)

    def rest(self) -> None:
        """Read to the end of the stream: padding behind the end mark counts in digests."""
        self._at = len(self._data)
        while self._fill():
            pass

    # -- entries

    def __iter__(self) -> Iterator[Entry]:
        while (entry := self._next()) is not None:
            self.count += 1
            if self.count > self._entries_max:
                raise IntegrityError(
                    f"the archive has more than {self._entries_max} entries: refused",
                    hint="no real image comes near that; an archive made to fill disks does",
                )
            yield entry

    def _next(self) -> Entry | None:
        extended = self._defaults
        long_name = long_target = b""
        while True:
            self._skip(self._left + self._padding, self._padding)
            self._left = self._padding = 0
            block = self._take(BLOCK)
            if len(block) < BLOCK:
                if block or extended is not self._defaults or long_name or long_target:
                    raise IntegrityError("damaged archive: cut off in the middle of a header")
                return None
            if block == _ZEROS:
                return None
            fields = _HEADER.unpack(block)
            if not _has_right_sum(block, fields[6]):
                raise IntegrityError(
                    "damaged archive: this is no tar archive"
                    if not self.count
                    else f"damaged archive: the checksum of entry {self.count + 1} is wrong"
                )
            size = number(fields[4])
            flag = fields[7]
            if flag in b"xXgLK" and flag != b"":
                data = self._extension(size)
                if flag == b"L":
                    long_name = data.partition(b"\0")[0]
                elif flag == b"K":
                    long_target = data.partition(b"\0")[0]
                elif flag == b"g":
                    self._defaults = extended = self._with_globals(data)
                else:
                    extended = collect(self._defaults, data)
                continue
            if flag == b"V":  # a volume's label
                self._left, self._padding = size, -size % BLOCK
                continue
            return self._entry(block, fields, extended, long_name, long_target)

    def _with_globals(self, data: bytes) -> dict[bytes, bytes]:
        """Return the defaults for all entries that follow, with those of a global header."""
        merged = {**self._defaults, **dict(records(data))}
        if sum(len(key) + len(value) for key, value in merged.items()) > _EXTENSION_MAX:
            raise IntegrityError("damaged archive: its global headers have no end")
        return merged

    def _extension(self, size: int) -> bytes:
        if not 0 <= size <= _EXTENSION_MAX:
            raise IntegrityError(f"damaged archive: an extended header of {size} bytes")
        data = self._take(size)
        if len(data) < size:
            raise IntegrityError("damaged archive: cut off in the middle of a header")
        self._skip(-size % BLOCK)
        return data

    def _entry(
        self,
        block: bytes,
        fields: tuple[bytes, ...],
        extended: dict[bytes, bytes],
        long_name: bytes,
        long_target: bytes,
    ) -> Entry:
        name, mode, uid, gid, size_field, mtime, _, flag, target, magic, major, minor, prefix = (
            fields
        )
        kind = _KINDS.get(flag)
        if kind is None:
            raise IntegrityError(f"damaged archive: an entry of unknown type {flag!r}")
        name = name.partition(b"\0")[0]
        target = target.partition(b"\0")[0] if kind in (0, stat.S_IFLNK) else b""
        if magic == _POSIX and prefix[0]:
            name = prefix.partition(b"\0")[0] + b"/" + name
        entry = Entry(
            number(mode) & 0o7777,
            number(uid),
            number(gid),
            number(mtime) * 10**9,
            kind=kind,
            size=0 if flag in b"123456" else number(size_field),
        )
        if flag in (b"0", b"\0") and name.endswith(b"/"):
            entry.kind = stat.S_IFDIR  # as V7 tar wrote directories
        if kind in (stat.S_IFCHR, stat.S_IFBLK):
            entry.device = os.makedev(number(major) & 0xFFFFF, number(minor) & 0xFFFFFFFF)
        name, target = long_name or name, long_target or target
        if extended:
            name = extended.get(b"path", name)
            target = extended.get(b"linkpath", target)
            _apply(entry, extended)
        if entry.size < 0:
            raise IntegrityError(f"damaged archive: an entry of {entry.size} bytes")
        self._left, self._padding = entry.size, -entry.size % BLOCK
        if flag == b"S":
            entry.size, entry.sparse = gnu_map(block, self._take, self._left)
        elif extended and entry.kind == stat.S_IFREG:
            name = self._sparse(entry, extended, name)
        entry.name = name.rstrip(b"/").decode("utf-8", "surrogateescape") or "/"
        entry.target = target.decode("utf-8", "surrogateescape")
        return entry

    def _sparse(self, entry: Entry, extended: dict[bytes, bytes], name: bytes) -> bytes:
        """Read what PAX says of a sparse file; return its real name."""
        if extended.get(b"GNU.sparse.major") == b"1" and extended.get(b"GNU.sparse.minor") == b"0":
            entry.sparse, used = pax_map_in_content(self._take, self._left)
            self._left -= used
        else:
            entry.sparse = pax_map(extended)
        if entry.sparse is None:
            return name
        stored = sum(size for _, size in entry.sparse)
        size = extended.get(b"GNU.sparse.realsize") or extended.get(b"GNU.sparse.size") or b"0"
        entry.size = decimal(size)
        end = entry.sparse[-1][0] + entry.sparse[-1][1] if entry.sparse else 0
        if stored != self._left or end > entry.size:
            raise IntegrityError("damaged archive: the map of a sparse file does not fit it")
        return extended.get(b"GNU.sparse.name", name)


def _has_right_sum(block: bytes, stored: bytes) -> bool:
    """Compare the sum of a header's bytes, its own field taken as blanks, with that field."""
    digits = stored.strip(b" \0")
    if not digits.isdigit():
        return False
    # adler32's lower half is 1 plus the sum of all bytes: the checksum at C speed.
    found = (zlib.adler32(block) & 0xFFFF) - 1 - sum(stored) + _EIGHT_SPACES
    try:
        return (found - int(digits, 8)) % _MODULUS == 0
    except ValueError:
        return False


def _write_all(fd: int, part: memoryview) -> None:
    while part:
        part = part[os.write(fd, part) :]


def _apply(entry: Entry, extended: dict[bytes, bytes]) -> None:
    """Let PAX keywords replace what the header says."""
    for key, value in extended.items():
        if key == b"mtime":
            entry.mtime_ns = nanoseconds(value)
        elif key == b"size" and entry.kind in (stat.S_IFREG, stat.S_IFDIR):
            entry.size = decimal(value)
        elif key == b"uid":
            entry.uid = decimal(value)
        elif key == b"gid":
            entry.gid = decimal(value)
        elif key.startswith(XATTR):
            name = key[len(XATTR) :].decode("utf-8", "surrogateescape")
            entry.xattrs[name] = value
