"""Unpack a layer archive into a directory that overlayfs can use as it is.

Layers come from strangers.  Every path is opened beneath the layer's own directory by the kernel
(openat2 with RESOLVE_IN_ROOT), so ``../``, absolute paths and links that point outside cannot
reach the host; extended attributes that would steer overlayfs are dropped.  Deletions are written
in tar as ``.wh.name`` files and become overlayfs' own whiteouts here.

An ordinary user may give files to nobody but himself: where chown is refused the true owner is
reported back, to be kept in the layer's metadata.

See: OCI image-spec layer.md; Documentation/filesystems/overlayfs.rst; openat2(2).
"""

from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass(slots=True)
class Unpacked:
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


def unpack_layer(archive: BinaryIO, directory: str) -> Unpacked:
    """Unpack a layer archive (plain tar or gzip) into the empty directory ``directory``.

    Raises:
        IntegrityError: damaged archive, or an entry that tries to leave the layer.
        SystemFailure: disk full, or the file system cannot hold whiteouts.

    See: OCI image-spec layer.md; openat2(2); mknod(2).
    """
    raise NotImplementedError
