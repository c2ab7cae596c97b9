"""An unnamed file for bytes from strangers, within limits.

The kernel frees it when the engine lets go of it, or dies.  Whatever promises to be small and
unpacks to terabytes, or never ends, is stopped at a limit that the message names.

See: open(2), O_TMPFILE; statvfs(3).
"""

import os
import tempfile
from collections.abc import Iterator

from msgspec import Struct

from pyminidocker.errors import InvalidArgument, SystemFailure
from pyminidocker.images.atomic import disk_failure
from pyminidocker.units import binary_size

_PIECE = 1 << 18
_CHECK_EVERY = 64 << 20


class Limits(Struct, frozen=True):
    """How large an archive may be.

    Attributes:
        content: bytes of all files, sparse ones counted in full.
        entries: number of files, directories and links.
        reserve: bytes of the disk that stay free.
    """

    content: int = 32 << 30
    entries: int = 1_000_000
    reserve: int = 64 << 20


class Spool:
    """An unnamed file being filled.

    Args:
        directory: on the file system that takes the bytes; made when it is not there.
        what: for messages, e.g. "the build context".
        limits: see ``Limits``.
        remedy: the hint when it is too large.
    """

    def __init__(self, directory: str, what: str, limits: Limits, remedy: str = "") -> None:
        self.size = 0
        self._what = what
        self._limits = limits
        self._remedy = remedy
        self._unchecked = 0
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self.fd = _unnamed_file(directory)

    def write(self, data: "bytes | memoryview") -> None:
        """Append.

        Raises:
            InvalidArgument: too large.
            SystemFailure: the disk is full, or about to be.
        """
        self.check(len(data))
        self.size += len(data)
        self._unchecked += len(data)
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.fd, view) :]
            if self._unchecked > _CHECK_EVERY:
                self._unchecked = 0
                self._check_disk()
        except OSError as error:
            raise disk_failure(error, f"receiving {self._what}") from error

    def check(self, more: int) -> None:
        """Refuse ``more`` bytes that would be too many."""
        if self.size + more > self._limits.content:
            limit = binary_size(self._limits.content)
            raise InvalidArgument(f"{self._what} is larger than {limit}", hint=self._remedy)

    def _check_disk(self) -> None:
        room = os.fstatvfs(self.fd)
        if room.f_bavail * room.f_frsize < self._limits.reserve:
            raise SystemFailure(
                f"no space left on device while receiving {self._what}",
                hint="free some space, e.g. with 'minidocker system prune', and try again",
            )

    def read(self, offset: int, size: int) -> Iterator[bytes]:
        """Yield ``size`` bytes from ``offset`` on; several threads may read at once.

        See: pread(2).
        """
        while size > 0:
            piece = os.pread(self.fd, min(size, _PIECE), offset)
            if not piece:
                return
            yield piece
            offset += len(piece)
            size -= len(piece)

    def close(self) -> None:
        """Give the space back."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __del__(self) -> None:
        # Of a request that was given up before anybody took what had been received for it.
        if hasattr(self, "fd"):
            self.close()


def _unnamed_file(directory: str) -> int:
    try:
        return os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:  # a file system without: the name is gone before anything is in the file
        fd, path = tempfile.mkstemp(dir=directory)
        os.unlink(path)
        return fd
