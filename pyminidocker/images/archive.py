"""Pack directories as OCI layer archives, the same bytes for the same content.

Entries come sorted, with numeric owners, PAX headers only where needed and no access times, so
that a digest says something about the content and not about the moment of packing.  Archives are
produced as a stream of chunks: nothing is held in memory but one chunk.

See: OCI image-spec layer.md; tar(5).
"""

from collections.abc import Iterator, Sequence

from pyminidocker.images.records import Layer


def pack_changes(upper_dir: str, lower: Sequence[Layer]) -> Iterator[bytes]:
    """Yield the layer tar of what a writable layer changes (``docker commit``).

    Args:
        upper_dir: the container's writable layer.
        lower: the image's layers, bottom first; whiteouts and copied-up owners refer to them.

    See: OCI image-spec layer.md, Whiteouts.
    """
    raise NotImplementedError


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
    raise NotImplementedError
