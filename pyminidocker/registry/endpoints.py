"""Which URL is answered by what, and who may ask.

See: OCI distribution-spec, Endpoints.
"""

import base64
import hmac
import re
from collections.abc import Mapping

from pyminidocker.registry import blob_uploads, blobs, front_page, lists, manifests, names
from pyminidocker.registry.connection import Call
from pyminidocker.registry.failures import Refused
from pyminidocker.registry.store import Store
from pyminidocker.registry.uploads import Uploads

_V2 = "/v2/"
# What follows a repository's name; names hold slashes, so the last match counts.
_AFTER_NAME = re.compile(
    r"(?P<name>.+)/(?:"
    r"(?P<tags>tags/list)|manifests/(?P<manifest>[^/]+)|blobs/uploads/(?P<upload>[^/]*)|"
    r"(?P<uploads>blobs/uploads)|blobs/(?P<blob>[^/]+)|referrers/(?P<referrers>[^/]+))"
)
_CHANGES = ("DELETE", "PATCH", "POST", "PUT")


class Endpoints:
    """Answers calls.

    Args:
        store: the content.
        users: name -> password; without any, everybody may do everything.
        read_only: refuse changes.
    """

    def __init__(self, store: Store, users: Mapping[str, str], *, read_only: bool) -> None:
        self._store = store
        self._uploads = Uploads(store)
        self._users = {name: password.encode() for name, password in users.items()}
        self._read_only = read_only

    def handle(self, call: Call) -> None:
        """Answer a call.

        Raises:
            Refused: the answer is an error.
        """
        self._check_user(call)
        if self._read_only and call.method in _CHANGES:
            raise Refused(
                "UNSUPPORTED",
                "this registry is read-only: requested access to the resource is denied",
                headers=(("Allow", "GET, HEAD"),),
            )
        if call.path in (_V2, "/v2"):
            self._reading(call)
            call.answer(200, [("Content-Type", "application/json")], b"{}")
        elif call.path == "/v2/_catalog":
            self._reading(call)
            call.entry.kind = "catalog"
            lists.catalog(self._store, call)
        elif call.path == "/":
            self._reading(call)
            front_page.get(self._store, call)
        else:
            self._in_repository(call)

    def _check_user(self, call: Call) -> None:
        if not self._users:
            return
        name, password = credentials(call.headers.get("authorization", ""))
        known = self._users.get(name)
        # An unknown name takes as long as a wrong password.
        is_right = hmac.compare_digest(password.encode(), known if known is not None else b"\0")
        if known is None or not is_right:
            challenge = 'Basic realm="pyminidocker registry", charset="UTF-8"'
            raise Refused("UNAUTHORIZED", headers=(("WWW-Authenticate", challenge),))
        call.entry.user = name

    def _in_repository(self, call: Call) -> None:
        match = None
        if call.path.startswith(_V2):
            match = _AFTER_NAME.fullmatch(call.path[len(_V2) :])
        if match is None:
            raise Refused("UNSUPPORTED", f"there is nothing at {call.path[:200]}", status=404)
        name = names.repository(match["name"])
        if match["tags"]:
            self._reading(call)
            call.entry.kind = "tags"
            lists.tags(self._store, call, name)
        elif match["manifest"]:
            self._manifest(call, name, match["manifest"])
        elif match["blob"]:
            self._blob(call, name, match["blob"])
        elif match["referrers"]:
            self._reading(call)
            call.entry.kind = "referrers"
            manifests.referrers(self._store, call, name, match["referrers"])
        else:
            self._upload(call, name, match["upload"] or "")

    def _manifest(self, call: Call, name: str, reference: str) -> None:
        call.entry.kind = "manifest"
        if call.method == "PUT":
            manifests.put(self._store, call, name, reference)
        elif call.method == "DELETE":
            manifests.delete(self._store, call, name, reference)
        else:
            self._reading(call, "GET, HEAD, PUT, DELETE")
            manifests.get(self._store, call, name, reference)

    def _blob(self, call: Call, name: str, digest: str) -> None:
        call.entry.kind = "blob"
        if call.method == "DELETE":
            blobs.delete(self._store, call, name, digest)
        else:
            self._reading(call, "GET, HEAD, DELETE")
            blobs.get(self._store, call, name, digest)

    def _upload(self, call: Call, name: str, upload_id: str) -> None:
        call.entry.kind = "upload"
        if not upload_id:
            if call.method != "POST":
                raise _no_method(call, "POST")
            blob_uploads.start(self._store, self._uploads, call, name)
            return
        verbs = {
            "GET": blob_uploads.status,
            "PATCH": blob_uploads.append,
            "PUT": blob_uploads.finish,
            "DELETE": blob_uploads.cancel,
        }
        if call.method not in verbs:
            raise _no_method(call, ", ".join(verbs))
        verbs[call.method](self._uploads, call, name, upload_id)

    def _reading(self, call: Call, allowed: str = "GET, HEAD") -> None:
        if call.method not in ("GET", "HEAD"):
            raise _no_method(call, allowed)


def _no_method(call: Call, allowed: str) -> Refused:
    message = f"{call.method} is not possible here"
    return Refused("UNSUPPORTED", message, headers=(("Allow", allowed),))


def credentials(header: str) -> tuple[str, str]:
    """Return (name, password) of an Authorization header; empty when there is none.

    See: RFC 7617.
    """
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except ValueError:  # of base64 or of UTF-8
        return "", ""
    return name, password
