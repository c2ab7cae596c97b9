"""Open things beneath a directory, with the kernel keeping the promise that they are beneath it.

Looking at a path first and opening it afterwards is a race that containers have won before: between
the two a directory becomes a link to ``/``.  openat2 resolves and opens in one step under rules
(stay in this root, follow no link, cross no mount), so there is nothing to race with.

See: openat2(2).
"""

import os

from pyminidocker.kernel.constants import (
    RESOLVE_BENEATH,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
)
from pyminidocker.kernel.fd import openat2

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_root(directory: str) -> int:
    """Open the directory that everything else is to stay beneath.

    See: open(2), O_DIRECTORY.
    """
    return os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def open_child(parent: int, name: str) -> int:
    """Open the directory ``name`` in ``parent``: no link, no mount point.

    Raises:
        OSError: EXDEV for a mount point, ELOOP or ENOTDIR for a link.

    See: openat2(2), RESOLVE_NO_XDEV.
    """
    resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV
    return openat2(parent, name, _DIRECTORY, resolve=resolve)


def open_beneath(root: int, path: str, flags: int = _DIRECTORY) -> int:
    """Open ``path`` (relative) beneath ``root``, following no link at all.

    Raises:
        OSError: ELOOP where a link was met.

    See: openat2(2), RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS.
    """
    return openat2(
        root, path or ".", flags | os.O_CLOEXEC, resolve=RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS
    )
