"""Read files out of an ext4 file system without mounting it (which would take privilege).

An *inode* holds a file's owner, mode and size and, in a tree of *extents*, where its blocks are;
a directory is a file with a list of (inode number, name).  That is all there is to reading.

See: Documentation/filesystems/ext4/ (on-disk format).
"""

import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pyminidocker.errors import IntegrityError

Reader = Callable[[int, int], bytes]

_SUPERBLOCK_AT = 1024
_MAGIC = 0xEF53
_EXTENT_MAGIC = 0xF30A
_ROOT = 2
_FLAG_EXTENTS = 0x80000
_INCOMPATIBLE_64BIT = 0x80
_UNWRITTEN = 32768  # an extent longer than this is reserved but reads as zeros
_CHUNK_BLOCKS = 64
_DEPTH_MAX = 5


@dataclass(slots=True)
class Inode:
    """A file.

    Attributes:
        number: its number in the file system.
        mode: type and permission bits.
        uid: owner.
        gid: group.
        size: bytes.
        links: how many names it has.
        flags: EXT4_*_FL.
        block: the 60 bytes that hold the extent tree's root, a short link or a device number.
    """

    number: int
    mode: int
    uid: int
    gid: int
    size: int
    links: int
    flags: int
    block: bytes


class Ext4:
    """An ext4 file system.

    Args:
        read: returns bytes of the device: ``read(offset, size)``.
        start: byte offset of the file system on the device.

    Raises:
        IntegrityError: no ext4 file system there.
    """

    def __init__(self, read: Reader, start: int = 0) -> None:
        self._device = read
        self._start = start
        block = self._read(_SUPERBLOCK_AT, 1024)
        (magic,) = struct.unpack_from("<H", block, 56)
        if magic != _MAGIC:
            raise IntegrityError("no ext4 file system here")
        (log_block_size,) = struct.unpack_from("<I", block, 24)
        self._block_size = 1024 << log_block_size
        (self._inodes_per_group,) = struct.unpack_from("<I", block, 40)
        (self._inode_size,) = struct.unpack_from("<H", block, 88)
        (incompatible,) = struct.unpack_from("<I", block, 96)
        (first_data_block,) = struct.unpack_from("<I", block, 20)
        self._descriptor_size = 32
        if incompatible & _INCOMPATIBLE_64BIT:
            (self._descriptor_size,) = struct.unpack_from("<H", block, 254)
        self._descriptors_at = (first_data_block + 1) * self._block_size

    def _read(self, offset: int, size: int) -> bytes:
        return self._device(self._start + offset, size)

    def root(self) -> Inode:
        """Return the root directory."""
        return self.inode(_ROOT)

    def inode(self, number: int) -> Inode:
        """Return an inode by its number."""
        group, index = divmod(number - 1, self._inodes_per_group)
        descriptor = self._read(
            self._descriptors_at + group * self._descriptor_size, self._descriptor_size
        )
        (table,) = struct.unpack_from("<I", descriptor, 8)
        if self._descriptor_size >= 64:
            table |= struct.unpack_from("<I", descriptor, 40)[0] << 32
        raw = self._read(table * self._block_size + index * self._inode_size, 128)
        mode, uid, size_low = struct.unpack_from("<HHI", raw)
        gid, links = struct.unpack_from("<HH", raw, 24)
        (flags,) = struct.unpack_from("<I", raw, 32)
        (size_high,) = struct.unpack_from("<I", raw, 108)
        uid_high, gid_high = struct.unpack_from("<HH", raw, 120)
        return Inode(
            number=number,
            mode=mode,
            uid=uid | uid_high << 16,
            gid=gid | gid_high << 16,
            size=size_low | size_high << 32,
            links=links,
            flags=flags,
            block=raw[40:100],
        )

    def _extents(self, node: bytes, depth: int = 0) -> Iterator[tuple[int, int, int]]:
        """Yield (first block in the file, count, first block on the device; 0 = zeros)."""
        magic, entries, _max, level = struct.unpack_from("<HHHH", node)
        if magic != _EXTENT_MAGIC or depth > _DEPTH_MAX:
            raise IntegrityError("damaged extent tree in the ext4 file system")
        for position in range(entries):
            entry = node[12 + 12 * position : 24 + 12 * position]
            if level == 0:
                first, count, high, low = struct.unpack("<IHHI", entry)
                if count > _UNWRITTEN:
                    yield first, count - _UNWRITTEN, 0
                else:
                    yield first, count, low | high << 32
            else:
                _first, low, high, _unused = struct.unpack("<IIHH", entry)
                child = self._read((low | high << 32) * self._block_size, self._block_size)
                yield from self._extents(child, depth + 1)

    def chunks(self, inode: Inode) -> Iterator[bytes]:
        """Yield the content of a file.

        Raises:
            IntegrityError: stored in a way this reader does not know.
        """
        if not inode.flags & _FLAG_EXTENTS:
            raise IntegrityError(f"ext4 inode {inode.number} has no extents")
        position = 0
        for first, count, device in self._extents(inode.block):
            yield from _zeros(min(first * self._block_size, inode.size) - position)
            position = first * self._block_size
            for block in range(0, count, _CHUNK_BLOCKS):
                size = min(_CHUNK_BLOCKS, count - block) * self._block_size
                size = min(size, inode.size - position)
                if size <= 0:
                    return
                position += size
                if device:
                    yield self._read((device + block) * self._block_size, size)
                else:
                    yield from _zeros(size)
        yield from _zeros(inode.size - position)

    def read_link(self, inode: Inode) -> str:
        """Return a symbolic link's target; short ones are in the inode itself."""
        if inode.size < len(inode.block) and not inode.flags & _FLAG_EXTENTS:
            return inode.block[: inode.size].decode(errors="surrogateescape")
        return b"".join(self.chunks(inode)).decode(errors="surrogateescape")

    def device_number(self, inode: Inode) -> tuple[int, int]:
        """Return (major, minor) of a device node."""
        old, new = struct.unpack_from("<II", inode.block)
        if old:
            return old >> 8 & 0xFF, old & 0xFF
        return new >> 8 & 0xFFF, new & 0xFF | new >> 12 & 0xFFF00

    def list(self, inode: Inode) -> Iterator[tuple[str, Inode]]:
        """Yield (name, inode) of a directory, without ``.`` and ``..``."""
        for chunk in self.chunks(inode):
            for start in range(0, len(chunk), self._block_size):
                yield from self._list_block(chunk[start : start + self._block_size])

    def _list_block(self, block: bytes) -> Iterator[tuple[str, Inode]]:
        position = 0
        while position + 8 <= len(block):
            number, length, name_length, _type = struct.unpack_from("<IHBB", block, position)
            if length < 8:
                raise IntegrityError("damaged directory in the ext4 file system")
            name = block[position + 8 : position + 8 + name_length]
            # Number 0: deleted, or the hash tree that speeds up large directories.
            if number and name not in (b".", b".."):
                yield name.decode(errors="surrogateescape"), self.inode(number)
            position += length

    def find(self, path: str) -> Inode | None:
        """Return the inode at ``path``, following no links; None when there is none."""
        inode = self.root()
        for part in path.split("/"):
            if part:
                if not stat.S_ISDIR(inode.mode):
                    return None
                found = dict(self.list(inode)).get(part)
                if found is None:
                    return None
                inode = found
        return inode


def _zeros(size: int) -> Iterator[bytes]:
    while size > 0:
        piece = min(size, 1 << 18)
        yield bytes(piece)
        size -= piece


def find_partition(read: Reader) -> int:
    """Return the byte offset of the first ext4 file system: the whole disk or a partition.

    Raises:
        IntegrityError: there is none.

    See: UEFI specification, "GUID Partition Table"; the older MBR table is in the first sector.
    """
    candidates = [0]
    sector = read(0, 512)
    if sector[510:512] == b"\x55\xaa":
        candidates += [
            struct.unpack_from("<I", sector, 446 + 16 * i + 8)[0] * 512 for i in range(4)
        ]
    header = read(512, 512)
    if header[:8] == b"EFI PART":
        table, count, size = struct.unpack_from("<QII", header, 72)
        entries = read(table * 512, min(count, 128) * size)
        candidates += [
            struct.unpack_from("<Q", entries, size * i + 32)[0] * 512
            for i in range(min(count, 128))
        ]
    for start in candidates:
        if read(start + _SUPERBLOCK_AT + 56, 2) == struct.pack("<H", _MAGIC):
            return start
    raise IntegrityError("no ext4 file system on this disk")
