"""Read a qcow2 disk image: a virtual disk whose clusters are stored where there was room.

The disk is cut into clusters; a two-level table says where each one is in the file, that it is
compressed, or that it was never written (and reads as zeros).

See: qemu's docs/interop/qcow2.rst.
"""

import struct
import zlib
from array import array
from collections import OrderedDict
from typing import BinaryIO

from pyminidocker.errors import IntegrityError

_MAGIC = b"QFI\xfb"
_HEADER = struct.Struct(">4sIQIIQIIQ")
_OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00
_COMPRESSED = 1 << 62
_ALL_ZEROS = 1
_SECTOR = 512
_CACHED_CLUSTERS = 64
_DIRTY = 1
_EXTENDED = ~_DIRTY  # features that change how the tables are read


class Qcow2:
    """An open disk image.

    Attributes:
        size: bytes of the virtual disk.

    Args:
        file: the image file, open for reading.

    Raises:
        IntegrityError: not a qcow2 image, or one with features this reader lacks.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        head = file.read(112)
        if len(head) < 72 or head[:4] != _MAGIC:
            raise IntegrityError("not a qcow2 disk image")
        (_, version, backing, _, cluster_bits, self.size, encryption, l1_size, l1_offset) = (
            _HEADER.unpack_from(head)
        )
        features = struct.unpack_from(">Q", head, 72)[0] if version >= 3 else 0
        if backing or encryption or features & _EXTENDED:
            raise IntegrityError("this qcow2 disk image uses features that are not supported here")
        self._bits: int = cluster_bits
        self._cluster: int = 1 << cluster_bits
        self._l2_bits: int = cluster_bits - 3
        file.seek(l1_offset)
        self._l1 = struct.unpack(f">{l1_size}Q", file.read(8 * l1_size))
        self._l2: dict[int, array[int]] = {}
        self._cache: OrderedDict[int, bytes] = OrderedDict()

    def read(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes of the virtual disk."""
        pieces: list[bytes] = []
        while size > 0:
            index, start = divmod(offset, self._cluster)
            piece = self._read_cluster(index)[start : start + size]
            pieces.append(piece)
            offset += len(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _read_cluster(self, index: int) -> bytes:
        data = self._cache.get(index)
        if data is None:
            data = self._load_cluster(index)
            self._cache[index] = data
            if len(self._cache) > _CACHED_CLUSTERS:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(index)
        return data

    def _load_cluster(self, index: int) -> bytes:
        entry = self._l2_entry(index)
        if entry & _COMPRESSED:
            return self._inflate(entry)
        offset = entry & _OFFSET_MASK
        if not offset or entry & _ALL_ZEROS:
            return bytes(self._cluster)
        self._file.seek(offset)
        # The file may end within its last cluster.
        return self._file.read(self._cluster).ljust(self._cluster, b"\0")

    def _l2_entry(self, index: int) -> int:
        upper, lower = divmod(index, 1 << self._l2_bits)
        if upper >= len(self._l1):
            raise IntegrityError("read beyond the end of the qcow2 disk")
        offset: int = self._l1[upper] & _OFFSET_MASK
        if not offset:
            return 0
        if offset not in self._l2:
            self._file.seek(offset)
            table = array("Q", self._file.read(self._cluster))
            table.byteswap()  # big-endian on disk; both machines we run on are little-endian
            self._l2[offset] = table
        return self._l2[offset][lower]

    def _inflate(self, entry: int) -> bytes:
        """Decompress a cluster; its descriptor holds the file offset and a count of sectors."""
        offset_bits = 62 - (self._bits - 8)
        offset = entry & ((1 << offset_bits) - 1)
        sectors = ((entry & (_COMPRESSED - 1)) >> offset_bits) + 1
        self._file.seek(offset)
        packed = self._file.read(sectors * _SECTOR - offset % _SECTOR)
        try:
            data = zlib.decompressobj(-15).decompress(packed, self._cluster)
        except zlib.error as error:
            raise IntegrityError(f"damaged cluster in the qcow2 disk image: {error}") from error
        return data.ljust(self._cluster, b"\0")
