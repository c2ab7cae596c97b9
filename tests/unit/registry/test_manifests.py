"""Manifests in: what they may call themselves, and that what they point at stays."""

import hashlib
import json
import threading

import pytest

from pyminidocker.registry import documents, manifests
from pyminidocker.registry.failures import Refused
from pyminidocker.registry.names import Digest
from pyminidocker.registry.store import Store

CONFIG = b"{}"


@pytest.mark.parametrize(
    "name",
    ["a/b\r\nSet-Cookie: x", "a/b\n", "a", "a/", "é/b", "a/b c", "a/b;c=d", "a/" + "b" * 200],
)
def test_a_media_type_that_no_header_can_hold(name):
    """It is served as Content-Type, to everybody who pulls."""
    with pytest.raises(Refused, match="mediaType"):
        documents.read(json.dumps({"schemaVersion": 2, "mediaType": name}).encode())


def test_media_types_of_others():
    kind = "application/vnd.example.thing.v1+json"
    assert documents.read(json.dumps({"mediaType": kind}).encode()).media_type == kind


class Call:
    """A request for a manifest, or for its end."""

    def __init__(self, body: bytes = b"") -> None:
        self._body = body
        self.headers, self.query, self.method = {}, {}, "PUT"
        self.status = 0

    def whole_body(self, _most):
        return self._body

    def answer(self, status, _headers, _body=b""):
        self.status = status


def digest_of(data: bytes) -> Digest:
    return Digest("sha256", hashlib.sha256(data).hexdigest())


def manifest(comment: str) -> bytes:
    config = {"mediaType": "x/y", "digest": str(digest_of(CONFIG)), "size": len(CONFIG)}
    told = {"schemaVersion": 2, "mediaType": documents.MEDIA_MANIFEST, "config": config}
    return json.dumps({**told, "layers": [], "annotations": {"a": comment}}).encode()


@pytest.fixture
def store(tmp_path):
    place = Store(str(tmp_path))
    blob = tmp_path / "blob"
    blob.write_bytes(CONFIG)
    place.add_blob("app", digest_of(CONFIG), str(blob))
    return place


def test_one_goes_while_another_comes(store, monkeypatch):
    """They share a blob: it must not go between the question for it and the manifest's link."""
    old, new = manifest("old"), manifest("new")
    manifests.put(store, Call(old), "app", "1")
    removal = threading.Thread(
        target=manifests.delete, args=(store, Call(), "app", str(digest_of(old)))
    )
    check = manifests._check_content

    def check_and_dawdle(*about):
        check(*about)
        removal.start()
        removal.join(0.2)

    monkeypatch.setattr(manifests, "_check_content", check_and_dawdle)
    call = Call(new)
    manifests.put(store, call, "app", "2")
    removal.join()
    assert call.status == 201
    assert store.has_blob("app", digest_of(CONFIG))
    assert store.manifests("app") == [digest_of(new)]
