"""What ``docker cp`` wants to know of a path first, with Go's idea of a file mode.

Go's os.FileMode keeps the nine permission bits and has its own bits for everything else.

See: Go package io/fs, type FileMode; stat(2), st_mode.
"""

import stat
from typing import Any

from pyminidocker.api.schema.times import rfc3339
from pyminidocker.engine.results import PathStat

_DIR, _SYMLINK, _DEVICE, _PIPE, _SOCKET = 1 << 31, 1 << 27, 1 << 26, 1 << 25, 1 << 24
_SETUID, _SETGID, _CHAR_DEVICE, _STICKY = 1 << 23, 1 << 22, 1 << 21, 1 << 20
_TYPES = {
    stat.S_IFDIR: _DIR,
    stat.S_IFLNK: _SYMLINK,
    stat.S_IFBLK: _DEVICE,
    stat.S_IFCHR: _DEVICE | _CHAR_DEVICE,
    stat.S_IFIFO: _PIPE,
    stat.S_IFSOCK: _SOCKET,
}


def go_file_mode(mode: int) -> int:
    """Return st_mode as Go's FileMode."""
    found = mode & 0o777 | _TYPES.get(stat.S_IFMT(mode), 0)
    for bit, go_bit in ((stat.S_ISUID, _SETUID), (stat.S_ISGID, _SETGID), (stat.S_ISVTX, _STICKY)):
        if mode & bit:
            found |= go_bit
    return found


def path_stat(given: PathStat) -> dict[str, Any]:
    """Return the JSON of X-Docker-Container-Path-Stat."""
    return {
        "name": given.name,
        "size": given.size_bytes,
        "mode": go_file_mode(given.mode),
        "mtime": rfc3339(given.mtime),
        "linkTarget": given.link_target,
    }
