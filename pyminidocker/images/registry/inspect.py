"""Questions to a registry: what is there, which tags, do my credentials fit.

See: OCI distribution-spec, Listing tags; Docker Engine API, DistributionInspect and SystemAuth.
"""

import re
from urllib.parse import urlsplit

import msgspec

from pyminidocker.errors import IntegrityError
from pyminidocker.images.registry import manifests
from pyminidocker.images.registry.failures import Refused, Unauthorized
from pyminidocker.images.registry.session import PULL, Session, scope_of
from pyminidocker.oci.image_spec import Descriptor, Platform, decode_as, decode_config
from pyminidocker.oci.reference import DEFAULT_DOMAIN, Reference

_TAGS_BYTES = 16 << 20
_MOST_PAGES = 1000
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
# What Docker's clients call the Hub.
HUB_NAMES = frozenset(
    ("", "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
)


class Distribution(msgspec.Struct, frozen=True):
    """What a name stands for in a registry."""

    descriptor: Descriptor
    platforms: list[Platform]


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


def server_domain(address: str) -> str:
    """Return the registry that a client's ``serveraddress`` means."""
    host = urlsplit(address).netloc if "://" in address else address.partition("/")[0]
    return DEFAULT_DOMAIN if host in HUB_NAMES else host


def inspect(session: Session, reference: Reference) -> Distribution:
    """Return digest, kind, size and platforms of what a name stands for.

    Raises:
        Refused, Unauthorized, Unreachable: see ``Session.request``.
        IntegrityError: what came is damaged.
    """
    fetched = manifests.fetch(session, reference.path, reference.digest or reference.tag)
    descriptor = Descriptor(fetched.media_type, fetched.digest, len(fetched.data))
    if fetched.is_index:
        listed = manifests.read_index(fetched).manifests
        return Distribution(descriptor, [one.platform for one in listed if one.platform])
    config = manifests.read_manifest(fetched).config
    path = f"/v2/{reference.path}/blobs/{config.digest}"
    with session.request("GET", path, (scope_of(reference.path, PULL),)) as response:
        data = response.read(manifests.MAX_MANIFEST_BYTES)
    try:
        found = decode_config(data)
    except ValueError as error:
        raise IntegrityError(f"image config {config.digest} is damaged: {error}") from error
    return Distribution(descriptor, [Platform(found.architecture, found.os, found.variant)])


def tags(session: Session, repository: str) -> list[str]:
    """Return all tags of a repository, page by page.

    Raises:
        Refused, Unauthorized, Unreachable: see ``Session.request``.
        IntegrityError: what came is no list of tags.
    """
    found: list[str] = []
    path = f"/v2/{repository}/tags/list"
    for _ in range(_MOST_PAGES):
        with session.request("GET", path, (scope_of(repository, PULL),)) as response:
            data = response.read(_TAGS_BYTES)
            following = _NEXT.search(response.headers.get("link", ""))
            path = session.absolute(response, following[1]) if following else ""
        try:
            found += decode_as(data, _Tags).tags or []
        except ValueError as error:
            raise IntegrityError(f"{repository}: no list of tags: {error}") from error
        if not path:
            break
    return found


def log_in(session: Session) -> str:
    """Make sure that the credentials are accepted; return an identity token, or "".

    Raises:
        Unauthorized: they are not.
        Unreachable: the registry cannot be reached.
    """
    try:
        session.request("GET", "/v2/", ()).close()
    except Refused as error:
        from http import HTTPStatus

        base = session.way.base if session.way else ""
        phrase = HTTPStatus(error.status).phrase if error.status in set(HTTPStatus) else ""
        raise Unauthorized(
            f"login attempt to {base}/v2/ failed with status: {error.status} {phrase}".rstrip()
        ) from error
    return session.auth.identity
