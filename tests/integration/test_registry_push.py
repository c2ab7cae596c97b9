"""The registry by the distribution specification: what goes into it, and what it refuses."""

import hashlib
import json
import os
import socket

import pytest

from tests.support import registry as support
from tests.support.registry import (
    OCI_INDEX,
    OCI_MANIFEST,
    SESSION,
    UNKNOWN,
    Caller,
    arrived,
    begin,
    descriptor,
    digest_of,
    image_config,
    image_manifest,
    layer,
)

shared, filled, call = support.shared, support.filled, support.call


def test_in_one_request(call):
    data = b"all at once"
    digest = digest_of(data)
    arrived(call("POST", f"/v2/in/blobs/uploads/?digest={digest}", data), digest)
    assert call("GET", f"/v2/in/blobs/{digest}").body == data


def test_in_two_requests(call):
    data = b"begun and finished"
    digest = digest_of(data)
    arrived(call("PUT", f"{begin(call)}?digest={digest}", data), digest)
    assert call("GET", f"/v2/in/blobs/{digest}").body == data


def test_in_pieces_with_their_places(call):
    data = os.urandom(3000)
    digest, location = digest_of(data), begin(call)
    first = call("PATCH", location, data[:1000], Content_Range="0-999")
    assert (first.status, first.headers["range"]) == (202, "0-999")
    out_of_order = call("PATCH", location, data[2000:], Content_Range="2000-2999")
    assert (out_of_order.status, out_of_order.code) == (416, "RANGE_INVALID")
    assert (out_of_order.headers["range"], out_of_order.headers["location"]) == ("0-999", location)
    again = call("PATCH", location, data[:1000], Content_Range="0-999")
    assert again.status == 416
    status = call("GET", location)
    assert (status.status, status.headers["range"]) == (204, "0-999")
    assert "content-length" not in status.headers
    bad = call("PATCH", location, data[1000:], Content_Range="1000-1499")
    assert (bad.status, bad.code) == (400, "SIZE_INVALID")
    second = call("PATCH", location, data[1000:2000], Content_Range="1000-1999")
    assert second.headers["range"] == "0-1999"
    last = call("PUT", f"{location}?digest={digest}", data[2000:], Content_Range="2000-2999")
    arrived(last, digest)
    assert call("GET", f"/v2/in/blobs/{digest}").body == data
    assert call("GET", location).code == "BLOB_UPLOAD_UNKNOWN"


@pytest.mark.parametrize(
    "told", ["x", "0", "5-1", "-", "bytes 1-2/3", f"{'9' * 5000}-{'9' * 5000}"]
)
def test_a_place_that_makes_no_sense(call, told):
    location = begin(call)
    assert call("PATCH", location, b"ab", Content_Range=told).status == 416
    assert call("DELETE", location).status == 204


def test_in_pieces_of_a_stream(call):
    """As docker does: chunked, with no word on how much it will be."""
    data = os.urandom(700_000)
    digest, location = digest_of(data), begin(call)
    pieces = (data[at : at + 32768] for at in range(0, len(data), 32768))
    answer = call("PATCH", location, pieces)
    assert answer.headers["range"] == f"0-{len(data) - 1}"
    arrived(call("PUT", f"{location}?digest={digest}"), digest)
    assert call("GET", f"/v2/in/blobs/{digest}").body == data


def test_nothing_is_a_blob_too(call):
    digest = digest_of(b"")
    arrived(call("PUT", f"{begin(call)}?digest={digest}"), digest)
    answer = call("GET", f"/v2/in/blobs/{digest}")
    assert (answer.status, answer.body) == (200, b"")


def test_other_content_than_promised_is_refused(shared, call):
    promised = digest_of(b"promised")
    location = begin(call)
    answer = call("PUT", f"{location}?digest={promised}", b"delivered")
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert digest_of(b"delivered") in answer.json["errors"][0]["message"]
    assert call("GET", f"/v2/in/blobs/{promised}").status == 404
    assert call("GET", location).status == 404
    answer = call("POST", f"/v2/in/blobs/uploads/?digest={promised}", b"delivered")
    assert answer.code == "DIGEST_INVALID"
    assert call("PUT", f"{begin(call)}?digest=", b"").code == "DIGEST_INVALID"
    assert list((shared.root / "docker/registry/v2/repositories/in").glob("_uploads/*/data")) != []


def test_another_algorithm(call):
    data = b"longer names"
    digest = f"sha512:{hashlib.sha512(data).hexdigest()}"
    arrived(call("PUT", f"{begin(call)}?digest={digest}", data), digest)
    assert call("GET", f"/v2/in/blobs/{digest}").body == data
    bad = f"sha512:{'0' * 128}"
    assert call("PUT", f"{begin(call)}?digest={bad}", data).code == "DIGEST_INVALID"


