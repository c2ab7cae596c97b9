"""The registry by the distribution specification: one request, one expectation at a time."""

import hashlib
import json
import os
import socket
import threading
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker.client.registry_start import REGISTRIES
from tests.support.processes import kill
from tests.support.registry import (
    OCI_INDEX,
    OCI_MANIFEST,
    Caller,
    descriptor,
    digest_of,
    image_config,
    image_manifest,
    layer,
)
from tests.support.talker import until

UNKNOWN = f"sha256:{'0' * 64}"
SESSION = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def shared(engine_home):
    with pyminidocker.serve_registry() as registry:
        yield registry


@pytest.fixture(scope="module")
def filled(shared):
    """A registry with one image, ``app:1``; returns (its digest, its layer)."""
    caller = Caller(shared.address)
    content = layer(hello="hello\n")
    found = caller.push_image("app", "1", content), content
    caller.close()
    return found


@pytest.fixture
def call(shared, filled):
    caller = Caller(shared.address)
    yield caller
    caller.close()


@pytest.fixture
def alone(engine_home):
    """A registry for one test, and a caller."""
    with pyminidocker.serve_registry() as registry:
        caller = Caller(registry.address)
        yield registry, caller
        caller.close()


# -- every endpoint, and what it says ------------------------------------------------------------

TABLE = [
    # (method, path, status, error code)
    ("GET", "/v2/", 200, ""),
    ("HEAD", "/v2/", 200, ""),
    ("GET", "/v2", 200, ""),
    ("POST", "/v2/", 405, "UNSUPPORTED"),
    ("GET", "/", 200, ""),
    ("GET", "/v1/_ping", 404, "UNSUPPORTED"),
    ("GET", "/v2/app", 404, "UNSUPPORTED"),
    ("GET", "/v2/_catalog", 200, ""),
    ("GET", "/v2/_catalog?n=x", 400, "PAGINATION_NUMBER_INVALID"),
    ("DELETE", "/v2/_catalog", 405, "UNSUPPORTED"),
    ("GET", "/v2/app/tags/list", 200, ""),
    ("GET", "/v2/app/tags/list?n=-1", 400, "PAGINATION_NUMBER_INVALID"),
    ("GET", "/v2/nothing/tags/list", 404, "NAME_UNKNOWN"),
    ("GET", "/v2/App/tags/list", 400, "NAME_INVALID"),
    ("GET", "/v2/a..b/tags/list", 400, "NAME_INVALID"),
    ("GET", "/v2/../../etc/tags/list", 400, "NAME_INVALID"),
    ("GET", "/v2/%2e%2e/app/tags/list", 400, "NAME_INVALID"),
    ("GET", f"/v2/{'a/' * 130}b/tags/list", 400, "NAME_INVALID"),
    ("GET", f"/v2/{'a' * 250}/tags/list", 400, "NAME_INVALID"),
    ("GET", "/v2/app/manifests/1", 200, ""),
    ("HEAD", "/v2/app/manifests/1", 200, ""),
    ("GET", "/v2/app/manifests/2", 404, "MANIFEST_UNKNOWN"),
    ("HEAD", "/v2/app/manifests/2", 404, ""),
    ("GET", "/v2/app/manifests/.hidden", 400, "TAG_INVALID"),
    ("GET", f"/v2/app/manifests/{'x' * 129}", 400, "TAG_INVALID"),
    ("GET", f"/v2/app/manifests/{UNKNOWN}", 404, "MANIFEST_UNKNOWN"),
    ("GET", "/v2/app/manifests/sha256:12", 400, "DIGEST_INVALID"),
    ("GET", "/v2/app/manifests/md5:d41d8cd98f00b204e9800998ecf8427e", 400, "DIGEST_INVALID"),
    ("GET", "/v2/nothing/manifests/1", 404, "MANIFEST_UNKNOWN"),
    ("POST", "/v2/app/manifests/1", 405, "UNSUPPORTED"),
    ("PUT", "/v2/app/manifests/x", 400, "MANIFEST_INVALID"),
    ("DELETE", "/v2/app/manifests/2", 404, "MANIFEST_UNKNOWN"),
    ("DELETE", f"/v2/app/manifests/{UNKNOWN}", 404, "MANIFEST_UNKNOWN"),
    ("GET", f"/v2/app/blobs/{UNKNOWN}", 404, "BLOB_UNKNOWN"),
    ("HEAD", f"/v2/app/blobs/{UNKNOWN}", 404, ""),
    ("GET", "/v2/app/blobs/1", 400, "DIGEST_INVALID"),
    ("DELETE", f"/v2/app/blobs/{UNKNOWN}", 404, "BLOB_UNKNOWN"),
    ("PUT", f"/v2/app/blobs/{UNKNOWN}", 405, "UNSUPPORTED"),
    ("GET", "/v2/app/blobs/uploads/", 405, "UNSUPPORTED"),
    ("GET", f"/v2/app/blobs/uploads/{SESSION}", 404, "BLOB_UPLOAD_UNKNOWN"),
    ("PATCH", f"/v2/app/blobs/uploads/{SESSION}", 404, "BLOB_UPLOAD_UNKNOWN"),
    ("PUT", f"/v2/app/blobs/uploads/{SESSION}?digest={UNKNOWN}", 404, "BLOB_UPLOAD_UNKNOWN"),
    ("DELETE", f"/v2/app/blobs/uploads/{SESSION}", 404, "BLOB_UPLOAD_UNKNOWN"),
    ("POST", f"/v2/app/blobs/uploads/{SESSION}", 405, "UNSUPPORTED"),
    ("GET", "/v2/app/blobs/uploads/..%2f..%2fx", 404, "UNSUPPORTED"),
    ("GET", "/v2/app/blobs/uploads/..", 404, "BLOB_UPLOAD_UNKNOWN"),
    ("POST", "/v2/app/blobs/uploads/?digest=sha256:1", 400, "DIGEST_INVALID"),
    ("GET", "/v2/app/referrers/1", 400, "DIGEST_INVALID"),
    ("GET", f"/v2/app/referrers/{UNKNOWN}", 200, ""),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), TABLE)
