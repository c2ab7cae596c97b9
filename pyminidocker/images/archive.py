"""Pack directories as OCI layer archives, the same bytes for the same content.

Entries come sorted, parents before what is in them.  Archives are produced as a stream of chunks:
nothing is held in memory but one chunk.

See: OCI image-spec layer.md; tar(5).
"""

import os
import stat
import tarfile
from collections.abc import Iterator, Sequence

from pyminidocker.errors import NotFound
from pyminidocker.images.diff import Difference, upper_layer
from pyminidocker.images.records import Layer
from pyminidocker.images.tar_writer import Member, content, end_of_archive, file_chunks, header
from pyminidocker.images.trees import xattr_names
from pyminidocker.images.view import Entry, View

_WHITEOUT = ".wh."
_TYPES = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}


class _Packer:
    """Turns entries of a view into archive members; knows the hard links it has met."""

    def __init__(self, view: View, clamp_mtime_s: int | None = None) -> None:
        self._view = view
        self._latest_ns = None if clamp_mtime_s is None else clamp_mtime_s * 10**9
        self._links: dict[tuple[int, int], str] = {}

    def pack(self, entry: Entry, name: str) -> Iterator[bytes]:
        """Yield the archive form of one entry under ``name``."""
        kind = _TYPES.get(stat.S_IFMT(entry.mode))
        if kind is None:
            return  # a socket means nothing away from the process that listens on it
        mtime_ns = entry.info.st_mtime_ns
        if self._latest_ns is not None:
            mtime_ns = min(mtime_ns, self._latest_ns)
        member = Member(
            name,
            kind,
            stat.S_IMODE(entry.mode),
            entry.uid,
            entry.gid,
            mtime_ns=mtime_ns,
        )
        if kind == tarfile.SYMTYPE:
            member.target = self._view.read_link(entry)
        elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
            member.device = entry.info.st_rdev
        if kind != tarfile.REGTYPE:
            yield header(member)
            return
        key = (entry.info.st_dev, entry.info.st_ino)
        first = self._links.setdefault(key, name) if entry.info.st_nlink > 1 else name
        if first != name:
            member.type, member.target = tarfile.LNKTYPE, first
            yield header(member)
            return
        fd = self._view.open_file(entry)
        member.size = entry.info.st_size
        member.xattrs = {attribute: os.getxattr(fd, attribute) for attribute in xattr_names(fd)}
        yield header(member)
        yield from content(file_chunks(fd), member.size)


def pack_changes(
    upper_dir: str, lower: Sequence[Layer], *, clamp_mtime_s: int | None = None
) -> Iterator[bytes]:
    """Yield the layer tar of what a writable layer changes (``docker commit``).

    Args:
        upper_dir: the container's writable layer.
        lower: the image's layers, bottom first; whiteouts and copied-up owners refer to them.
        clamp_mtime_s: no time is later than this, in seconds since the epoch.

    See: OCI image-spec layer.md, Whiteouts.
    """
    with View(lower) as a, View([*lower, upper_layer("", upper_dir, lower)]) as b:
        walk = Difference(a, b)
        packer = _Packer(b, clamp_mtime_s)
        done: set[str] = set()
        gone: set[str] = set()
        walk.run()
        for difference in walk.with_links():
            path = difference.path[1:]
            parent, _, name = path.rpartition("/")
            if difference.kind == "deleted":
                gone.add(path)
                if parent in gone or not _is_directory(walk, parent):
                    continue  # went with what held it
            elif name.startswith(_WHITEOUT):
                continue  # in a layer archive the name would delete something else
            for wanted in _missing(path, done):
                if wanted in walk.visible:
                    yield from packer.pack(walk.visible[wanted], wanted)
            if difference.kind == "deleted":
                yield header(Member(f"{parent}/{_WHITEOUT}{name}".lstrip("/"), mode=0))
    yield end_of_archive()


def _is_directory(walk: Difference, path: str) -> bool:
    return not path or (path in walk.visible and walk.visible[path].is_directory)


def _missing(path: str, done: set[str]) -> list[str]:
    """Return ``path`` and the directories above it that are not in ``done``, and note them."""
    parts = path.split("/")
    paths = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    missing = [path for path in paths if path not in done]
    done.update(missing)
    return missing


def pack_stack(lower: Sequence[Layer], upper_dir: str = "", path: str = "/") -> Iterator[bytes]:
    """Yield a tar of the merged tree, as ``docker export`` (or ``docker cp`` of a path) gives it.

    Args:
        lower: the image's layers, bottom first.
        upper_dir: a container's writable layer on top of them, empty for none.
        path: only this file or directory, named by its last component; ``/`` for all.

    Raises:
        NotFound: the merged tree has no such path.

    See: Documentation/filesystems/overlayfs.rst, Multiple lower layers.
    """
    layers = [*lower, upper_layer("", upper_dir, lower)] if upper_dir else list(lower)
    with View(layers) as view:
        packer = _Packer(view)
        start = path.strip("/")
        if not start:
            yield from _pack_directory(view, packer, "", view.all_layers, "")
        else:
            entry = view.find(start)
            if entry is None:
                raise NotFound(f"could not find the file {path}")
            name = entry.path.rpartition("/")[2]
            yield from packer.pack(entry, name)
            if entry.is_directory:
                yield from _pack_directory(view, packer, entry.path, entry.directories, name)
    yield end_of_archive()


def _pack_directory(
    view: View, packer: _Packer, path: str, directories: tuple[int, ...], name: str
) -> Iterator[bytes]:
    listing = view.list(path, directories)
    for child, entry in sorted(listing.entries.items()):
        if entry.is_whiteout:
            continue
        inside = f"{name}/{child}" if name else child
        yield from packer.pack(entry, inside)
        if entry.is_directory:
            yield from _pack_directory(view, packer, entry.path, entry.directories, inside)
