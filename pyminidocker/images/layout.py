"""Write an image as an OCI image layout, the directory format skopeo, umoci and podman read.

See: OCI image-spec image-layout.md.
"""

from pyminidocker.images.store import ImageStore


def write_oci_layout(store: ImageStore, ref: str, directory: str) -> str:
    """Write the image ``ref`` into ``directory`` as an OCI layout; return its manifest digest.

    Raises:
        NotFound: no such image.

    See: OCI image-spec image-layout.md.
    """
    raise NotImplementedError


def read_oci_layout(store: ImageStore, directory: str, name: str = "") -> list[str]:
    """Take the images of an OCI layout into the store; return their ids.

    Args:
        store: where they go.
        directory: holds ``oci-layout``, ``index.json`` and ``blobs/``.
        name: tag for the (only) image; empty takes names from the index's annotations.

    Raises:
        IntegrityError: the layout is damaged.

    See: OCI image-spec image-layout.md.
    """
    raise NotImplementedError