def test_a_cancelled_upload_is_gone(call):
    location = begin(call)
    call("PATCH", location, b"some")
    assert call("DELETE", location).status == 204
    assert call("PATCH", location, b"more").code == "BLOB_UPLOAD_UNKNOWN"
    session = location.rpartition("/")[2]
    assert call("GET", f"/v2/other/blobs/uploads/{session}").status == 404


def test_a_session_belongs_to_its_repository(call):
    location = begin(call)
    assert call("PATCH", location.replace("/in/", "/other/"), b"x").code == "BLOB_UPLOAD_UNKNOWN"


def test_a_blob_is_lent(call, filled):
    _, content = filled
    digest = digest_of(content)
    path = "/v2/team/app/blobs/uploads/"
    arrived(call("POST", f"{path}?mount={digest}&from=app"), digest, "team/app")
    assert call("GET", f"/v2/team/app/blobs/{digest}").body == content
    for query in (f"mount={UNKNOWN}&from=app", f"mount={digest}&from=nothing", "mount=x&from=app",
                  f"mount={digest}&from=../x"):  # fmt: skip
        answer = call("POST", f"{path}?{query}")
        assert answer.status == 202, query
        assert call("DELETE", answer.headers["location"]).status == 204
    arrived(call("POST", f"/v2/third/blobs/uploads/?mount={digest}"), digest, "third")


def test_who_waits_for_the_word_is_asked_for_the_body(shared):
    data = b"x" * 100
    host, _, port = shared.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        sock.sendall(
            f"POST /v2/in/blobs/uploads/?digest={digest_of(data)} HTTP/1.1\r\nHost: x\r\n"
            f"Content-Length: {len(data)}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert sock.recv(1000).startswith(b"HTTP/1.1 100")
        sock.sendall(data)
        assert sock.recv(1000).startswith(b"HTTP/1.1 201")


def test_a_refused_body_does_not_hide_the_answer(shared):
    """The client is still sending when the refusal comes; it must be able to read it."""
    caller = Caller(shared.address)
    answer = caller("PATCH", f"/v2/in/blobs/uploads/{SESSION}", os.urandom(8_000_000))
    assert answer.code == "BLOB_UPLOAD_UNKNOWN"
    caller.close()


@pytest.mark.parametrize(
    "said",
    [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
     b"GET /" + b"a" * 70000],
)  # fmt: skip
def test_who_does_not_speak_http_is_told(shared, said):
    host, _, port = shared.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        sock.sendall(said)
        assert sock.recv(1000).startswith(b"HTTP/1.1 4")


# -- manifests in --------------------------------------------------------------------------------

CONFIG = image_config()
INVALID = [
    (b"", "", "MANIFEST_INVALID"),
    (b"[]", "", "MANIFEST_INVALID"),
    (b"[" * 100_000, "", "MANIFEST_INVALID"),
    (b'{"mediaType": 3}', "", "MANIFEST_INVALID"),
    (json.dumps(image_manifest(CONFIG)).encode(), OCI_INDEX, "MANIFEST_INVALID"),
    (json.dumps(image_manifest(CONFIG, manifests=[])).encode(), "", "MANIFEST_INVALID"),
    (json.dumps(image_manifest(CONFIG, schemaVersion=3)).encode(), "", "MANIFEST_INVALID"),
    (json.dumps(image_manifest(CONFIG, layers=3)).encode(), "", "MANIFEST_INVALID"),
    (json.dumps(image_manifest(CONFIG, layers=[{}])).encode(), "", "MANIFEST_INVALID"),
    (json.dumps(image_manifest(CONFIG, layers=[{"digest": UNKNOWN}])).encode(), "",
     "MANIFEST_INVALID"),
    (json.dumps(image_manifest(CONFIG, layers=[{"digest": "x", "size": 1}])).encode(), "",
     "DIGEST_INVALID"),
    (json.dumps(image_manifest(CONFIG, subject=[])).encode(), "", "MANIFEST_INVALID"),
    (json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX}).encode(), "", "MANIFEST_INVALID"),
    (b'{"schemaVersion": 1, "name": "x"}', "", "MANIFEST_INVALID"),
    (b'{"schemaVersion": 2, "layers": []}', OCI_MANIFEST, "MANIFEST_INVALID"),
    (json.dumps(image_manifest(CONFIG, b"not pushed")).encode(), "", "MANIFEST_BLOB_UNKNOWN"),
    (json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX,
                 "manifests": [descriptor(b"not pushed", OCI_MANIFEST)]}).encode(), "",
     "MANIFEST_BLOB_UNKNOWN"),
    (json.dumps(image_manifest(CONFIG, layers=[{"digest": digest_of(CONFIG), "size": 1}])).encode(),
     "", "SIZE_INVALID"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "code"), INVALID, ids=range(len(INVALID)))
