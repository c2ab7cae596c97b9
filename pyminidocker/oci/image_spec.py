"""The JSON documents of an OCI image: index, manifest and config.

A *manifest* lists one config and the layer archives by digest; the *config* says how to run the
image (``config``), which unpacked layers make its root file system (``rootfs.diff_ids``) and how it
came to be (``history``).  The digest of the config's bytes is what Docker calls the image id.

The structs keep the specification's spelling on the wire and ignore fields they do not know.

See: OCI image-spec manifest.md, config.md, image-index.md, descriptor.md.
"""

from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

_Kind = TypeVar("_Kind")

MEDIA_INDEX = "application/vnd.oci.image.index.v1+json"
MEDIA_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MEDIA_CONFIG = "application/vnd.oci.image.config.v1+json"
MEDIA_LAYER = "application/vnd.oci.image.layer.v1.tar"
MEDIA_LAYER_GZIP = MEDIA_LAYER + "+gzip"
MEDIA_LAYER_ZSTD = MEDIA_LAYER + "+zstd"
MEDIA_DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MEDIA_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MEDIA_DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
ANNOTATION_REF_NAME = "org.opencontainers.image.ref.name"
ANNOTATION_CONTAINERD_NAME = "io.containerd.image.name"


class Platform(Struct, omit_defaults=True):
    """Which machine an image is for."""

    architecture: str = ""
    os: str = "linux"
    variant: str = ""


class Descriptor(Struct, omit_defaults=True, rename="camel"):
    """A pointer to bytes: what they are, how many, and their digest."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] = field(default_factory=dict)
    platform: Platform | None = None


class Manifest(Struct, omit_defaults=True, rename="camel"):
    """One image for one platform: a config and its layers, bottom layer first."""

    config: Descriptor
    layers: list[Descriptor]
    schema_version: int = msgspec.field(name="schemaVersion", default=0)
    media_type: str = ""
    annotations: dict[str, str] = field(default_factory=dict)


class Index(Struct, omit_defaults=True, rename="camel"):
    """A list of manifests: one per platform, or one per name in an image layout."""

    manifests: list[Descriptor]
    schema_version: int = msgspec.field(name="schemaVersion", default=0)
    media_type: str = ""
    annotations: dict[str, str] = field(default_factory=dict)


class HealthConfig(Struct, omit_defaults=True, rename="pascal"):
    """Docker's addition to the config: how to ask the container whether it is well.

    Durations are nanoseconds.
    """

    test: list[str] = field(default_factory=list)
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class RunConfig(Struct, omit_defaults=True, rename="pascal"):
    """Defaults for containers made from the image.

    ``cmd`` and ``entrypoint`` are None when the image sets none, which differs from an empty list
    when an image builds upon another.
    """

    user: str = ""
    exposed_ports: dict[str, dict[str, Any]] = field(default_factory=dict)
    env: list[str] = field(default_factory=list)
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    volumes: dict[str, dict[str, Any]] | None = None
    working_dir: str = ""
    labels: dict[str, str] | None = None
    stop_signal: str = ""
    healthcheck: HealthConfig | None = None
    shell: list[str] | None = None
    on_build: list[str] | None = None


class RootFs(Struct):
    """The digests of the unpacked layers, bottom layer first."""

    diff_ids: list[str]
    type: str = "layers"


class History(Struct, omit_defaults=True):
    """One step of how the image was made; ``empty_layer`` steps changed only the config."""

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


class ImageConfig(Struct, omit_defaults=True):
    """An image's config document.

    ``created`` is RFC 3339 text; a config without it is legal (and reproducible).
    """

    architecture: str
    os: str
    rootfs: RootFs
    created: str = ""
    author: str = ""
    variant: str = ""
    config: RunConfig = field(default_factory=RunConfig)
    history: list[History] = field(default_factory=list)
    docker_version: str | UnsetType = UNSET


def encode(document: Struct) -> bytes:
    """Return the JSON of a document; the same document always gives the same bytes.

    See: OCI image-spec descriptor.md, Digests (content is hashed as stored).
    """
    return msgspec.json.encode(document)


def decode_config(data: bytes) -> ImageConfig:
    """Read an image config.

    Raises:
        ValueError: not an image config; the message names the field.

    See: OCI image-spec config.md.
    """
    return decode_as(data, ImageConfig)


def decode_manifest(data: bytes) -> Manifest:
    """Read an image manifest.

    Raises:
        ValueError: not a manifest; the message names the field.

    See: OCI image-spec manifest.md.
    """
    return decode_as(data, Manifest)


def decode_index(data: bytes) -> Index:
    """Read an image index.

    Raises:
        ValueError: not an index; the message names the field.

    See: OCI image-spec image-index.md.
    """
    return decode_as(data, Index)


def decode_as(data: bytes, kind: type[_Kind]) -> _Kind:
    """Read JSON from somebody who may want to harm us.

    Raises:
        ValueError: it is not of that kind, or nested deeper than any honest document.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error
