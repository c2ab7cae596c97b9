"""Manifests in and out, by tag or by digest, and who refers to them.

See: OCI distribution-spec, Pulling manifests, Pushing manifests, Listing referrers.
"""

import contextlib
import hashlib
import os
from typing import Any

import msgspec

from pyminidocker.oci.image_spec import MEDIA_INDEX
from pyminidocker.registry import documents, names
from pyminidocker.registry.connection import Call, Headers
from pyminidocker.registry.failures import Refused
from pyminidocker.registry.names import Digest
from pyminidocker.registry.store import Store


def get(store: Store, call: Call, name: str, reference: str) -> None:
    """GET and HEAD of a manifest."""
    digest = store.resolve(name, names.reference(reference))
    body = store.read(digest)
    etag = f'"{digest}"'
    headers: Headers = [
        ("Content-Type", media_type(store, name, digest, body)),
        ("Docker-Content-Digest", str(digest)),
        ("ETag", etag),
    ]
    if call.headers.get("if-none-match") == etag:
        call.answer(304, headers[1:])
    elif call.method == "HEAD":
        call.answer_head([*headers, ("Content-Length", str(len(body)))])
    else:
        call.answer(200, headers, body)


def media_type(store: Store, name: str, digest: Digest, body: bytes) -> str:
    """Return what a stored manifest is."""
    try:
        told: Any = msgspec.json.decode(body)
    except ValueError:  # damaged since; whoever gets it finds out
        told = None
    own = told.get("mediaType") if isinstance(told, dict) else ""
    if documents.is_media_type(own):
        return str(own)
    noted = store.media_type(name, digest)
    return noted or (isinstance(told, dict) and documents.guessed(told)) or MEDIA_INDEX


def put(store: Store, call: Call, name: str, reference: str) -> None:
    """PUT of a manifest."""
    wanted = names.reference(reference)
    body = call.whole_body(documents.LARGEST_BYTES)
    algorithm = "sha256" if isinstance(wanted, str) else wanted.algorithm
    digest = Digest(algorithm, hashlib.new(algorithm, body).hexdigest())
    if isinstance(wanted, Digest) and wanted != digest:
        raise Refused("DIGEST_INVALID", detail={"digest": str(wanted)})
    document = documents.read(body, call.headers.get("content-type", ""))
    with store.changing():  # what it points at must still be there when it is
        _check_content(store, name, document)
        store.add_manifest(
            name,
            digest,
            body,
            tag=wanted if isinstance(wanted, str) else "",
            media_type="" if document.is_named else document.media_type,
        )
    headers = [
        ("Location", f"/v2/{name}/manifests/{digest}"),
        ("Docker-Content-Digest", str(digest)),
    ]
    if document.subject is not None:
        headers.append(("OCI-Subject", str(document.subject)))
    call.answer(201, headers)


def _check_content(store: Store, name: str, document: documents.Document) -> None:
    """Make sure that a repository has all that a manifest points at.

    Raises:
        Refused: MANIFEST_BLOB_UNKNOWN or SIZE_INVALID, naming it.
    """
    for digest, size in document.blobs:
        if not store.has_blob(name, digest):
            raise _missing(name, digest)
        _check_size(store, digest, size)
    for digest, size in document.manifests:
        if not os.path.exists(store.layout.revision(name, digest)):
            raise _missing(name, digest)
        _check_size(store, digest, size)


def _missing(name: str, digest: Digest) -> Refused:
    message = f"{name} has no {digest}: push it first"
    return Refused("MANIFEST_BLOB_UNKNOWN", message, detail={"digest": str(digest)})


def _check_size(store: Store, digest: Digest, size: int) -> None:
    stored = store.size(digest)
    if stored != size:
        message = f"{digest} has {stored} bytes, and the manifest says {size}"
        raise Refused("SIZE_INVALID", message, detail={"digest": str(digest)})


def delete(store: Store, call: Call, name: str, reference: str) -> None:
    """DELETE of a manifest with its tags and what only it needs, or of one tag."""
    wanted = names.reference(reference)
    if isinstance(wanted, str):
        store.remove_tag(name, wanted)
    else:
        with store.changing():  # no manifest comes that needs what goes
            _remove(store, name, wanted)
    call.answer(202, [])


def _remove(store: Store, name: str, digest: Digest) -> None:
    needed = _blobs_of(store, store.resolve(name, digest))
    store.remove_manifest(name, digest)
    for other in store.manifests(name):
        needed -= _blobs_of(store, other)
    for blob in needed:
        with contextlib.suppress(Refused):  # it has been removed by itself
            store.remove_blob(name, blob)


def _blobs_of(store: Store, digest: Digest) -> set[Digest]:
    """Return the blobs that a stored manifest points at; none when it is damaged."""
    try:
        return {blob for blob, _ in documents.read(store.read(digest)).blobs}
    except Refused:
        return set()


def referrers(store: Store, call: Call, name: str, digest_text: str) -> None:
    """GET of the manifests that have this one as their subject."""
    subject = names.digest(digest_text)
    wanted = call.query.get("artifactType", "")
    found = []
    for digest in store.manifests(name):
        body = store.read(digest)
        try:
            document = documents.read(body)
        except Refused:  # damaged since
            continue
        if document.subject != subject or (wanted and document.artifact_type != wanted):
            continue
        entry: dict[str, Any] = {
            "mediaType": media_type(store, name, digest, body),
            "digest": str(digest),
            "size": len(body),
        }
        if document.artifact_type:
            entry["artifactType"] = document.artifact_type
        if document.annotations:
            entry["annotations"] = document.annotations
        found.append(entry)
    index = {"schemaVersion": 2, "mediaType": MEDIA_INDEX, "manifests": found}
    headers = [("Content-Type", MEDIA_INDEX)]
    if wanted:
        headers.append(("OCI-Filters-Applied", "artifactType"))
    call.answer(200, headers, msgspec.json.encode(index))
