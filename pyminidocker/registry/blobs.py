"""Blobs out: whole, in part, or only whether they are there.

See: OCI distribution-spec, Pulling blobs, Deleting blobs; RFC 9110 section 14, Range Requests.
"""

import os
import re

from pyminidocker.registry import names
from pyminidocker.registry.connection import Call, Headers
from pyminidocker.registry.failures import Refused
from pyminidocker.registry.store import Store

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def get(store: Store, call: Call, name: str, digest_text: str) -> None:
    """GET and HEAD of a blob."""
    digest = names.digest(digest_text)
    fd, size = store.open_blob(name, digest)
    try:
        etag = f'"{digest}"'
        headers: Headers = [
            ("Content-Type", "application/octet-stream"),
            ("Docker-Content-Digest", str(digest)),
            ("ETag", etag),
            ("Cache-Control", "max-age=31536000"),
            ("Accept-Ranges", "bytes"),
        ]
        if call.headers.get("if-none-match") == etag:
            call.answer(304, headers[1:])
            return
        if call.method == "HEAD":
            call.answer_head([*headers, ("Content-Length", str(size))])
            return
        wanted = call.headers.get("range", "")
        if call.headers.get("if-range", etag) != etag:
            wanted = ""
        start, end = part(wanted, size)
        if (start, end) == (0, size):
            call.answer_file(200, headers, fd, 0, size)
            return
        headers.append(("Content-Range", f"bytes {start}-{end - 1}/{size}"))
        call.answer_file(206, headers, fd, start, end - start)
    finally:
        os.close(fd)


def part(wanted: str, size_bytes: int) -> tuple[int, int]:
    """Return which bytes a Range header asks for: (first, the one after the last).

    A header that is not understood, or asks for several parts, counts as none: the client gets all.

    Raises:
        Refused: RANGE_INVALID; there is nothing of that in it.

    See: RFC 9110 section 14.2.
    """
    match = _RANGE.fullmatch(wanted.replace(" ", ""))
    if match is None or match.group(0) == "bytes=-":
        return 0, size_bytes
    first, last = match.groups()
    if not first:  # the last so many
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start = int(first)
        end = min(int(last) + 1, size_bytes) if last else size_bytes
        if last and int(last) < start:
            return 0, size_bytes
    if start >= end:
        headers = (("Content-Range", f"bytes */{size_bytes}"),)
        raise Refused("RANGE_INVALID", f"{wanted}: there are {size_bytes} bytes", headers=headers)
    return start, end


def delete(store: Store, call: Call, name: str, digest_text: str) -> None:
    """DELETE of a blob."""
    store.remove_blob(name, names.digest(digest_text))
    call.answer(202, [])
