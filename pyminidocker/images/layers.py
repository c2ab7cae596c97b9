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
import gzip
import os
import stat
import tarfile
import zlib
from typing import BinaryIO, cast

from msgspec import Struct, field

from pyminidocker.errors import IntegrityError
from pyminidocker.images.atomic import disk_failure
from pyminidocker.images.layer_root import LayerRoot, Metadata
from pyminidocker.oci.digest import sha256_hasher

_CHUNK = 1 << 18
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_RESERVED = ".wh..wh."
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_PAX_XATTR = "SCHILY.xattr."
# What the kernel says of paths that make no sense, e.g. a file used as a directory.
_NONSENSE = {errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ELOOP, errno.ENAMETOOLONG}
_DAMAGED = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError)


class Unpacked(Struct):
    """The outcome of unpacking one layer archive.

    Attributes:
        diff_id: digest of the uncompressed archive.
        size: bytes in regular files.
        owners: true (uid, gid, mode) where the disk could not hold them.
        skipped: entries that could not be made here, with the reason.
    """

    diff_id: str = ""
    size: int = 0
    owners: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


class _HashingReader:
    """Passes reads through and hashes what went by."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._hash = sha256_hasher()

    def read(self, size: int = _CHUNK) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        return data

    def finish(self) -> str:
        """Read what is left (padding behind the end mark counts too); return the digest."""
        while self.read():
            pass
        return f"sha256:{self._hash.hexdigest()}"


def split_path(name: str) -> list[str]:
    """Return the components of an archive path below the layer's root.

    Absolute paths start at that root too; ``.`` and empty components mean nothing.

    Raises:
        IntegrityError: the path has a ``..``.

    See: OCI image-spec layer.md, Filesystem Layer.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise IntegrityError(f"layer entry {name!r} points outside of the layer")
    return parts


def unpack_layer(archive: BinaryIO, directory: str) -> Unpacked:
    """Unpack a layer archive (plain tar or gzip) into the empty directory ``directory``.

    Args:
        archive: a seekable file, or one whose ``peek`` works.
        directory: exists and is empty.

    Raises:
        IntegrityError: damaged archive, or an entry that tries to leave the layer.
        SystemFailure: disk full, or the file system cannot hold whiteouts.

    See: OCI image-spec layer.md; openat2(2); mknod(2).
    """
    outcome = Unpacked()
    root = LayerRoot(directory)
    try:
        reader = _HashingReader(_uncompressed(archive))
        with tarfile.open(fileobj=cast("BinaryIO", reader), mode="r|", bufsize=_CHUNK) as tar:
            for member in tar:
                _unpack_member(tar, member, root, outcome)
        outcome.diff_id = reader.finish()
        root.finish_directories()
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile) or error.errno in _NONSENSE:
            raise IntegrityError(f"damaged layer archive: {error}") from error
        raise disk_failure(error, "unpacking a layer") from error
    except _DAMAGED as error:
        raise IntegrityError(f"damaged layer archive: {error}") from error
    finally:
        root.close()
    outcome.owners = root.owners
    return outcome


def _uncompressed(archive: BinaryIO) -> BinaryIO:
    """Look at the first bytes and decompress when they say so."""
    peek = getattr(archive, "peek", None)
    if peek is not None:
        magic = bytes(peek(4)[:4])
    else:
        magic = archive.read(4)
        archive.seek(-len(magic), os.SEEK_CUR)
    if magic.startswith(_ZSTD_MAGIC):
        raise IntegrityError(
            "this layer is compressed with zstd, which Python's standard library cannot read yet",
            hint="repack it with gzip, e.g. 'skopeo copy --dest-compress-format gzip'",
        )
    if magic.startswith(_GZIP_MAGIC):
        return cast("BinaryIO", gzip.GzipFile(fileobj=archive, mode="rb"))
    return archive


def _unpack_member(
    tar: tarfile.TarFile, member: tarfile.TarInfo, root: LayerRoot, outcome: Unpacked
) -> None:
    parts = split_path(member.name)
    if not parts:
        if member.isdir():
            root.make_directory([], _metadata(member))
        return
    if parts[-1].startswith(_WHITEOUT):
        _unpack_whiteout(parts, root)
    elif any(part.startswith(_WHITEOUT) for part in parts):
        raise IntegrityError(f"layer entry {member.name!r} lies inside a whiteout")
    elif member.isdir():
        root.make_directory(parts, _metadata(member))
    elif member.issym():
        root.make_symlink(parts, member.linkname, _metadata(member))
    elif member.islnk():
        root.make_hard_link(parts, split_path(member.linkname))
    elif member.isfifo():
        root.make_node(parts, stat.S_IFIFO, 0, _metadata(member))
    elif member.isdev():
        _unpack_device(parts, member, root, outcome)
    else:
        _unpack_file(tar, member, parts, root)
        outcome.size += member.size


def _unpack_whiteout(parts: list[str], root: LayerRoot) -> None:
    if parts[-1] == _OPAQUE:
        root.make_opaque(parts[:-1])
    elif parts[-1].startswith(_RESERVED):
        return  # aufs kept its own books under these names
    else:
        hidden = parts[-1].removeprefix(_WHITEOUT)
        if hidden in ("", ".", ".."):
            raise IntegrityError(f"whiteout of nothing: {'/'.join(parts)!r}")
        root.make_whiteout([*parts[:-1], hidden])


def _unpack_device(
    parts: list[str], member: tarfile.TarInfo, root: LayerRoot, outcome: Unpacked
) -> None:
    kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
    device = os.makedev(member.devmajor, member.devminor)
    if kind == stat.S_IFCHR and device == 0:
        raise IntegrityError(f"layer entry {member.name!r} is a disguised whiteout")
    try:
        root.make_node(parts, kind, device, _metadata(member))
    except PermissionError:
        outcome.skipped["/".join(parts)] = (
            f"device node {member.devmajor}:{member.devminor}: not allowed in a user namespace"
        )


def _unpack_file(
    tar: tarfile.TarFile, member: tarfile.TarInfo, parts: list[str], root: LayerRoot
) -> None:
    fd = root.open_file(parts)
    try:
        content = tar.extractfile(member)
        while content is not None and (chunk := content.read(_CHUNK)):
            view = memoryview(chunk)
            while view:
                view = view[os.write(fd, view) :]
        root.finish_file(parts, fd, _metadata(member))
    finally:
        os.close(fd)


def _metadata(member: tarfile.TarInfo) -> Metadata:
    return Metadata(
        mode=stat.S_IMODE(member.mode),
        uid=member.uid,
        gid=member.gid,
        mtime_ns=_mtime_ns(member),
        xattrs={
            name.removeprefix(_PAX_XATTR): value.encode(errors="surrogateescape")
            for name, value in member.pax_headers.items()
            if name.startswith(_PAX_XATTR)
        },
    )


def _mtime_ns(member: tarfile.TarInfo) -> int:
    """Return the time in nanoseconds; a float would lose the last digits."""
    whole, _, fraction = member.pax_headers.get("mtime", str(int(member.mtime))).partition(".")
    return int(whole or 0) * 10**9 + int(f"{fraction:0<9}"[:9] or 0)
