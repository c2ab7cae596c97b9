"""The local end of ``cp``: files into a tar stream, and a tar stream into files.

See: tar(5); https://docs.docker.com/reference/cli/docker/container/cp/
"""

from __future__ import annotations

import os
import stat
import tarfile

from pyminidocker.cli.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHUNK = 1 << 16


def pack(path: str, base: str, *, follow: bool) -> Iterator[bytes]:
    """Yield a tar archive of ``path``, whose first entry is called ``base``.

    Args:
        path: a file or directory.
        base: its name in the archive; ``"."`` for the contents of a directory.
        follow: take what a symbolic link at ``path`` points to.
    """
    import io

    with tarfile.open(fileobj=io.BytesIO(), mode="w") as tar:  # for its headers alone
        top = os.path.realpath(path) if follow else path
        for local, name in _walk(top, base):
            entry: tarfile.TarInfo | None = tar.gettarinfo(local, name)
            if entry is None:  # a socket
                continue
            yield entry.tobuf(tarfile.PAX_FORMAT)
            if entry.isreg() and entry.size:
                yield from _content(local, entry.size)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _walk(path: str, name: str) -> Iterator[tuple[str, str]]:
    yield path, name
    if stat.S_ISDIR(os.lstat(path).st_mode):
        for entry in sorted(os.listdir(path)):
            yield from _walk(f"{path}/{entry}", f"{name}/{entry}")


def _content(path: str, size: int) -> Iterator[bytes]:
    """Yield exactly ``size`` bytes of a file (also when it shrinks meanwhile), padded to blocks."""
    left = size
    with open(path, "rb") as file:
        while left:
            data = file.read(min(_CHUNK, left)) or bytes(min(_CHUNK, left))
            left -= len(data)
            yield data
    yield bytes(-size % tarfile.BLOCKSIZE)


class _Pieces:
    """Gives the pieces of a stream out as ``read`` wants them."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self.count = 0

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
            self.count += len(piece)
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def unpack(
    pieces: Iterable[bytes], directory: str, base: str, new_base: str, *, owners: bool
) -> int:
    """Unpack a tar stream below ``directory``; return the length of the stream.

    Args:
        pieces: the stream.
        directory: where; must exist.
        base: the name of the archive's first entry ...
        new_base: ... and what to call it instead.
        owners: give files their recorded owners (only root can).

    Raises:
        Failure: an entry would land outside ``directory``, or cannot be written.
    """
    stream = _Pieces(pieces)
    later: list[tuple[str, tarfile.TarInfo]] = []  # directories: their times change until the end
    with tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]
        for entry in tar:
            name = _renamed(entry.name, base, new_base)
            path = os.path.join(directory, name) if name else directory
            _check_inside(directory, name)
            try:
                _unpack_one(tar, entry, path, directory, base, new_base, owners=owners)
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise Failure(f"cannot write {path}: {why}") from error
            if entry.isdir():
                later.append((path, entry))
    for path, entry in reversed(later):
        os.chmod(path, entry.mode & 0o7777)
        os.utime(path, (entry.mtime, entry.mtime))
    while stream.read(_CHUNK):
        pass
    return stream.count


def _renamed(name: str, base: str, new_base: str) -> str:
    name = name.rstrip("/")
    if name == base:
        name = new_base
    elif name.startswith(base + "/"):
        name = f"{new_base}/{name[len(base) + 1 :]}"
    return os.path.normpath(name) if name not in ("", ".") else ""


def _check_inside(directory: str, name: str) -> None:
    """Refuse names that leave ``directory``, also through a link that was unpacked before."""
    if name.startswith(("/", "../")) or name == "..":
        raise Failure(f"refused: the archive holds {name}, outside of {directory}")
    path = directory
    for part in name.split("/")[:-1]:
        path = f"{path}/{part}"
        if os.path.islink(path):
            raise Failure(f"refused: {name} would be written through the symbolic link {path}")


def _unpack_one(
    tar: tarfile.TarFile,
    entry: tarfile.TarInfo,
    path: str,
    directory: str,
    base: str,
    new_base: str,
    *,
    owners: bool,
) -> None:
    if entry.isdir():
        if not os.path.isdir(path) or os.path.islink(path):
            _make_way(path)
            os.mkdir(path, 0o700)
        if owners:
            os.chown(path, entry.uid, entry.gid)
        return
    if os.path.isdir(path) and not os.path.islink(path):
        raise IsADirectoryError(21, "cannot overwrite a directory with a non-directory")
    _make_way(path)
    if entry.issym():
        os.symlink(entry.linkname, path)
    elif entry.islnk():
        target = _renamed(entry.linkname, base, new_base)
        _check_inside(directory, target)
        os.link(os.path.join(directory, target), path, follow_symlinks=False)
        return
    elif entry.isfifo():
        os.mkfifo(path)
    elif entry.isreg():
        source = tar.extractfile(entry)
        with open(path, "xb") as file:
            while source is not None and (data := source.read(_CHUNK)):
                file.write(data)
    else:
        return  # devices: nothing a copy is for
    if owners:
        os.lchown(path, entry.uid, entry.gid)
    if not entry.issym():
        os.chmod(path, entry.mode & 0o7777)
    os.utime(path, (entry.mtime, entry.mtime), follow_symlinks=False)


def _make_way(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)
