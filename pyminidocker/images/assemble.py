"""Put images together: from layer archives and a config, or from what a container wrote.

See: OCI image-spec manifest.md and config.md.
"""

from typing import TYPE_CHECKING

from pyminidocker.errors import IntegrityError
from pyminidocker.images.catalog import ImageRecord
from pyminidocker.images.records import Image
from pyminidocker.oci.digest import chain_ids
from pyminidocker.oci.image_spec import (
    MEDIA_CONFIG,
    MEDIA_LAYER,
    MEDIA_MANIFEST,
    Descriptor,
    ImageConfig,
    Manifest,
    decode_config,
    encode,
)
from pyminidocker.oci.reference import parse

if TYPE_CHECKING:
    from pyminidocker.images.store import ImageStore

# The digest of a tar without entries: such a layer is left out of the image, as Docker does.
EMPTY_LAYER = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


def assemble(
    store: "ImageStore",
    config: bytes,
    layers: list[tuple[str, int]],
    *,
    media_types: list[str],
    name: str = "",
    parent: str = "",
    comment: str = "",
) -> Image:
    """Make an image of a config's exact bytes (their digest is its id) and layer blobs.

    Args:
        store: holds the blobs; takes the image.
        config: JSON of the config.
        layers: (blob digest, bytes), bottom layer first.
        media_types: of the layers; empty means plain tar.
        name: a reference to tag it with; empty leaves it dangling.
        parent: id of the image it was made from.
        comment: shown by inspect.

    Raises:
        IntegrityError: a blob is missing or is not what the config says.
        SystemFailure: the disk is full; nothing is left behind.
    """
    try:
        diff_ids = decode_config(config).rootfs.diff_ids
    except ValueError as error:
        raise IntegrityError(f"image config is damaged: {error}") from error
    if len(diff_ids) != len(layers):
        raise IntegrityError(f"config names {len(diff_ids)} layers, {len(layers)} are given")
    tag = parse(name).with_default_tag() if name else None
    kinds = media_types or [MEDIA_LAYER] * len(layers)
    with store.lease():
        below = ""
        for (digest, _), diff_id, chain_id in zip(
            layers, diff_ids, chain_ids(diff_ids), strict=True
        ):
            with store.blobs.open(digest) as archive:
                store.layers.add(below, archive, diff_id)
            below = chain_id
        image_id = store.blobs.put(config)
        manifest = Manifest(
            schema_version=2,
            media_type=MEDIA_MANIFEST,
            config=Descriptor(MEDIA_CONFIG, image_id, len(config)),
            layers=[
                Descriptor(kind, digest, size)
                for kind, (digest, size) in zip(kinds, layers, strict=True)
            ],
        )
        record = ImageRecord(store.blobs.put(encode(manifest)), parent, comment)
        return store.publish(image_id, record, tag)


def commit(
    store: "ImageStore",
    parent: Image,
    upper_dir: str,
    config: ImageConfig,
    *,
    name: str,
    comment: str,
) -> Image:
    """Make an image of ``parent`` plus a writable layer; see ``ImageStore.commit``."""
    with store.lease():
        added = store.add_upper(parent.layers, upper_dir)
        descriptors = store.manifest(parent).layers
        layers = [(layer.digest, layer.size) for layer in descriptors]
        kinds = [layer.media_type for layer in descriptors]
        diff_ids = list(parent.config.rootfs.diff_ids)
        if added is not None:
            layers.append((added.blob, added.size))
            kinds.append(MEDIA_LAYER)
            diff_ids.append(added.layer.diff_id)
        config.rootfs.diff_ids = diff_ids
        if config.history:
            config.history[-1].empty_layer = added is None
        return assemble(
            store,
            encode(config),
            layers,
            media_types=kinds,
            name=name,
            parent=parent.id,
            comment=comment,
        )
