"""What the image store tells about its contents: plain, immutable values.

``Image`` is what ``resolve`` gives on every ``run``; it is built once, when the image enters the
store or the store is opened, so that starting a container costs no look at the disk.
"""

from msgspec import Struct, field

from pyminidocker.oci.image_spec import ImageConfig


class Layer(Struct, frozen=True):
    """One unpacked layer.

    Attributes:
        chain_id: names the layer and all below it; its directory is named after it.  The
            container's id for a writable layer.
        parent: chain id of the layer below, empty for the bottom layer.
        diff_id: digest of the uncompressed layer tar, empty for a writable layer.
        size: bytes in regular files.
        directory: absolute path of the layer's ``diff`` directory, an overlay lower directory.
        owners: true (uid, gid, mode) of paths where the disk could not hold them, by path without
            a leading slash.
        skipped: paths that could not be unpacked here (device nodes), with the reason.
    """

    chain_id: str
    parent: str
    diff_id: str
    size: int
    directory: str
    owners: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def is_writable(self) -> bool:
        """It is a container's writable layer: its content changes, so it has no digest."""
        return not self.diff_id


class StoredLayer(Struct, frozen=True):
    """A layer that has just come into the store, as an image's manifest needs it.

    Attributes:
        layer: the unpacked layer.
        blob: digest of its archive in the blob store.
        size: bytes of that archive.
    """

    layer: Layer
    blob: str
    size: int


class Image(Struct, frozen=True):
    """One image, ready to run.

    Attributes:
        id: digest of the config's bytes, ``sha256:...`` (Docker's image id).
        manifest_digest: digest of its manifest in the blob store.
        config: the parsed config document.
        layers: bottom layer first.
        blobs: digests of the layer archives, bottom layer first.
        lower_dirs: overlay lower directories, topmost first; the first one is the shared *init
            layer* with the mount points every container needs, as dockerd has one.
        size: bytes in regular files of all layers.
        created: seconds since the epoch, 0 when the config does not say.
        parent: id of the image it was committed or built from, empty when there is none.
        last_tagged: seconds since the epoch of the last tag, 0 = never.
        comment: as given to commit.
    """

    id: str
    manifest_digest: str
    config: ImageConfig
    layers: tuple[Layer, ...]
    blobs: tuple[str, ...]
    lower_dirs: tuple[str, ...]
    size: int
    created: float
    parent: str = ""
    last_tagged: float = 0.0
    comment: str = ""


class ImageListing(Struct, frozen=True):
    """One row of ``docker images``' data, before filtering.

    Attributes:
        image: the image.
        repo_tags: familiar names with tags, sorted; empty for a dangling image.
        repo_digests: familiar names with digests, sorted.
        shared_size: bytes in layers that other images use too.
        is_intermediate: has no name but children; shown with ``-a`` only.
    """

    image: Image
    repo_tags: tuple[str, ...]
    repo_digests: tuple[str, ...]
    shared_size: int
    is_intermediate: bool


class HistoryEntry(Struct, frozen=True):
    """One line of ``docker history``, newest first.

    Attributes:
        id: image id, or ``<missing>`` when the step is no image of its own here.
        created: seconds since the epoch.
        created_by: the instruction or command.
        size: bytes in regular files of the step's layer, 0 for config-only steps.
        comment: the step's comment.
        tags: names of the image with that id.
    """

    id: str
    created: float
    created_by: str
    size: int
    comment: str
    tags: tuple[str, ...] = ()


class ImageUser(Struct, frozen=True):
    """A container that was made from an image, as deletion needs to know it."""

    container_id: str
    image_id: str
    running: bool


class Removal(Struct, frozen=True):
    """One thing that deletion did.

    Attributes:
        kind: ``untagged`` or ``deleted``.
        target: the familiar reference that went, or the digest of the image or layer.
        image_id: the image it belonged to; empty for layers.
    """

    kind: str
    target: str
    image_id: str = ""


class Change(Struct, frozen=True):
    """One line of ``docker diff``: kind 0 modified (C), 1 added (A), 2 deleted (D)."""

    path: str
    kind: int


class DiffEntry(Struct, frozen=True):
    """One path in which two stacks of layers differ.

    Attributes:
        path: absolute path inside the image.
        kind: ``added``, ``changed``, ``deleted``, or ``attributes`` (same content, but another
            mode, owner, time or hidden lower directory).
        type: ``file``, ``dir``, ``link``, ``fifo``, ``char``, ``block`` or ``socket``, in B (in A
            when deleted).
        layer: index in B of the layer that made the difference; -1 when no layer of B did (B
            merely lacks what A has).
        size_a: bytes in A, 0 when absent.
        size_b: bytes in B, 0 when absent.
        mode_a: permission bits in A, 0 when absent.
        mode_b: permission bits in B, 0 when absent.
        copied_up: bytes of the lower file that B carries a second time because of the change:
            overlayfs copies a file as a whole, however small the change is.
        whiteout: a whiteout in B hides it.
        opaque: the directory is opaque in B: it hides all that lies below it in lower layers.
    """

    path: str
    kind: str
    type: str
    layer: int
    size_a: int = 0
    size_b: int = 0
    mode_a: int = 0
    mode_b: int = 0
    copied_up: int = 0
    whiteout: bool = False
    opaque: bool = False


class Comparison(Struct, frozen=True):
    """How stack B differs from stack A.

    Attributes:
        entries: sorted by path.
        added: count of entries of that kind; likewise ``changed``, ``deleted``, ``attributes``.
        copied_up_bytes: sum over the entries.
        wasted_bytes: bytes that lie in B's layers and that no path of B shows any more.
    """

    entries: tuple[DiffEntry, ...]
    added: int
    changed: int
    deleted: int
    attributes: int
    copied_up_bytes: int
    wasted_bytes: int
