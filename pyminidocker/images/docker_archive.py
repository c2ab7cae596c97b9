"""``docker save``: images as one tar, a Docker archive and an OCI layout at the same time.

    oci-layout, index.json      for readers of the OCI layout: skopeo oci-archive:, podman, umoci
    manifest.json               for readers of Docker's archives: docker load of any age, podman
    repositories                names, for what is older than both
    blobs/sha256/<hex>          manifests, configs and layers, once each, whoever refers to them

Docker writes this since version 25.  Layers go out as they lie in the store, plain or gzip, so that
nothing is packed again and every digest stays what it was; only zstd is unpacked, which docker
before version 23 cannot read.

See: moby image/tarexport/save.go; OCI image-spec image-layout.md.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.chunks import read_chunks
from pyminidocker.images.compression import decompressed, kind_of
from pyminidocker.images.records import Image
from pyminidocker.images.tar_writer import Member, content, end_of_archive, header
from pyminidocker.oci.digest import hex_part, sha256
from pyminidocker.oci.image_spec import (
    ANNOTATION_CONTAINERD_NAME,
    ANNOTATION_REF_NAME,
    MEDIA_INDEX,
    MEDIA_LAYER,
    MEDIA_MANIFEST,
    Descriptor,
    Index,
    Manifest,
    encode,
)
from pyminidocker.oci.reference import Reference, parse_any

if TYPE_CHECKING:
    from pyminidocker.images.store import ImageStore

LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_DIRECTORY = b"5"
_MAGIC_BYTES = 6


class _Stored:
    """A blob as the archive gets it: from memory, from the store, or unpacked on the way."""

    def __init__(self, size: int, data: bytes = b"", blob: str = "", *, unpack: bool = False):
        self.size = size
        self.data = data
        self.blob = blob
        self.unpack = unpack


def choose(store: "ImageStore", refs: Iterable[str]) -> list[tuple[Image, list[Reference]]]:
    """Return the images to save and the names each is saved under.

    A name without a tag means all tags of that repository; an id saves an image without names.

    Raises:
        NotFound: no such image.
        InvalidArgument: not a reference, or none is given.

    See: moby image/tarexport/save.go, parseNames.
    """
    chosen: dict[str, tuple[Image, list[Reference]]] = {}
    for ref in refs:
        parsed = parse_any(ref)
        is_repository = isinstance(parsed, Reference) and not parsed.tag and not parsed.digest
        if is_repository and isinstance(parsed, Reference) and (found := _tags_of(store, parsed)):
            for image, tag in found:
                _add(chosen, image, tag)
            continue
        image = store.resolve(ref)
        is_tag = isinstance(parsed, Reference) and parsed.tag and not parsed.digest
        has_name = isinstance(parsed, Reference) and store.names.get(parsed) == image.id
        _add(chosen, image, parsed if is_tag and has_name else None)
    if not chosen:
        raise InvalidArgument("name at least one image to save")
    return list(chosen.values())


def _tags_of(store: "ImageStore", repository: Reference) -> list[tuple[Image, Reference]]:
    return [
        (image, name)
        for image in store.visible()
        for name in store.names.of(image.id)
        if name.tag and name.name == repository.name
    ]


def _add(
    chosen: dict[str, tuple[Image, list[Reference]]], image: Image, name: Reference | str | None
) -> None:
    names = chosen.setdefault(image.id, (image, []))[1]
    if isinstance(name, Reference) and name not in names:
        names.append(name)


def save(store: "ImageStore", chosen: list[tuple[Image, list[Reference]]]) -> Iterator[bytes]:
    """Yield the archive of the images that ``choose`` has found; the caller holds a lease.

    Raises:
        NotFound: a blob is missing.
        IntegrityError: a manifest, config or compressed layer is damaged.

    See: moby image/tarexport/save.go.
    """
    blobs: dict[str, _Stored] = {}
    descriptors: list[Descriptor] = []
    entries: list[dict[str, Any]] = []
    repositories: dict[str, dict[str, str]] = {}
    for image, names in chosen:
        manifest_digest, manifest = _collect(store, image, blobs)
        top = image.layers[-1].chain_id if image.layers else image.id
        for name in names:
            repositories.setdefault(name.familiar_name, {})[name.tag] = hex_part(top)
        size = blobs[manifest_digest].size
        descriptors += [
            Descriptor(MEDIA_MANIFEST, manifest_digest, size, annotations=annotations)
            for annotations in [_annotations(name) for name in names] or [{}]
        ]
        entries.append(
            {
                "Config": _path(image.id),
                "RepoTags": [name.familiar for name in names] or None,
                "Layers": [_path(layer.digest) for layer in manifest.layers],
            }
        )
    index = Index(schema_version=2, media_type=MEDIA_INDEX, manifests=descriptors)
    yield from _file("oci-layout", LAYOUT)
    yield from _file("index.json", encode(index))
    yield from _file("manifest.json", msgspec.json.encode(entries))
    if repositories:
        yield from _file("repositories", msgspec.json.encode(repositories, order="sorted"))
    for directory in ("blobs/", "blobs/sha256/"):
        yield header(Member(directory, _DIRECTORY, 0o755))
    # Small ones first: a reader of the stream knows what an image is made of when layers come.
    for digest in sorted(blobs, key=lambda digest: (not blobs[digest].data, digest)):
        stored = blobs[digest]
        yield header(Member(_path(digest), size=stored.size))
        yield from content(_content(store, stored), stored.size)
    yield end_of_archive()


def _annotations(name: Reference) -> dict[str, str]:
    return {ANNOTATION_CONTAINERD_NAME: str(name), ANNOTATION_REF_NAME: name.tag}


def _path(digest: str) -> str:
    return f"blobs/sha256/{hex_part(digest)}"


def _file(name: str, data: bytes) -> Iterator[bytes]:
    yield header(Member(name, size=len(data)))
    yield from content([data], len(data))


def _content(store: "ImageStore", stored: _Stored) -> Iterator[bytes]:
    if not stored.blob:
        yield stored.data
        return
    with store.blobs.open(stored.blob) as file:
        chunks = read_chunks(file)
        yield from decompressed(chunks, "layer") if stored.unpack else chunks


def _collect(store: "ImageStore", image: Image, blobs: dict[str, _Stored]) -> tuple[str, Manifest]:
    """Note the blobs of an image; return the manifest it is saved with, and its digest."""
    manifest = store.manifest(image)
    layers = []
    for layer, diff_id in zip(manifest.layers, image.config.rootfs.diff_ids, strict=True):
        if _is_zstd(store, layer.digest):
            size = blobs[diff_id].size if diff_id in blobs else _unpacked_size(store, layer.digest)
            blobs[diff_id] = _Stored(size, blob=layer.digest, unpack=True)
            layers.append(Descriptor(MEDIA_LAYER, diff_id, size))
        else:
            blobs[layer.digest] = _Stored(store.blobs.size(layer.digest), blob=layer.digest)
            layers.append(layer)
    config = store.blobs.read(image.id)
    blobs[image.id] = _Stored(len(config), config)
    data = store.blobs.read(image.manifest_digest)
    if layers != manifest.layers:
        manifest.layers = layers
        data = encode(manifest)
    digest = sha256(data)
    blobs[digest] = _Stored(len(data), data)
    return digest, manifest


def _is_zstd(store: "ImageStore", digest: str) -> bool:
    try:
        with store.blobs.open(digest) as file:
            return kind_of(file.read(_MAGIC_BYTES)) == "zstd"
    except NotFound as error:
        raise NotFound(
            f"the archive of layer {digest} is not in the store",
            hint="pull or build the image again",
        ) from error


def _unpacked_size(store: "ImageStore", digest: str) -> int:
    with store.blobs.open(digest) as file:
        return sum(len(chunk) for chunk in decompressed(read_chunks(file), "layer"))
