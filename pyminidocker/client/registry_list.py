"""What is in a registry: asked over HTTP, whoever's it is, or read from a directory.

See: OCI distribution-spec, Listing tags, Pulling manifests; docker's ``_catalog``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Self

from pyminidocker.client import registry_start
from pyminidocker.client.json_text import loads
from pyminidocker.client.registry_start import Plan
from pyminidocker.errors import InvalidArgument, NotFound, PermissionDenied, Unavailable

Json = dict[str, Any]

TIMEOUT_S = 20.0
_PAGE = 500
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_ACCEPTED = (
    *_INDEXES,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


def contents(where: str, user: str = "") -> list[Json]:
    """Return what is in a registry, one record for each tag.

    Args:
        where: ``HOST:PORT``, with ``http://`` or ``https://`` when that is to be settled, or a
            directory.
        user: ``NAME:PASSWORD``, where the registry asks for it.

    Returns:
        Registry, Repository, Tag, Digest, MediaType, Size (bytes of config and layers; of an index,
        of all its images), Images (how many: more than one for an index).

    Raises:
        NotFound: there is no registry's content in that directory.
        PermissionDenied: it asks for a user, or for another one.
        Unavailable: there is no registry.
    """
    if "/" in where.partition("://")[2] or where.startswith(("/", ".", "~")):
        return list(_of_directory(os.path.expanduser(where)))  # noqa: PTH111
    with _Caller(where, user) as caller:
        return list(_records(caller))


def _of_directory(directory: str) -> Iterator[Json]:
    """Serve a directory for a moment, and ask as everybody asks."""
    if not os.path.isdir(f"{directory}/docker/registry/v2"):  # noqa: PTH112
        raise NotFound(
            f"{directory} is no registry's directory", hint="it has docker/registry/v2 in it"
        )
    plan = Plan(directory, host="127.0.0.1", port=0, name="", read_only=True, users={})
    state = registry_start.start(plan, detached=False)
    try:
        with _Caller(state["Address"], "") as caller:
            for record in _records(caller):
                yield {**record, "Registry": ""}
    finally:
        registry_start.stop(state["Name"])


def _records(caller: _Caller) -> Iterator[Json]:
    for name in caller.pages("/v2/_catalog", "repositories"):
        for tag in caller.pages(f"/v2/{name}/tags/list", "tags"):
            try:
                digest, media_type, manifest = caller.manifest(name, tag)
            except NotFound:  # removed since
                continue
            size, images = _weigh(caller, name, media_type, manifest)
            yield {
                "Registry": caller.address,
                "Repository": name,
                "Tag": tag,
                "Digest": digest,
                "MediaType": media_type,
                "Size": size,
                "Images": images,
            }


def _weigh(caller: _Caller, name: str, media_type: str, manifest: Json) -> tuple[int, int]:
    """Return (bytes, number of images) of what a manifest stands for."""
    if media_type in _INDEXES:
        size = 0
        for one in manifest.get("manifests") or []:
            try:
                size += _weigh(caller, name, *caller.manifest(name, one["digest"])[1:])[0]
            except NotFound:
                continue
        return size, len(manifest.get("manifests") or [])
    parts = [manifest.get("config") or {}, *(manifest.get("layers") or [])]
    return sum(int(part.get("size", 0)) for part in parts), 1


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


class _Caller:
    """A connection to a registry."""

    def __init__(self, where: str, user: str) -> None:
        scheme, separator, rest = where.partition("://")
        self.address = rest if separator else where
        self._headers = {"Accept": ", ".join(_ACCEPTED)}
        if user:
            from base64 import b64encode

            self._headers["Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
        schemes = [scheme] if separator else ["https", "http"]
        if not separator and self.address.startswith(("127.", "localhost", "[::1]")):
            schemes = ["http"]
        elif not separator and user:
            schemes = ["https"]  # no password in the clear unless that was asked for
        self._connection = self._first_that_answers(schemes)

    def _first_that_answers(self, schemes: list[str]) -> HTTPConnection:
        why: Exception = Unavailable("")
        for scheme in schemes:
            kind = HTTPSConnection if scheme == "https" else HTTPConnection
            try:
                connection = kind(self.address.rstrip("/"), timeout=TIMEOUT_S)
            except HTTPException as error:
                raise InvalidArgument(f"invalid address {self.address}: {error}") from error
            try:
                connection.request("GET", "/v2/", headers=self._headers)
                connection.getresponse().read()
            except (OSError, HTTPException) as error:
                connection.close()
                why = error
                continue
            return connection
        raise Unavailable(
            f"no registry answers at {self.address}: {_reason(why)}",
            hint="is it running? minidocker registry serve starts one",
        ) from why

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _get(self, path: str) -> tuple[Any, Any]:
        """Return (headers, document)."""
        try:
            self._connection.request("GET", path, headers=self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException) as error:
            raise Unavailable(f"the registry at {self.address} broke off: {error}") from error
        if answer.status in (401, 403):
            raise PermissionDenied(
                f"the registry at {self.address} asks for a user", hint="give --user NAME:PASSWORD"
            )
        if answer.status == 404:
            raise NotFound(f"{self.address} has no {path}")
        try:
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            return answer.headers, loads(body)
        except ValueError as error:
            raise Unavailable(f"{self.address} is no registry: {error}") from error

    def pages(self, path: str, key: str) -> Iterator[str]:
        """Yield the entries of a list that comes in pages."""
        link = f"{path}?n={_PAGE}"
        while link:
            headers, document = self._get(link)
            yield from document.get(key) or []
            following = (headers.get("Link") or "").partition(">")[0].lstrip("<")
            link = (
                following.partition("://")[2].partition("/")[2] if "://" in following else following
            )
            link = f"/{link.lstrip('/')}" if link else ""

    def manifest(self, name: str, reference: str) -> tuple[str, str, Json]:
        """Return (digest, media type, manifest).

        Raises:
            NotFound: it is gone.
        """
        headers, document = self._get(f"/v2/{name}/manifests/{reference}")
        media_type = (headers.get("Content-Type") or "").partition(";")[0]
        return headers.get("Docker-Content-Digest") or "", media_type, document
