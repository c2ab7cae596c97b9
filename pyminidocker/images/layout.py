"""Images as an OCI image layout, the directory format that skopeo, umoci and podman read.

    oci-layout              {"imageLayoutVersion": "1.0.0"}
    index.json              one manifest per image, named by an annotation
    blobs/sha256/<hex>      manifests, configs, layer archives

See: OCI image-spec image-layout.md.
"""

import os
from collections.abc import Callable

from pyminidocker.errors import IntegrityError, NotFound
from pyminidocker.images.assemble import assemble
from pyminidocker.images.atomic import write_file
from pyminidocker.images.blobs import BlobStore
from pyminidocker.images.store import ImageStore
from pyminidocker.images.tar_writer import file_chunks
from pyminidocker.oci.image_spec import (
    ANNOTATION_REF_NAME,
    MEDIA_DOCKER_INDEX,
    MEDIA_INDEX,
    MEDIA_MANIFEST,
    Descriptor,
    Index,
    Manifest,
    decode_index,
    decode_manifest,
    encode,
)
from pyminidocker.oci.platform import host_platform
from pyminidocker.oci.reference import DEFAULT_TAG, parse_any

_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_NESTED_MAX = 8


def write_oci_layout(store: ImageStore, ref: str, directory: str) -> str:
    """Write the image ``ref`` into ``directory`` as an OCI layout; return its manifest digest.

    Raises:
        NotFound: no such image.
        SystemFailure: disk full.

    See: OCI image-spec image-layout.md.
    """
    image = store.resolve(ref)
    target = BlobStore(f"{directory}/blobs")
    for digest in (*image.blobs, image.id, image.manifest_digest):
        with store.blobs.open(digest) as file:
            target.put_stream(file_chunks(os.dup(file.fileno())), digest)
    parsed = parse_any(ref)
    tag = DEFAULT_TAG if isinstance(parsed, str) else parsed.tag or DEFAULT_TAG
    index = Index(
        schema_version=2,
        media_type=MEDIA_INDEX,
        manifests=[
            Descriptor(
                MEDIA_MANIFEST,
                image.manifest_digest,
                store.blobs.size(image.manifest_digest),
                annotations={ANNOTATION_REF_NAME: tag},
            )
        ],
    )
    write_file(f"{directory}/oci-layout", _LAYOUT)
    write_file(f"{directory}/index.json", encode(index))
    return image.manifest_digest


def read_oci_layout(store: ImageStore, directory: str, name: str = "") -> list[str]:
    """Take the images of an OCI layout into the store; return their ids.

    Args:
        store: where they go.
        directory: holds ``oci-layout``, ``index.json`` and ``blobs/``.
        name: a reference to tag the (only) image with; empty leaves images dangling.

    Raises:
        IntegrityError: the layout is damaged.
        NotFound: it is no layout, or lacks a blob it mentions.
        SystemFailure: disk full; nothing is left behind.

    See: OCI image-spec image-layout.md.
    """
    try:
        with open(f"{directory}/index.json", "rb") as file:
            index = decode_index(file.read())
    except FileNotFoundError as error:
        raise NotFound(f"{directory} is no OCI image layout: it has no index.json") from error
    except ValueError as error:
        raise IntegrityError(f"{directory}/index.json is damaged: {error}") from error
    source = BlobStore(f"{directory}/blobs", read_only=True)
    return [_take(store, source, entry.digest, name) for entry in own_manifests(index, source.read)]


def own_manifests(index: Index, read: Callable[[str], bytes], depth: int = 0) -> list[Descriptor]:
    """Return the manifests for this machine; an index may hold further ones, per platform.

    Args:
        index: the outermost one.
        read: gives the content of a nested index by its digest.
        depth: how many indexes this one lies in.

    Raises:
        ValueError: a nested index is damaged.

    See: OCI image-spec image-index.md, platform.
    """
    machine = host_platform().architecture
    found: list[Descriptor] = []
    for entry in index.manifests:
        if entry.media_type in (MEDIA_INDEX, MEDIA_DOCKER_INDEX):
            if depth == _NESTED_MAX:
                raise ValueError(f"more than {_NESTED_MAX} indexes inside each other")
            found += own_manifests(decode_index(read(entry.digest)), read, depth + 1)
        elif entry.platform is None or entry.platform.architecture in ("", machine):
            found.append(entry)
    return found


def _take(store: ImageStore, source: BlobStore, digest: str, name: str) -> str:
    try:
        manifest: Manifest = decode_manifest(source.read(digest))
    except ValueError as error:
        raise IntegrityError(f"manifest {digest} is damaged: {error}") from error
    with store.lease():
        for layer in manifest.layers:
            with source.open(layer.digest) as file:
                store.blobs.put_stream(file_chunks(os.dup(file.fileno())), layer.digest)
        image = assemble(
            store,
            source.read(manifest.config.digest),
            [(layer.digest, layer.size) for layer in manifest.layers],
            media_types=[layer.media_type for layer in manifest.layers],
            name=name,
        )
    return image.id
