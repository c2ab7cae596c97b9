"""Blobs in: in one piece, in several, resumed, or lent by another repository.

See: OCI distribution-spec, Pushing blobs.
"""

import re

from pyminidocker.registry import names
from pyminidocker.registry.connection import Call, Headers
from pyminidocker.registry.failures import Refused
from pyminidocker.registry.store import Store
from pyminidocker.registry.uploads import Upload, Uploads

_CONTENT_RANGE = re.compile(r"(?:bytes[ =])?(\d{1,18})-(\d{1,18})(?:/(?:\d+|\*))?")


def _state(upload: Upload) -> Headers:
    """Return the headers that say how far a session is."""
    return [
        ("Location", f"/v2/{upload.name}/blobs/uploads/{upload.id}"),
        # Of an empty session this says "0-0", as the reference implementation does.
        ("Range", f"0-{max(upload.size - 1, 0)}"),
        ("Docker-Upload-UUID", upload.id),
    ]


def _created(call: Call, name: str, digest: names.Digest) -> None:
    location = ("Location", f"/v2/{name}/blobs/{digest}")
    call.answer(201, [location, ("Docker-Content-Digest", str(digest))])


def start(store: Store, uploads: Uploads, call: Call, name: str) -> None:
    """POST: mount, take everything at once, or begin a session."""
    if mounted := call.query.get("mount"):
        source = call.query.get("from", "")
        if names.is_digest(mounted) and (not source or names.is_repository(source)):
            digest = names.digest(mounted)
            if store.mount(name, digest, source):
                call.entry.kind = "mount"
                _created(call, name, digest)
                return
        # Else it goes on as if the parameters had not been there.
    if wanted := call.query.get("digest"):
        digest = names.digest(wanted)
        upload = uploads.start(name)
        with upload.held(call.hang_up):
            try:
                upload.append(call.body())
            except BaseException:
                uploads.cancel(upload)  # nobody knows its address
                raise
            uploads.finish(upload, digest)
        _created(call, name, digest)
        return
    call.answer(202, _state(uploads.start(name)))


def status(uploads: Uploads, call: Call, name: str, upload_id: str) -> None:
    """GET: how far it is."""
    call.answer(204, _state(uploads.find(name, upload_id)))


def append(uploads: Uploads, call: Call, name: str, upload_id: str) -> None:
    """PATCH: take the next piece."""
    upload = uploads.find(name, upload_id)
    with upload.held(call.hang_up):
        expected = _check_place(call, upload)
        before = upload.size
        upload.append(call.body())
        if expected is not None and upload.size - before != expected:
            raise Refused("SIZE_INVALID", "Content-Range and body differ in length")
        state = _state(upload)
    call.answer(202, state)


def finish(uploads: Uploads, call: Call, name: str, upload_id: str) -> None:
    """PUT: take the last piece, if there is one, and make it a blob."""
    upload = uploads.find(name, upload_id)
    digest = names.digest(call.query.get("digest", ""))
    with upload.held(call.hang_up):
        _check_place(call, upload)
        upload.append(call.body())
        uploads.finish(upload, digest)
    _created(call, name, digest)


def cancel(uploads: Uploads, call: Call, name: str, upload_id: str) -> None:
    """DELETE: throw away what has arrived."""
    upload = uploads.find(name, upload_id)
    with upload.held(call.hang_up):
        uploads.cancel(upload)
    call.answer(204, [("Docker-Upload-UUID", upload_id)])


def _check_place(call: Call, upload: Upload) -> int | None:
    """Make sure that a piece begins where the last one ended; returns its length, if told.

    Raises:
        Refused: RANGE_INVALID, with the headers that say where to go on; SIZE_INVALID.
    """
    told = call.headers.get("content-range")
    if told is None:
        return None
    match = _CONTENT_RANGE.fullmatch(told.strip())
    if match is None or int(match[1]) != upload.size or int(match[2]) < int(match[1]):
        message = f"invalid content range {told[:80]}: {upload.size} bytes have arrived"
        raise Refused("RANGE_INVALID", message, headers=tuple(_state(upload)))
    expected = int(match[2]) - int(match[1]) + 1
    length = call.headers.get("content-length")
    if length is not None and int(length) != expected:
        raise Refused("SIZE_INVALID", f"Content-Range {told[:80]} and Content-Length {length}")
    return expected