def test_manifests_that_are_refused(call, body, kind, code):
    call.push_blob("bad", CONFIG)
    headers = {"Content_Type": kind} if kind else {}
    answer = call("PUT", "/v2/bad/manifests/x", body, **headers)
    assert (answer.status, answer.code) == (400, code)
    assert call("GET", "/v2/bad/manifests/x").status == 404


def test_a_manifest_has_a_largest_size(call):
    answer = call("PUT", "/v2/app/manifests/big", b" " * (4 << 20) + b"{}")
    assert (answer.status, answer.code) == (413, "SIZE_INVALID")


def test_a_manifest_by_digest_is_that_one(call):
    call.push_blob("by", CONFIG)
    body = json.dumps(image_manifest(CONFIG)).encode()
    for algorithm in ("sha256", "sha512"):
        digest = f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"
        assert call("PUT", f"/v2/by/manifests/{digest}", body).status == 201
        assert call("GET", f"/v2/by/manifests/{digest}").body == body
    assert call("PUT", f"/v2/by/manifests/{UNKNOWN}", body).code == "DIGEST_INVALID"
    assert call("GET", "/v2/by/tags/list").json["tags"] == []


def test_a_tag_moves(call):
    first = call.push_image("moving", "latest", layer(version="1"))
    second = call.push_image("moving", "latest", layer(version="2"))
    assert first != second
    assert call("HEAD", "/v2/moving/manifests/latest").headers["docker-content-digest"] == second
    assert call("HEAD", f"/v2/moving/manifests/{first}").status == 200


def test_an_index_of_images(call):
    digests = [call.push_image("multi", tag, layer(x=tag)) for tag in ("one", "two")]
    manifests = []
    for digest, machine in zip(digests, ("amd64", "arm64"), strict=True):
        body = call("GET", f"/v2/multi/manifests/{digest}").body
        platform = {"architecture": machine, "os": "linux"}
        manifests.append({**descriptor(body, OCI_MANIFEST), "platform": platform})
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    call.push_manifest("multi", "all", index)
    answer = call("GET", "/v2/multi/manifests/all")
    assert (answer.headers["content-type"], answer.json) == (OCI_INDEX, index)


def test_any_media_type_comes_back_as_it_was(call):
    """Also one that only its sender named; what is fetched elsewhere is not asked for."""
    config = call.push_blob("things", b"{}")
    kinds = {
        "application/vnd.oci.artifact.manifest.v1+json": {"blobs": []},
        "application/vnd.example.thing+json": {"note": "whatever"},
        OCI_MANIFEST: {
            "schemaVersion": 2,
            "config": {"mediaType": "x/y", "digest": config, "size": 2},
            "layers": [{"mediaType": "f", "digest": UNKNOWN, "size": 5, "urls": ["https://x/y"]}],
        },
    }
    for number, (kind, document) in enumerate(kinds.items()):
        body = json.dumps(document).encode()
        answer = call("PUT", f"/v2/things/manifests/t{number}", body, Content_Type=kind)
        assert answer.status == 201, answer
        assert call("GET", f"/v2/things/manifests/t{number}").headers["content-type"] == kind


def test_who_refers_to_an_image(call):
    subject = call.push_image("signed", "1", layer(x="signed"))
    size = len(call("GET", f"/v2/signed/manifests/{subject}").body)
    pointer = {"mediaType": OCI_MANIFEST, "digest": subject, "size": size}
    call.push_blob("signed", b"{}")
    empty = {
        "mediaType": "application/vnd.example.signature",
        "digest": digest_of(b"{}"),
        "size": 2,
    }
    made = {}
    for kind in ("signature", "sbom"):
        manifest = {
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": empty, "layers": [],
            "artifactType": f"application/{kind}", "subject": pointer, "annotations": {"by": "me"},
        }  # fmt: skip
        body = json.dumps(manifest).encode()
        digest = digest_of(body)
        answer = call("PUT", f"/v2/signed/manifests/{digest}", body, Content_Type=OCI_MANIFEST)
        assert answer.headers["oci-subject"] == subject
        made[f"application/{kind}"] = digest
    answer = call("GET", f"/v2/signed/referrers/{subject}")
    assert answer.headers["content-type"] == OCI_INDEX
    found = {one["artifactType"]: one["digest"] for one in answer.json["manifests"]}
    assert found == made
    assert answer.json["manifests"][0]["annotations"] == {"by": "me"}
    answer = call("GET", f"/v2/signed/referrers/{subject}?artifactType=application/sbom")
    assert [one["digest"] for one in answer.json["manifests"]] == [made["application/sbom"]]
    assert answer.headers["oci-filters-applied"] == "artifactType"
