"""Manifests, as far as a registry has to understand them: what they are and what they point at.

Whatever their media type, they are stored and served byte for byte.  What a manifest points at must
be in the repository already, with the size it says: an image that can be pulled can be pulled in
full.

See: OCI image-spec manifest.md, image-index.md; OCI distribution-spec, Pushing manifests.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pyminidocker.oci.image_spec import (
    MEDIA_DOCKER_INDEX,
    MEDIA_DOCKER_MANIFEST,
    MEDIA_INDEX,
    MEDIA_MANIFEST,
)
from pyminidocker.registry import names
from pyminidocker.registry.failures import Refused
from pyminidocker.registry.names import Digest

LARGEST_BYTES = 4 << 20  # the specification's own figure
INDEXES = (MEDIA_INDEX, MEDIA_DOCKER_INDEX)
IMAGES = (MEDIA_MANIFEST, MEDIA_DOCKER_MANIFEST)
# RFC 6838, 4.2: what the image specification wants, and what a header can hold.
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]{0,126}/[A-Za-z0-9][\w!#$&^.+-]{0,126}", re.ASCII)
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1"


@dataclass(frozen=True)
class Document:
    """What a manifest says.

    Attributes:
        media_type: what it is; empty when neither it nor its sender said so.
        is_named: whether it says so itself.
        blobs: what it points at as blobs: (digest, bytes).
        manifests: what it points at as manifests: (digest, bytes).
        subject: the manifest it says something about, e.g. signs.
        artifact_type: what kind of thing it is, for the list of referrers.
        annotations: its own.
    """

    media_type: str
    is_named: bool
    blobs: list[tuple[Digest, int]] = field(default_factory=list)
    manifests: list[tuple[Digest, int]] = field(default_factory=list)
    subject: Digest | None = None
    artifact_type: str = ""
    annotations: dict[str, str] = field(default_factory=dict)


def _invalid(message: str) -> Refused:
    return Refused("MANIFEST_INVALID", f"manifest invalid: {message}", detail=message)


def read(body: bytes, content_type: str = "") -> Document:
    """Read a manifest.

    Args:
        body: its bytes.
        content_type: what its sender said it is; parameters are ignored.

    Raises:
        Refused: MANIFEST_INVALID, with the reason; DIGEST_INVALID.
    """
    if len(body) > LARGEST_BYTES:
        raise Refused("SIZE_INVALID", f"a manifest has at most {LARGEST_BYTES} bytes", status=413)
    try:
        told: Any = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise _invalid(str(error)) from None
    if not isinstance(told, dict):
        raise _invalid("it is not a JSON object")
    said = content_type.partition(";")[0].strip().lower()
    own = told.get("mediaType") or ""
    if own and not is_media_type(own):
        raise _invalid("mediaType is no media type")
    if own and said and own != said:
        raise _invalid(f"mediaType is {own}, and Content-Type {said}")
    _check_kind(told, own or said)
    config = told.get("config") if isinstance(told.get("config"), dict) else {}
    return Document(
        media_type=own or said or guessed(told),
        is_named=bool(own) or said in ("", guessed(told)),
        blobs=_pointers([told.get("config")] if config else [], "config")
        + _pointers(told.get("layers"), "layers")
        + _pointers(told.get("blobs"), "blobs"),
        manifests=_pointers(told.get("manifests"), "manifests"),
        subject=_subject(told.get("subject")),
        artifact_type=_text(told.get("artifactType")) or _text((config or {}).get("mediaType")),
        annotations=_annotations(told.get("annotations")),
    )


def is_media_type(told: Any) -> bool:
    """Tell whether a manifest's word for what it is can be passed on as Content-Type."""
    return isinstance(told, str) and _MEDIA_TYPE.fullmatch(told) is not None


def guessed(told: dict[str, Any]) -> str:
    """Return what a manifest that does not say what it is must be, by the image specification."""
    if isinstance(told.get("manifests"), list):
        return MEDIA_INDEX
    return MEDIA_MANIFEST if "config" in told else ""


def _check_kind(told: dict[str, Any], media_type: str) -> None:
    """Make sure that a manifest of a known kind has that kind's parts, and no other's.

    See: CVE-2021-41190, manifests that are an index as well.
    """
    if told.get("schemaVersion") == 1 or media_type.startswith(_SCHEMA_1):
        raise _invalid("schema 1 is not supported; push with a tool of this decade")
    has_layers, has_manifests = "layers" in told or "config" in told, "manifests" in told
    if has_layers and has_manifests:
        raise _invalid("it has both layers and manifests")
    if media_type in INDEXES + IMAGES:
        if told.get("schemaVersion") != 2:
            raise _invalid("schemaVersion is not 2")
        if media_type in IMAGES and not isinstance(told.get("config"), dict):
            raise _invalid("it has no config")
        if media_type in INDEXES and not isinstance(told.get("manifests"), list):
            raise _invalid("it has no list of manifests")


def _pointers(listed: Any, where: str) -> list[tuple[Digest, int]]:
    """Read descriptors; content that is to be fetched elsewhere does not count."""
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise _invalid(f"{where} is not a list")
    found = []
    for one in listed:
        if not isinstance(one, dict) or not isinstance(one.get("digest"), str):
            raise _invalid(f"{where} has an entry without digest")
        size = one.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise _invalid(f"{where} has an entry without size: {one['digest'][:80]}")
        if not one.get("urls"):
            found.append((names.digest(one["digest"]), size))
    return found


def _subject(told: Any) -> Digest | None:
    if told is None:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("digest"), str):
        raise _invalid("subject has no digest")
    return names.digest(told["digest"])


def _text(told: Any) -> str:
    return told if isinstance(told, str) else ""


def _annotations(told: Any) -> dict[str, str]:
    if not isinstance(told, dict):
        return {}
    return {str(name): value for name, value in told.items() if isinstance(value, str)}
