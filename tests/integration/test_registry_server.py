"""The registry by the distribution specification: what it says, and what comes out of it."""

import pytest

from tests.support import registry as support
from tests.support.registry import (
    OCI_MANIFEST,
    SESSION,
    UNKNOWN,
    digest_of,
    layer,
)

shared, filled, call = support.shared, support.filled, support.call
alone = support.alone

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
