"""The image records on disk, and how one becomes an ``Image`` ready to run.

    images/<image id hex>.json    which manifest, which parent, when tagged, whether hidden

Everything else is read from the blobs the record points at and is verified by digest on the way.
A layer that is missing or damaged is unpacked again from its blob.
"""

import os
from datetime import datetime

import msgspec

from pyminidocker.errors import IntegrityError, MiniDockerError
from pyminidocker.images.atomic import sweep_temporary, write_file
from pyminidocker.images.blobs import BlobStore
from pyminidocker.images.records import Image, Layer
from pyminidocker.images.snapshots import LayerStore
from pyminidocker.oci.digest import chain_ids, hex_part, is_digest
from pyminidocker.oci.image_spec import Manifest, decode_config, decode_manifest


class ImageRecord(msgspec.Struct, omit_defaults=True):
    """The content of an image's record file."""

    manifest: str
    parent: str = ""
    comment: str = ""
    last_tagged: float = 0.0
    hidden: bool = False


def parse_time(text: str) -> float:
    """Return RFC 3339 text as seconds since the epoch; 0 when there is none."""
    try:
        return datetime.fromisoformat(text).timestamp() if text else 0.0
    except ValueError:
        return 0.0


class Catalog:
    """All image records.

    Attributes:
        images: by id, hidden ones too.
        records: by id.
        problems: records that could not be loaded or needed repair, each naming its file.
        is_complete: every record was read, so that what no record mentions is garbage.
    """

    def __init__(
        self, directory: str, blobs: BlobStore, layers: LayerStore, init_layer: str
    ) -> None:
        """Load the records in ``directory``."""
        self.images: dict[str, Image] = {}
        self.records: dict[str, ImageRecord] = {}
        self.problems: list[IntegrityError] = []
        self.is_complete = True
        self._directory = directory
        self._blobs = blobs
        self._layers = layers
        self._init_layer = init_layer
        os.makedirs(directory, mode=0o700, exist_ok=True)
        sweep_temporary(directory)
        for name in sorted(os.listdir(directory)):
            image_id = f"sha256:{name.removesuffix('.json')}"
            if name.endswith(".json") and is_digest(image_id):
                self._load(image_id)

    def _path(self, image_id: str) -> str:
        return f"{self._directory}/{hex_part(image_id)}.json"

    def _load(self, image_id: str) -> None:
        path = self._path(image_id)
        try:
            with open(path, "rb") as file:
                record = msgspec.json.decode(file.read(), type=ImageRecord)
            self.images[image_id] = self._build(image_id, record)
            self.records[image_id] = record
        except (ValueError, OSError, MiniDockerError) as error:
            self.is_complete = False
            self.problems.append(
                IntegrityError(
                    f"{path}: this image cannot be used: {error}",
                    hint="delete that file and make or pull the image again",
                )
            )

    def _build(self, image_id: str, record: ImageRecord) -> Image:
        config = decode_config(self._blobs.read(image_id))
        manifest = decode_manifest(self._blobs.read(record.manifest))
        diff_ids = config.rootfs.diff_ids
        if manifest.config.digest != image_id or len(manifest.layers) != len(diff_ids):
            raise IntegrityError(f"manifest {record.manifest} does not fit config {image_id}")
        layers = [
            self._layers.get(chain_id) or self._restore(manifest, diff_ids, position)
            for position, chain_id in enumerate(chain_ids(diff_ids))
        ]
        return Image(
            id=image_id,
            manifest_digest=record.manifest,
            config=config,
            layers=tuple(layers),
            blobs=tuple(layer.digest for layer in manifest.layers),
            lower_dirs=(self._init_layer, *(layer.directory for layer in reversed(layers))),
            size=sum(layer.size for layer in layers),
            created=parse_time(config.created),
            parent=record.parent,
            last_tagged=record.last_tagged,
            comment=record.comment,
        )

    def _restore(self, manifest: Manifest, diff_ids: list[str], position: int) -> Layer:
        """Unpack a layer of a known image again."""
        chain = chain_ids(diff_ids)
        self.problems.append(
            IntegrityError(f"layer {chain[position]} was missing or damaged: unpacked again")
        )
        with self._blobs.open(manifest.layers[position].digest) as archive:
            parent = chain[position - 1] if position else ""
            return self._layers.add(parent, archive, diff_ids[position])

    def put(self, image_id: str, record: ImageRecord) -> Image:
        """Write a record and return its image; blobs and layers are there already.

        Raises:
            SystemFailure: disk full; the record is as before.
        """
        image = self._build(image_id, record)
        write_file(self._path(image_id), msgspec.json.encode(record))
        self.records[image_id] = record
        self.images[image_id] = image
        return image

    def remove(self, image_id: str) -> None:
        """Delete a record."""
        os.unlink(self._path(image_id))
        del self.images[image_id]
        del self.records[image_id]

    def is_hidden(self, image_id: str) -> bool:
        """Tell whether the image was deleted while a container still used it."""
        return self.records[image_id].hidden

    def children(self, image_id: str) -> list[str]:
        """Return the ids of the visible images made from this one."""
        return [
            known
            for known, record in self.records.items()
            if record.parent == image_id and not record.hidden
        ]
