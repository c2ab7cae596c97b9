"""A directory's files as the entries of a tar archive, without what ``.dockerignore`` names.

See: tar(5); https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

from __future__ import annotations

import os
import stat

from pyminidocker.client import tar_headers as tar
from pyminidocker.errors import InvalidArgument, PermissionDenied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pyminidocker.dockerfile.ignore import Ignore

IGNORE_NAME = ".dockerignore"
PIECE = 1 << 18


def entries(
    top: str, ignore: Ignore | None, always: Collection[str], *, leave: Collection[str] = ()
) -> Iterator[bytes]:
    """Yield the entries of all files beneath ``top``, in the order of their names.

    Args:
        top: the directory.
        ignore: what stays behind.
        always: names that go along whatever ``ignore`` says.
        leave: names that have been packed already.

    Raises:
        PermissionDenied: something cannot be read, and is not ignored.
        InvalidArgument: a device.
    """
    for name, entry in _walk(top, ignore, always):
        if name not in leave:
            yield from _pack(name, entry)


def _walk(
    top: str, ignore: Ignore | None, always: Collection[str]
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield (name in the archive, entry), a directory before what is in it."""
    waiting = [("", one) for one in _listed(top)]
    while waiting:
        prefix, entry = waiting.pop()
        name = f"{prefix}{entry.name}"
        excluded = ignore is not None and ignore.excludes(name)
        if not excluded or name in always:
            yield name, entry
        if entry.is_dir(follow_symlinks=False) and (
            ignore is None
            or not excluded
            or any(one.startswith(f"{name}/") for one in always)
            or ignore.may_hold_exceptions(name)
        ):
            waiting += [(f"{name}/", one) for one in _listed(entry.path)]


def _listed(directory: str) -> list[os.DirEntry[str]]:
    """Return what is in a directory, the last name first."""
    try:
        with os.scandir(directory) as listing:
            return sorted(listing, key=lambda one: one.name, reverse=True)
    except FileNotFoundError:
        return []  # gone since its parent was read
    except PermissionError as error:
        raise _unreadable(directory) from error


def _pack(name: str, entry: os.DirEntry[str]) -> Iterator[bytes]:
    try:
        facts = entry.stat(follow_symlinks=False)
        mode, mtime = stat.S_IMODE(facts.st_mode), int(facts.st_mtime)
        kind = stat.S_IFMT(facts.st_mode)
        if kind == stat.S_IFREG:
            yield from _regular(name, entry.path, mode, facts.st_size, mtime)
        elif kind == stat.S_IFDIR:
            yield tar.header(name, tar.DIRECTORY, mode=mode, mtime=mtime)
        elif kind == stat.S_IFLNK:
            target = os.readlink(entry.path)
            yield tar.header(name, tar.LINK, mode=0o777, mtime=mtime, target=target)
        elif kind == stat.S_IFIFO:
            yield tar.header(name, tar.FIFO, mode=mode, mtime=mtime)
        elif kind != stat.S_IFSOCK:
            raise InvalidArgument(
                f"unable to prepare context: {entry.path} is a device",
                hint=f"leave it out: add {name} to {IGNORE_NAME}",
            )
    except FileNotFoundError:
        return  # gone since the directory was read
    except PermissionError as error:
        raise _unreadable(entry.path) from error


def _regular(name: str, path: str, mode: int, size: int, mtime: int) -> Iterator[bytes]:
    """Yield a file's entry with exactly ``size`` bytes, also when it changes meanwhile."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        yield tar.header(name, tar.FILE, mode=mode, size=size, mtime=mtime)
        left = size
        while left:
            data = os.read(fd, min(PIECE, left)) or bytes(min(PIECE, left))
            left -= len(data)
            yield data
    finally:
        os.close(fd)
    yield bytes(tar.padding(size))


def _unreadable(path: str) -> PermissionDenied:
    return PermissionDenied(
        f"error checking context: can't stat '{path}': permission denied",
        hint=f"leave it out by a line in {IGNORE_NAME}, or make it readable",
    )
