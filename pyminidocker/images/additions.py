"""How layers and images come into the store: the making half of ``ImageStore``.

Blobs and layers that no image mentions yet are garbage; whoever adds them holds ``store.lease()``
until the image is published.  All of it may be called from several threads at once: layers are
unpacked side by side, and the same layer twice ends as one.

See: OCI image-spec layer.md, manifest.md and config.md.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import TYPE_CHECKING, cast

from pyminidocker.images.archive import pack_changes
from pyminidocker.images.assemble import EMPTY_LAYER, assemble, commit
from pyminidocker.images.blobs import BlobStore
from pyminidocker.images.chunks import Behind, gathered
from pyminidocker.images.records import Image, Layer, StoredLayer
from pyminidocker.images.snapshots import LayerStore
from pyminidocker.oci.image_spec import ImageConfig, encode

if TYPE_CHECKING:
    from pyminidocker.images.store import ImageStore

# Of each piece two threads tell each other; pieces of this size make that rare.
_PIECE = 1 << 20


class Additions:
    """The methods of an image store that bring something in.

    Attributes:
        blobs: content by digest.
        layers: the unpacked layers.
    """

    blobs: BlobStore
    layers: LayerStore

    @property
    def _store(self) -> "ImageStore":
        return cast("ImageStore", self)

    def add_layer(self, parent_chain_id: str, chunks: Iterable[bytes]) -> StoredLayer:
        """Take a layer as an uncompressed tar, in one pass: stored, hashed and unpacked.

        Args:
            parent_chain_id: chain id of the layer below, empty for a bottom layer.
            chunks: the tar, in pieces of any size.

        Returns:
            The layer; its blob's digest is its diff id too.

        Raises:
            IntegrityError: a damaged archive, or one that tries to leave the layer or to fill the
                disk.
            SystemFailure: the disk is full; nothing is left behind.

        See: OCI image-spec layer.md.
        """
        stored = self._take(parent_chain_id, chunks, keeps_empty=True)
        assert stored is not None
        return stored

    def add_upper(
        self, below: Sequence[Layer], upper_dir: str, *, clamp_mtime_s: int | None = None
    ) -> StoredLayer | None:
        """Take what a container wrote as a layer; None when it changed nothing.

        Args:
            below: the layers beneath the writable one, bottom first.
            upper_dir: the writable layer.
            clamp_mtime_s: no time in the layer is later than this, in seconds since the epoch
                (SOURCE_DATE_EPOCH); None keeps times as they are.

        Raises:
            SystemFailure: the disk is full; nothing is left behind.

        See: OCI image-spec layer.md, Change Types; reproducible-builds.org, SOURCE_DATE_EPOCH.
        """
        parent = below[-1].chain_id if below else ""
        chunks = pack_changes(upper_dir, below, clamp_mtime_s=clamp_mtime_s)
        return self._take(parent, chunks, keeps_empty=False)

    def _take(
        self, parent: str, chunks: Iterable[bytes], *, keeps_empty: bool
    ) -> StoredLayer | None:
        try:
            with self.blobs.writer() as blob, Behind(blob.write) as storing:
                pieces = storing.passing(gathered(chunks, _PIECE))
                with self.layers.prepare(pieces) as prepared:
                    storing.finish()
                    if blob.digest == EMPTY_LAYER and not keeps_empty:
                        return None
                    digest = blob.finish()
                    layer = self.layers.adopt(prepared, parent, digest)
                return StoredLayer(layer, digest, blob.size)
        finally:
            # A packer that stopped half-way has files open, and they would take up the full disk
            # for as long as somebody keeps the error.
            if isinstance(chunks, Generator):
                chunks.close()

    def add_blob_layer(
        self, parent_chain_id: str, blob_digest: str, media_type: str, diff_id: str
    ) -> Layer:
        """Unpack a layer archive that is in the blob store: plain, gzip or zstd.

        Args:
            parent_chain_id: chain id of the layer below, empty for a bottom layer.
            blob_digest: the archive.
            media_type: what the manifest calls it; the archive's own first bytes decide.
            diff_id: what the uncompressed tar's digest must be.

        Raises:
            NotFound: no such blob.
            IntegrityError: the archive is not what ``diff_id`` says, is damaged, tries to leave
                the layer or to fill the disk.
            SystemFailure: the disk is full; nothing is left behind.

        See: OCI image-spec layer.md and manifest.md (media types of layers).
        """
        del media_type
        with self.blobs.open(blob_digest) as archive:
            return self.layers.add(parent_chain_id, archive, diff_id)

    def add(
        self,
        config: ImageConfig,
        layers: Iterable[tuple[str, int]],
        *,
        media_types: Iterable[str] = (),
        name: str = "",
        parent: str = "",
        comment: str = "",
    ) -> Image:
        """Put an image together from layer blobs that are in the store already, and name it.

        Args:
            config: the config; its diff ids must match ``layers``.
            layers: (blob digest, bytes) of each layer archive, bottom layer first.
            media_types: of each layer archive; empty means plain tar.
            name: a reference to tag it with; empty leaves it dangling.
            parent: id of the image it was made from.
            comment: shown by inspect.

        Raises:
            IntegrityError: a blob is missing or is not what the config says.
            SystemFailure: the disk is full; nothing is left behind.
        """
        return assemble(
            self._store,
            encode(config),
            list(layers),
            media_types=list(media_types),
            name=name,
            parent=parent,
            comment=comment,
        )

    def commit(
        self,
        parent: Image,
        upper_dir: str,
        config: ImageConfig,
        *,
        name: str = "",
        comment: str = "",
    ) -> Image:
        """Make an image of ``parent`` plus what a container wrote (``docker commit``).

        Args:
            parent: the container's image.
            upper_dir: the container's writable layer.
            config: the new image's config as the caller wants it: ``config``, ``author``,
                ``created``; its last history entry describes the commit; ``rootfs`` is filled in
                here.
            name: a reference to tag it with; empty leaves it dangling.
            comment: shown by inspect and history.

        Raises:
            SystemFailure: the disk is full; nothing is left behind.
        """
        return commit(self._store, parent, upper_dir, config, name=name, comment=comment)