def test_status_and_error(call, method, path, status, code):
    answer = call(method, path)
    assert answer.status == status, answer
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"
    if code:
        assert answer.code == code
        assert answer.headers["content-type"] == "application/json"
    if method == "HEAD":
        assert answer.body == b""
    if status == 405:
        assert method not in answer.headers["allow"]
    assert call("GET", "/v2/").status == 200, "the connection can still be used"


# -- out -----------------------------------------------------------------------------------------


def test_a_manifest_comes_as_it_went(call, filled):
    digest, content = filled
    by_tag = call("GET", "/v2/app/manifests/1")
    assert digest_of(by_tag.body) == digest == by_tag.headers["docker-content-digest"]
    assert by_tag.headers["content-type"] == OCI_MANIFEST
    by_digest = call("GET", f"/v2/app/manifests/{digest}", Accept="*/*")
    assert by_digest.body == by_tag.body
    head = call("HEAD", "/v2/app/manifests/1")
    assert head.headers["content-length"] == str(len(by_tag.body))
    assert head.headers["docker-content-digest"] == digest
    etag = by_tag.headers["etag"]
    assert call("GET", "/v2/app/manifests/1", If_None_Match=etag).status == 304
    assert by_tag.json["layers"][0]["digest"] == digest_of(content)


def test_a_blob_comes_whole_and_in_parts(call, filled):
    _, content = filled
    path = f"/v2/app/blobs/{digest_of(content)}"
    whole = call("GET", path)
    assert (whole.status, whole.body) == (200, content)
    assert whole.headers["docker-content-digest"] == digest_of(content)
    assert whole.headers["accept-ranges"] == "bytes"
    head = call("HEAD", path)
    assert (head.headers["content-length"], head.body) == (str(len(content)), b"")
    assert call("GET", path, If_None_Match=whole.headers["etag"]).status == 304
    assert call("GET", path.replace(":", "%3A")).body == content


