"""Files that are there in full or not at all, and one clear error when the disk is full.

A file is written under a temporary name and renamed into place: whoever looks, and whatever kills
this process, sees the old content or the new one, never half of it.  (No fsync: after a power cut
a blob that does not match its digest is found out when it is read.)

See: rename(2).
"""

import errno
import os
from types import TracebackType
from typing import Self

from pyminidocker.errors import SystemFailure

_FULL = {errno.ENOSPC, errno.EDQUOT}


def disk_failure(error: OSError, doing: str) -> SystemFailure:
    """Return the error to raise from an OSError that struck while ``doing`` something.

    Args:
        error: what the kernel said.
        doing: for the message, e.g. ``"unpacking layer sha256:..."``.
    """
    if error.errno in _FULL:
        return SystemFailure(
            f"no space left on device while {doing}",
            hint="free some space, e.g. with 'minidocker system prune', and try again",
        )
    why = (error.strerror or str(error)).lower()
    return SystemFailure(f"{why} while {doing}", hint=getattr(error, "hint", ""))


class AtomicFile:
    """A file being written; it appears under its name only by ``commit``.

    Use it as a context manager: without ``commit`` nothing stays behind.
    """

    def __init__(self, directory: str) -> None:
        self._path = f"{directory}/.tmp-{os.urandom(8).hex()}"
        # Blobs are read through this descriptor's twin later; nobody but the owner needs them.
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self._path, flags, 0o600)

    def write(self, data: "bytes | memoryview") -> None:
        """Append ``data``."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def commit(self, path: str) -> None:
        """Give the file its name ``path``, on the same file system, replacing an older one."""
        os.rename(self._path, path)
        self._path = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)
        if self._path:
            os.unlink(self._path)


def write_file(path: str, data: bytes) -> None:
    """Replace the file ``path`` by ``data`` in one step.

    Raises:
        SystemFailure: the disk is full or the file cannot be written; the old one is still there.
    """
    try:
        with AtomicFile(os.path.dirname(path)) as file:
            file.write(data)
            file.commit(path)
    except OSError as error:
        raise disk_failure(error, f"writing {path}") from error


def sweep_temporary(directory: str) -> None:
    """Delete temporary files that a killed process left in ``directory``."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(".tmp-") and not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
