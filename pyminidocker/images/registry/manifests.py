"""Manifests: asking for them, telling their kinds apart, choosing one for a platform.

See: OCI distribution-spec, Pulling manifests; image-spec image-index.md; containerd's
platforms package for how a platform is matched.
"""

from urllib.parse import quote

import msgspec

from pyminidocker.errors import IntegrityError, NotFound
from pyminidocker.images.registry.failures import wrong_content
from pyminidocker.images.registry.session import PULL, Session, scope_of
from pyminidocker.oci.digest import is_digest, sha256
from pyminidocker.oci.image_spec import (
    MEDIA_DOCKER_INDEX,
    MEDIA_DOCKER_MANIFEST,
    MEDIA_INDEX,
    MEDIA_MANIFEST,
    Descriptor,
    Index,
    Manifest,
    Platform,
    decode_as,
    decode_index,
    decode_manifest,
)
from pyminidocker.oci.platform import fits, platform_text
from pyminidocker.oci.reference import Reference

MAX_MANIFEST_BYTES = 4 << 20
INDEXES = frozenset((MEDIA_INDEX, MEDIA_DOCKER_INDEX))
MANIFESTS = frozenset((MEDIA_MANIFEST, MEDIA_DOCKER_MANIFEST))
_KINDS = [MEDIA_DOCKER_MANIFEST, MEDIA_DOCKER_INDEX, MEDIA_MANIFEST, MEDIA_INDEX]
_ACCEPT = ", ".join(_KINDS)


class Fetched(msgspec.Struct, frozen=True):
    """A manifest or an index as a registry sent it."""

    data: bytes
    media_type: str
    digest: str

    @property
    def is_index(self) -> bool:
        """It lists manifests."""
        return self.media_type in INDEXES


class _Kind(msgspec.Struct, rename="camel"):
    media_type: str = ""
    schema_version: int = 0
    manifests: list[msgspec.Raw] | None = None


def choose(index: Index, wanted: Platform) -> Descriptor:
    """Return the manifest of an index that is for ``wanted``.

    Raises:
        NotFound: none is; names those that are there.
    """
    best, rank = None, 0
    for one in index.manifests:
        found = fits(one.platform, wanted) if one.platform is not None else 0
        if found > rank:
            best, rank = one, found
    if best is None:
        text = platform_text(wanted)
        there = sorted(
            {platform_text(x.platform) for x in index.manifests if x.platform is not None}
            - {"unknown/unknown"}
        )
        raise NotFound(
            f"no matching manifest for {text} in the manifest list entries",
            hint=f"choose with --platform one of: {' '.join(there) or '(none is named)'}",
        )
    return best


def path_of(repository: str, reference: str) -> str:
    """Return the path of a manifest."""
    return f"/v2/{repository}/manifests/{quote(reference, safe=':')}"


def look(session: Session, reference: Reference) -> str:
    """Return the digest that a tag stands for now, without fetching it; "" when not told.

    The Hub does not count this towards its limits.
    """
    path = path_of(reference.path, reference.digest or reference.tag)
    scopes = (scope_of(reference.path, PULL),)
    headers = {"Accept": _ACCEPT}
    with session.request("HEAD", path, scopes, headers=headers, accept=(404, 405)) as response:
        digest = response.headers.get("docker-content-digest", "")
        return digest if response.status == 200 and is_digest(digest) else ""


def fetch(session: Session, repository: str, reference: str) -> Fetched:
    """Get a manifest or index by tag or digest, verified.

    Raises:
        Refused: there is none, or we may not have it.
        NotFound: the digest is of an algorithm that cannot be checked here.
        IntegrityError: it is not what its digest says, or of a kind we do not know.
    """
    if ":" in reference and not is_digest(reference):
        raise NotFound(
            f"{repository}@{reference}: only sha256 digests can be checked here",
            hint="ask for it by its sha256 digest, or by a tag",
        )
    scopes = (scope_of(repository, PULL),)
    path = path_of(repository, reference)
    with session.request("GET", path, scopes, headers={"Accept": _ACCEPT}) as response:
        data = response.read(MAX_MANIFEST_BYTES)
        stated = response.headers.get("content-type", "").partition(";")[0].strip()
        told = response.headers.get("docker-content-digest", "")
    digest = sha256(data)
    wanted = reference if ":" in reference else told
    if wanted != digest and is_digest(wanted):
        raise wrong_content(f"manifest {reference}", wanted, digest)
    return Fetched(data, _kind(data, stated, f"{repository}:{reference}"), digest)


def _kind(data: bytes, stated: str, name: str) -> str:
    """Return the media type of a manifest; its own word counts more than the header's."""
    try:
        kind = decode_as(data, _Kind)
    except ValueError as error:
        raise IntegrityError(f"manifest of {name} is no JSON of a manifest: {error}") from error
    media_type = kind.media_type or stated
    if media_type in INDEXES or media_type in MANIFESTS:
        return media_type
    if kind.schema_version == 2:
        return MEDIA_INDEX if kind.manifests is not None else MEDIA_MANIFEST
    raise IntegrityError(
        f"unsupported media type {media_type or 'of schema version 1'} of {name}",
        hint="the image is in Docker's format of before 2016: have it pushed again with a newer"
        " Docker",
    )


def read_index(fetched: Fetched) -> Index:
    """Decode an index.

    Raises:
        IntegrityError: it is none.
    """
    try:
        index = decode_index(fetched.data)
    except ValueError as error:
        raise IntegrityError(f"index {fetched.digest} is damaged: {error}") from error
    for one in index.manifests:
        if ":" not in one.digest:  # it would be asked for as a tag, and taken unseen
            raise IntegrityError(f"index {fetched.digest} names a manifest {one.digest!r}")
    return index


def read_manifest(fetched: Fetched) -> Manifest:
    """Decode a manifest, and make sure that it names blobs we can store.

    Raises:
        IntegrityError: it is none.
    """
    try:
        manifest = decode_manifest(fetched.data)
    except ValueError as error:
        raise IntegrityError(f"manifest {fetched.digest} is damaged: {error}") from error
    for blob in (manifest.config, *manifest.layers):
        if not is_digest(blob.digest) or blob.size < 0:
            raise IntegrityError(f"manifest {fetched.digest} names a blob {blob.digest!r}")
    return manifest
