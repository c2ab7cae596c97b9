"""``docker load``: images out of a Docker archive, an OCI layout in a tar, or both in one.

See: moby image/tarexport/load.go; OCI image-spec image-layout.md; containers/image
docker/archive and oci/archive, which skopeo and podman read and write with.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from pyminidocker.errors import IntegrityError, InvalidArgument, MiniDockerError
from pyminidocker.images.archive_members import MemberFile, Members, Tell
from pyminidocker.images.assemble import assemble
from pyminidocker.images.layout import own_manifests
from pyminidocker.images.records import Image
from pyminidocker.oci.digest import chain_ids, hex_part, is_digest
from pyminidocker.oci.image_spec import (
    ANNOTATION_CONTAINERD_NAME,
    ANNOTATION_REF_NAME,
    MEDIA_LAYER,
    MEDIA_LAYER_GZIP,
    MEDIA_LAYER_ZSTD,
    Descriptor,
    decode_config,
    decode_index,
    decode_manifest,
)
from pyminidocker.oci.reference import Reference, parse

if TYPE_CHECKING:
    from pyminidocker.images.store import ImageStore

_MEDIA = {"": MEDIA_LAYER, "gzip": MEDIA_LAYER_GZIP, "zstd": MEDIA_LAYER_ZSTD}


class Loaded(Struct):
    """One image that came out of an archive.

    Attributes:
        image: the image.
        names: the names it got.
        replaced: names that pointed at another image before, with that image's id.
    """

    image: Image
    names: list[Reference]
    replaced: list[tuple[Reference, str]]


class _DockerEntry(Struct, rename="pascal"):
    """One image in ``manifest.json``."""

    config: str
    layers: list[str] | None = None
    repo_tags: list[str] | None = None


class _Wanted(Struct):
    """An image to make: its config, layers and names."""

    config: bytes
    layers: list[tuple[str, MemberFile]]
    names: list[Reference]


def load(store: "ImageStore", chunks: Iterable[bytes], tell: Tell | None = None) -> list[Loaded]:
    """Take all images of an archive into the store.

    Args:
        store: where they go.
        chunks: the archive, plain or compressed.
        tell: called with (path, bytes so far, bytes in all) while a member comes in.

    Raises:
        InvalidArgument: it holds no images.
        IntegrityError: the archive, or something in it, is damaged; nothing is left behind.
        SystemFailure: disk full; nothing is left behind.

    See: moby image/tarexport/load.go.
    """
    with store.lease(), Members(store, tell or (lambda *_: None)) as members:
        members.take(chunks)
        wanted = _docker_images(members)
        if wanted is None:
            wanted = _oci_images(members)
        if wanted is None:
            raise InvalidArgument(
                "this archive holds no images: it has neither manifest.json nor index.json",
                hint="a root file system becomes an image by: minidocker import",
            )
        return [_make(store, one) for one in wanted]


def _docker_images(members: Members) -> list[_Wanted] | None:
    data = members.document("manifest.json")
    if data is None:
        return None
    try:
        entries = msgspec.json.decode(data, type=list[_DockerEntry])
    except ValueError as error:
        raise IntegrityError(f"manifest.json of the archive is damaged: {error}") from error
    wanted = []
    for entry in entries:
        config = members.document(entry.config)
        if config is None:
            raise IntegrityError(f"the archive lacks {entry.config}, the config of an image")
        layers = [(path, _found(members, path)) for path in entry.layers or ()]
        wanted.append(_Wanted(config, layers, [_name(tag) for tag in entry.repo_tags or ()]))
    return wanted


def _name(text: str) -> Reference:
    try:
        return parse(text).with_default_tag()
    except MiniDockerError as error:
        raise IntegrityError(f"manifest.json of the archive names {text!r}: {error}") from error


def _oci_images(members: Members) -> list[_Wanted] | None:
    data = members.document("index.json")
    if data is None:
        return None
    found: dict[str, _Wanted] = {}
    try:
        index = decode_index(data)
        for entry in own_manifests(index, lambda digest: _blob(members, digest)):
            if entry.digest not in found:
                manifest = decode_manifest(_blob(members, entry.digest))
                layers = [(x.digest, _found(members, _path(x.digest))) for x in manifest.layers]
                config = _blob(members, manifest.config.digest)
                found[entry.digest] = _Wanted(config, layers, [])
            found[entry.digest].names += _names(entry)
    except ValueError as error:
        raise IntegrityError(f"the archive's index or manifest is damaged: {error}") from error
    if not found:
        has = ", ".join(sorted({_platform(entry) for entry in index.manifests}))
        raise InvalidArgument(
            f"this archive holds no image for this machine ({os.uname().machine}), only for: "
            f"{has or 'none'}"
        )
    return list(found.values())


def _platform(entry: Descriptor) -> str:
    platform = entry.platform
    return f"{platform.os}/{platform.architecture}" if platform else "an unnamed platform"


def _names(entry: Descriptor) -> list[Reference]:
    """Return the name that an index gives a manifest; a bare tag is no name."""
    text = entry.annotations.get(ANNOTATION_CONTAINERD_NAME, "")
    if not text:
        text = entry.annotations.get(ANNOTATION_REF_NAME, "")
        if "/" not in text and ":" not in text:
            return []
    try:
        return [parse(text).with_default_tag()]
    except MiniDockerError:
        return []  # any text is a legal annotation


def _path(digest: str) -> str:
    if not is_digest(digest):
        raise IntegrityError(f"the archive mentions {digest!r}, which is no sha256 digest")
    return f"blobs/sha256/{hex_part(digest)}"


def _blob(members: Members, digest: str) -> bytes:
    data = members.document(_path(digest))
    if data is None:
        raise IntegrityError(f"the archive lacks the blob {digest}, which its index mentions")
    return data


def _found(members: Members, path: str) -> MemberFile:
    file = members.find(path)
    if file is None:
        raise IntegrityError(f"the archive lacks {path}, a layer of an image")
    if file.problem is not None:
        raise IntegrityError(f"layer {path} of the archive: {file.problem}") from file.problem
    return file


def _make(store: "ImageStore", wanted: _Wanted) -> Loaded:
    """Put one image together from what came in, and name it."""
    try:
        diff_ids = decode_config(wanted.config).rootfs.diff_ids
    except ValueError as error:
        raise IntegrityError(f"an image config of the archive is damaged: {error}") from error
    parent = ""
    for (path, file), diff_id, chain_id in zip(
        wanted.layers, diff_ids, chain_ids(diff_ids), strict=False
    ):
        if file.prepared is not None:
            if file.diff_id != diff_id:
                raise IntegrityError(
                    f"layer {path} of the archive is {file.diff_id}, expected {diff_id}"
                )
            if store.layers.get(chain_id) is None:
                store.layers.adopt(file.prepared, parent, diff_id)
                file.prepared = None  # wanted again, it is unpacked from its blob
        parent = chain_id
    image = assemble(
        store,
        wanted.config,
        [(file.digest, file.size) for _, file in wanted.layers],
        media_types=[_MEDIA.get(file.compression, MEDIA_LAYER) for _, file in wanted.layers],
    )
    replaced = []
    for name in wanted.names:
        older = store.names.get(name)
        if older and older != image.id:
            replaced.append((name, older))
        image = store.tag(image.id, str(name))
    return Loaded(image, wanted.names, replaced)
