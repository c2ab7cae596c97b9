"""Layers on disk, shared between images, and the writable directories of containers.

    layers/<chain id>/diff/         an overlay lower directory
    layers/<chain id>/layer.json    parent, diff id, size, owners the disk could not hold

A chain id names a layer together with all that lies below it.  A layer is unpacked beside its
final place and renamed when complete: it is there in full or not at all.

See: OCI image-spec config.md (Layer ChainID); Documentation/filesystems/overlayfs.rst.
"""

from typing import BinaryIO

from pyminidocker.errors import IntegrityError
from pyminidocker.images.records import Layer


class LayerStore:
    """The directory of unpacked layers.

    Attributes:
        problems: layers that could not be loaded, each naming its file.
    """

    def __init__(self, root: str) -> None:
        """Open (or make) the layer directory ``root`` and sweep half-made leftovers."""
        self.problems: list[IntegrityError] = []
        raise NotImplementedError

    def get(self, chain_id: str) -> Layer | None:
        """Return a layer that is there, or None.

        See: OCI image-spec config.md, Layer ChainID.
        """
        raise NotImplementedError

    def add(self, parent: str, archive: BinaryIO, diff_id: str) -> Layer:
        """Unpack ``archive`` on top of the layer ``parent`` unless it is there already.

        Args:
            parent: chain id of the layer below, empty for a bottom layer.
            archive: the layer tar, plain or gzip.
            diff_id: what the uncompressed tar's digest must be.

        Raises:
            IntegrityError: the archive is not what ``diff_id`` says.
            SystemFailure: disk full; nothing is left behind.

        See: OCI image-spec config.md, Layer ChainID.
        """
        raise NotImplementedError

    def remove(self, chain_id: str) -> None:
        """Delete a layer's directory; the caller knows that nothing uses it."""
        raise NotImplementedError


def make_upper(container_dir: str) -> tuple[str, str]:
    """Make a container's writable layer and overlayfs' scratch directory; return their paths.

    See: Documentation/filesystems/overlayfs.rst, Upper and Lower.
    """
    raise NotImplementedError