@pytest.mark.parametrize(
    ("wanted", "status", "first", "last"),
    [
        ("bytes=0-9", 206, 0, 9),
        ("bytes=10-", 206, 10, -1),
        ("bytes=-5", 206, -5, -1),
        ("bytes=3-99999", 206, 3, -1),
        ("bytes=-99999", 200, 0, -1),
        ("bytes=0-", 200, 0, -1),
        ("bytes=5-4", 200, 0, -1),
        ("bytes=0-1,4-5", 200, 0, -1),
        ("lines=0-1", 200, 0, -1),
        (f"bytes={'9' * 5000}-", 200, 0, -1),
        ("bytes=99999-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
def test_ranges(call, filled, wanted, status, first, last):
    _, content = filled
    size = len(content)
    answer = call("GET", f"/v2/app/blobs/{digest_of(content)}", Range=wanted)
    assert answer.status == status
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{size}"
        assert answer.code == "RANGE_INVALID"
        return
    start, end = first % size, last % size
    assert answer.body == content[start : end + 1]
    assert answer.headers["content-length"] == str(len(answer.body))
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {start}-{end}/{size}"


def test_a_range_of_something_else_is_all_of_it(call, filled):
    _, content = filled
    path = f"/v2/app/blobs/{digest_of(content)}"
    assert call("GET", path, Range="bytes=0-1", If_Range='"other"').body == content
    same = f'"{digest_of(content)}"'
    assert call("GET", path, Range="bytes=0-1", If_Range=same).status == 206


def test_what_a_repository_has_not_is_not_in_it(call, filled):
    """The content is on the disk, but ``other`` has no claim to it."""
    _, content = filled
    assert call("GET", f"/v2/other/blobs/{digest_of(content)}").code == "BLOB_UNKNOWN"


def test_lists_come_in_pages(alone):
    _, call = alone
    for name in ("zoo", "a/b", "a", "a-b"):
        for tag in ("v10", "v2", "latest", "V1"):
            call.push_image(name, tag, layer(x=name))
    names = ["a", "a-b", "a/b", "zoo"]
    tags = ["V1", "latest", "v10", "v2"]
    assert call("GET", "/v2/_catalog").json == {"repositories": names}
    assert call("GET", "/v2/a/b/tags/list").json == {"name": "a/b", "tags": tags}
    for path, key, expected in (
        ("/v2/_catalog", "repositories", names),
        ("/v2/a/tags/list", "tags", tags),
    ):
        found, link = [], f"{path}?n=3"
        pages = 0
        while link:
            answer = call("GET", link)
            found += answer.json[key]
            link = answer.headers.get("link", "").partition(">; rel=")[0].lstrip("<")
            pages += 1
        assert (found, pages) == (expected, 2)
        assert call("GET", f"{path}?n=0").json[key] == []
        assert "link" not in call("GET", f"{path}?n=0").headers
        assert call("GET", f"{path}?n=2&last={expected[1]}").json[key] == expected[2:]
        assert call("GET", f"{path}?last=zzz").json[key] == []


# -- in ------------------------------------------------------------------------------------------


def begin(call, name="in"):
    answer = call("POST", f"/v2/{name}/blobs/uploads/")
    assert answer.status == 202
    assert answer.headers["range"] == "0-0"
    session = answer.headers["docker-upload-uuid"]
    assert answer.headers["location"] == f"/v2/{name}/blobs/uploads/{session}"
    return answer.headers["location"]


def arrived(answer, digest, name="in"):
    assert answer.status == 201, answer
    assert answer.headers["docker-content-digest"] == digest
    assert answer.headers["location"] == f"/v2/{name}/blobs/{digest}"


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
    """Also one that only its sender named; and content that is fetched elsewhere is not asked for."""
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


# -- removal -------------------------------------------------------------------------------------


def files_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_what_is_removed_leaves_the_disk_with_the_last_who_has_it(alone):
    registry, call = alone
    content = layer(x="shared")
    digest = call.push_image("one", "a", content)
    call.push_image("one", "b", content)
    call.push_image("two", "a", content)
    assert call("DELETE", "/v2/one/manifests/b").status == 202
    assert call("GET", "/v2/one/tags/list").json["tags"] == ["a"]
    for name in ("one", "two"):
        assert call("DELETE", f"/v2/{name}/manifests/{digest}").status == 202
        assert call("GET", f"/v2/{name}/manifests/a").status == 404
        blobs = (digest_of(content), digest_of(image_config(content)))
        for blob in blobs:
            assert registry.path_of(blob).exists()
            assert call("DELETE", f"/v2/{name}/blobs/{blob}").status == 202
            assert call("GET", f"/v2/{name}/blobs/{blob}").status == 404
    assert files_in(registry.root / "docker") == []
    assert call("GET", "/v2/_catalog").json == {"repositories": []}
    assert call("GET", "/v2/one/tags/list").code == "NAME_UNKNOWN"
    call.push_image("one", "a", content)  # and can come back


# -- broken connections, killed processes --------------------------------------------------------


def broken_off(registry, location: str, data: bytes, promised: int) -> socket.socket:
    """Send a part of a body, and return the connection as it hangs."""
    host, _, port = registry.address.partition(":")
    sock = socket.create_connection((host, int(port)), timeout=10)
    head = f"PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Length: {promised}\r\n\r\n"
    sock.sendall(head.encode() + data)
    return sock


def offset(call, location: str) -> int:
    last = int(call("GET", location).headers["range"].partition("-")[2])
    return last + 1 if last else 0


def test_an_upload_goes_on_after_a_broken_connection(alone):
    registry, call = alone
    data = os.urandom(2_000_000)
    digest, location = digest_of(data), begin(call)
    broken_off(registry, location, data[:900_000], len(data)).close()
    until(lambda: offset(call, location) == 900_000)
    rest = call("PATCH", location, data[900_000:], Content_Range=f"900000-{len(data) - 1}")
    assert rest.status == 202
    arrived(call("PUT", f"{location}?digest={digest}"), digest)
    assert call("GET", f"/v2/in/blobs/{digest}").body == data


def test_who_resumes_does_not_wait_for_a_connection_that_hangs(alone):
    registry, call = alone
    data = os.urandom(600_000)
    digest, location = digest_of(data), begin(call)
    with broken_off(registry, location, data[:300_000], len(data)) as hanging:
        until(lambda: offset(call, location) >= 256 << 10)
        have = offset(call, location)
        answer = call("PATCH", location, data[have:], Content_Range=f"{have}-{len(data) - 1}")
        if answer.status == 416:  # the rest of the first connection was written meanwhile
            have = offset(call, location)
            answer = call("PATCH", location, data[have:], Content_Range=f"{have}-{len(data) - 1}")
        assert answer.status == 202
        assert hanging.recv(100) == b""  # it was cut off
    arrived(call("PUT", f"{location}?digest={digest}"), digest)


def test_a_killed_registry_has_nothing_wrong_and_goes_on(engine_home, tmp_path):
    data = os.urandom(900_000)
    digest = digest_of(data)
    registry = pyminidocker.serve_registry(tmp_path, name="killed")
    call = Caller(registry.address)
    image = call.push_image("app", "1", layer(x="kept"))
    location = begin(call)
    call("PATCH", location, data[:500_000])
    hanging = broken_off(registry, location, data[500_000:600_000], 400_000)
    until(lambda: offset(call, location) >= 500_000)
    kill(registry._state["Pid"])
    hanging.close()
    call.close()
    assert not registry.is_up
    Path(tmp_path, ".minidocker/new/left").write_bytes(b"half")  # as a kill in a rename leaves it
    with pyminidocker.serve_registry(tmp_path, name="killed") as registry:
        call = Caller(registry.address)
        assert not Path(tmp_path, ".minidocker/new/left").exists()
        assert call("HEAD", "/v2/app/manifests/1").headers["docker-content-digest"] == image
        have = offset(call, location)
        assert have >= 500_000
        assert call("PATCH", location, data[have:]).status == 202
        arrived(call("PUT", f"{location}?digest={digest}"), digest)
        assert call("GET", f"/v2/in/blobs/{digest}").body == data
        call.close()
    for path in Path(tmp_path, "docker/registry/v2/blobs/sha256").glob("*/*/data"):
        assert digest_of(path.read_bytes()) == f"sha256:{path.parent.name}"
    assert "killed" not in REGISTRIES.names()


def test_many_clients_push_and_pull_the_same_image(alone):
    registry, call = alone
    content = layer(data=os.urandom(1_000_000))
    wrong = []

    def student(number: int) -> None:
        caller = Caller(registry.address)
        try:
            digest = caller.push_image("class", f"s{number}", content)
            answer = caller("GET", f"/v2/class/manifests/s{number}")
            assert answer.headers["docker-content-digest"] == digest
            for _ in range(3):
                found = caller("GET", f"/v2/class/blobs/{digest_of(content)}").body
                assert found == content
        except Exception as error:  # noqa: BLE001 - shown below
            wrong.append(error)
        finally:
            caller.close()

    students = [threading.Thread(target=student, args=(number,)) for number in range(30)]
    for one in students:
        one.start()
    for one in students:
        one.join()
    assert wrong == []
    assert len(call("GET", "/v2/class/tags/list").json["tags"]) == 30
    data = list((registry.root / "docker/registry/v2/blobs").rglob("data"))
    assert len(data) == 3  # layer, config, manifest: once each
    peak = Path(f"/proc/{registry._state['Pid']}/status").read_text()
    [peak_kib] = [int(line.split()[1]) for line in peak.splitlines() if line.startswith("VmHWM")]
    assert peak_kib < 150 << 10
    assert not list((registry.root / "docker").rglob("_uploads/*"))


def test_a_big_blob_needs_no_memory(alone):
    registry, call = alone
    size = 200 << 20
    piece = os.urandom(1 << 20)
    hasher = hashlib.sha256()
    for _ in range(size >> 20):
        hasher.update(piece)
    digest = f"sha256:{hasher.hexdigest()}"
    location = begin(call)
    pieces = (piece for _ in range(size >> 20))
    arrived(call("PUT", f"{location}?digest={digest}", pieces, Content_Length=str(size)), digest)
    call.connection.request("GET", f"/v2/in/blobs/{digest}")
    answer, found = call.connection.getresponse(), hashlib.sha256()
    while data := answer.read(1 << 20):
        found.update(data)
    assert f"sha256:{found.hexdigest()}" == digest
    status = Path(f"/proc/{registry._state['Pid']}/status").read_text()
    [peak_kib] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    assert peak_kib < 64 << 10
