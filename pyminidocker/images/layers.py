"""Unpack a layer archive into a directory that overlayfs can use as it is.

Layers come from strangers.  Every path is opened beneath the layer's own directory by the kernel,
so ``../``, absolute paths and links that point outside cannot reach the host; extended attributes
that would steer overlayfs are dropped.  Deletions are written in tar as ``.wh.name`` files and
become overlayfs' own whiteouts here.

An ordinary user may give files to nobody but himself: where chown is refused the true owner is
reported back, to be kept in the layer's metadata.

See: OCI image-spec layer.md; Documentation/filesystems/overlayfs.rst; openat2(2).
"""

import errno
import os
import stat
from collections.abc import Iterable

from msgspec import Struct, field

from pyminidocker.errors import IntegrityError
from pyminidocker.images.atomic import disk_failure
from pyminidocker.images.layer_root import LayerRoot
from pyminidocker.images.tar_reader import Entry, TarReader

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_RESERVED = ".wh..wh."
# What the kernel says of paths that make no sense, e.g. a file used as a directory.
_NONSENSE = {errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG}
_NONSENSE |= {errno.EINVAL, errno.EFBIG, errno.EISDIR, errno.EMLINK}


class Unpacked(Struct):
    """The outcome of unpacking one layer archive.

    Attributes:
        size: bytes in regular files.
        owners: true (uid, gid, mode) where the disk could not hold them.
        skipped: entries that could not be made here, with the reason.
    """

    size: int = 0
    owners: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def clean_path(name: str) -> str:
    """Return an archive path relative to the layer's root, with single slashes.

    Absolute paths start at that root too; ``.`` and empty components mean nothing.

    Raises:
        IntegrityError: the path has a ``..``.

    See: OCI image-spec layer.md, Filesystem Layer.
    """
    if "/." not in name and "//" not in name and name[:1] not in ("/", "."):
        return name
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise IntegrityError(f"layer entry {name!r} points outside of the layer")
    return "/".join(parts)


def unpack_layer(chunks: Iterable[bytes], directory: str) -> Unpacked:
    """Unpack a layer archive into the empty directory ``directory``.

    Args:
        chunks: the uncompressed archive; all of it is read, also what follows its end mark.
        directory: exists and is empty.

    Raises:
        IntegrityError: damaged archive, or an entry that tries to leave the layer.
        SystemFailure: disk full, or the file system cannot hold whiteouts.

    See: OCI image-spec layer.md; openat2(2); mknod(2).
    """
    outcome = Unpacked()
    root = LayerRoot(directory)
    reader = TarReader(chunks)
    name = ""
    try:
        for entry in reader:
            name = entry.name
            _unpack(reader, entry, root, outcome)
        name = ""
        reader.rest()
        root.finish()
    except OSError as error:
        if error.errno in _NONSENSE:
            where = f" at entry {name!r}" if name else ""
            why = (error.strerror or str(error)).lower()
            raise IntegrityError(f"damaged layer archive{where}: {why}") from error
        raise disk_failure(error, "unpacking a layer") from error
    except (ValueError, OverflowError) as error:  # a NUL in a name, a time beyond time
        raise IntegrityError(f"damaged layer archive at entry {name!r}: {error}") from error
    finally:
        root.close()
    outcome.owners = root.owners
    return outcome


def _unpack(reader: TarReader, entry: Entry, root: LayerRoot, outcome: Unpacked) -> None:
    path = clean_path(entry.name)
    kind = entry.kind
    if not path:
        if kind == stat.S_IFDIR:
            root.make_directory("", entry)
    elif _WHITEOUT in path and _is_mark(path):
        _unpack_mark(path, root)
    elif kind == stat.S_IFREG:
        outcome.size += _unpack_file(reader, entry, path, root)
    elif kind == stat.S_IFDIR:
        root.make_directory(path, entry)
    elif kind == stat.S_IFLNK:
        root.make_symlink(path, entry.target, entry)
    elif kind == 0:
        root.make_hard_link(path, clean_path(entry.target))
    elif kind == stat.S_IFIFO:
        root.make_node(path, kind, 0, entry)
    else:
        _unpack_device(path, entry, root, outcome)


def _is_mark(path: str) -> bool:
    """Tell whether the path's last component is a mark of a deletion.

    Raises:
        IntegrityError: a component before it is.
    """
    *above, name = path.split("/")
    if any(part.startswith(_WHITEOUT) for part in above):
        raise IntegrityError(f"layer entry {path!r} lies inside a whiteout")
    return name.startswith(_WHITEOUT)


def _unpack_mark(path: str, root: LayerRoot) -> None:
    above, slash, name = path.rpartition("/")
    if name == _OPAQUE:
        root.make_opaque(above)
    elif not name.startswith(_RESERVED):  # aufs kept its own books under those names
        hidden = name.removeprefix(_WHITEOUT)
        if hidden in ("", ".", ".."):
            raise IntegrityError(f"whiteout of nothing: {path!r}")
        root.make_whiteout(f"{above}{slash}{hidden}")


def _unpack_device(path: str, entry: Entry, root: LayerRoot, outcome: Unpacked) -> None:
    if entry.kind == stat.S_IFCHR and entry.device == 0:
        raise IntegrityError(f"layer entry {entry.name!r} is a disguised whiteout")
    try:
        root.make_node(path, entry.kind, entry.device, entry)
    except PermissionError:
        number = f"{os.major(entry.device)}:{os.minor(entry.device)}"
        outcome.skipped[path] = f"device node {number}: not allowed in a user namespace"


def _unpack_file(reader: TarReader, entry: Entry, path: str, root: LayerRoot) -> int:
    fd = root.make_file(path, entry)
    try:
        if entry.sparse is None:
            reader.write_to(fd)
        else:
            reader.write_sparse_to(fd, entry)
        root.finish_file(path, fd, entry)
    finally:
        os.close(fd)
    return entry.size
