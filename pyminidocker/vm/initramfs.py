"""The archive the kernel unpacks into its first root file system: cpio, in the "newc" format.

Each member is a header of thirteen numbers in hexadecimal digits, a name, and the content, both
padded to four bytes.

See: Documentation/driver-api/early-userspace/buffer-format.rst.
"""

import gzip
import stat
from collections.abc import Iterator
from typing import NamedTuple

from pyminidocker.errors import IntegrityError

_MAGIC = b"070701"
_HEADER_BYTES = 110
_END = "TRAILER!!!"


class Entry(NamedTuple):
    """A member of an archive.

    Attributes:
        name: its path, without a slash at the front.
        mode: type and permission bits.
        data: a file's content, or a symbolic link's target.
    """

    name: str
    mode: int
    data: bytes


class Initramfs:
    """An archive that is being written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._directories: set[str] = set()

    def directory(self, path: str, mode: int = 0o755) -> None:
        """Add a directory, and those above it that are not there yet."""
        parent = path.rpartition("/")[0]
        if parent:
            self.directory(parent)
        if path not in self._directories:
            self._directories.add(path)
            self._add(path, stat.S_IFDIR | mode)

    def file(self, path: str, data: bytes, mode: int = 0o644, time: int = 0) -> None:
        """Add a file; the directories above it are added when they are missing.

        Args:
            path: its place, without a slash at the front.
            data: its content.
            mode: permission bits.
            time: when it was changed, in seconds since the epoch.
        """
        self._parents(path)
        self._add(path, stat.S_IFREG | mode, data, time=time)

    def symlink(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self._parents(path)
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, path: str, major: int, minor: int, mode: int = 0o600) -> None:
        """Add a device node: needed for /dev/console, which the kernel opens for init."""
        self._parents(path)
        self._add(path, stat.S_IFCHR | mode, device=(major, minor))

    def to_bytes(self) -> bytes:
        """Return the finished archive."""
        return b"".join([*self._parts, _member(_END, (0, 0, 0, 0, 1, 0), b"")])

    def _parents(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        if parent:
            self.directory(parent)

    def _add(
        self,
        path: str,
        mode: int,
        data: bytes = b"",
        *,
        device: tuple[int, int] = (0, 0),
        time: int = 0,
    ) -> None:
        inode = len(self._parts) + 1
        self._parts.append(_member(path, (inode, mode, 0, 0, 1, time), data, device))


def _member(
    name: str, numbers: tuple[int, ...], data: bytes, device: tuple[int, int] = (0, 0)
) -> bytes:
    path = name.encode() + b"\0"
    # inode mode uid gid links time size, device of the file system, of the node, name, checksum
    numbers = (*numbers, len(data), 0, 0, *device, len(path), 0)
    head = _MAGIC + b"".join(b"%08X" % number for number in numbers) + path
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def read_archive(data: bytes) -> Iterator[Entry]:
    """Yield the members of an initramfs, which may be compressed by gzip.

    Raises:
        IntegrityError: it is something else, or damaged.
    """
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        position = 0
        while position < len(data):
            if data[position : position + 6] != _MAGIC:
                raise IntegrityError(f"no cpio member at byte {position}")
            fields = data[position + 6 : position + _HEADER_BYTES]
            numbers = [int(fields[8 * i : 8 * i + 8], 16) for i in range(13)]
            mode, size, name_size = numbers[1], numbers[6], numbers[11]
            start = position + _HEADER_BYTES
            name = data[start : start + name_size - 1].decode(errors="surrogateescape")
            if name == _END:
                return
            start += name_size
            start += -start % 4
            yield Entry(name, mode, data[start : start + size])
            position = start + size
            position += -position % 4
    except (ValueError, EOFError, OSError) as error:
        raise IntegrityError(f"damaged initramfs: {error}") from error
