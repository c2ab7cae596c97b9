"""Talk to a registry in plain HTTP, and make images that need no engine."""

import base64
import gzip
import hashlib
import http.client
import io
import json
import tarfile
from typing import NamedTuple

import pytest

import pyminidocker

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The specification's error code."""
        [error] = self.json["errors"]
        assert error["message"]
        return error["code"]


class Caller:
    """One connection to a registry."""

    def __init__(self, address: str, user: str = "") -> None:
        host, _, port = address.rpartition(":")
        self.connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=20)
        self.headers = {}
        if user:
            self.headers["Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"

    def __call__(self, method: str, path: str, body=None, **headers: str) -> Answer:
        """Send a request; header names are written with ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, {**self.headers, **named})
        answer = self.connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())

    def push_blob(self, name: str, data: bytes) -> str:
        digest = digest_of(data)
        answer = self("POST", f"/v2/{name}/blobs/uploads/?digest={digest}", data)
        if answer.status == 202:  # docker's registry takes no blob in one request
            location = answer.headers["location"]
            answer = self("PUT", f"{location}&digest={digest}", data)
        assert answer.status == 201, answer
        return digest

    def push_manifest(self, name: str, reference: str, manifest: dict) -> str:
        body = json.dumps(manifest).encode()
        kind = manifest["mediaType"]
        answer = self("PUT", f"/v2/{name}/manifests/{reference}", body, Content_Type=kind)
        assert answer.status == 201, answer
        return answer.headers["docker-content-digest"]

    def push_image(self, name: str, reference: str, *layers: bytes, **config) -> str:
        """Push an image of these gzipped layers; returns its digest."""
        config_bytes = image_config(*layers, **config)
        for data in (config_bytes, *layers):
            self.push_blob(name, data)
        return self.push_manifest(name, reference, image_manifest(config_bytes, *layers))

    def close(self) -> None:
        self.connection.close()


def layer(**files: str | bytes) -> bytes:
    """A gzipped layer with these files; ``__`` in a name stands for ``.``."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name.replace("__", "."))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), compresslevel=1, mtime=0)


def image_config(*layers: bytes, **config) -> bytes:
    diff_ids = [digest_of(gzip.decompress(one)) for one in layers]
    document = {
        "architecture": "amd64",
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    return json.dumps(document).encode()


def descriptor(data: bytes, media_type: str) -> dict:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def image_manifest(config: bytes, *layers: bytes, **fields) -> dict:
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config, OCI_CONFIG),
        "layers": [descriptor(one, OCI_LAYER) for one in layers],
        **fields,
    }


UNKNOWN = f"sha256:{'0' * 64}"
SESSION = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def shared(engine_home):
    """A registry for all tests of a module."""
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
    """A connection to the shared registry."""
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


def begin(call: Caller, name: str = "in") -> str:
    """Begin an upload; returns its location."""
    answer = call("POST", f"/v2/{name}/blobs/uploads/")
    assert answer.status == 202
    assert answer.headers["range"] == "0-0"
    session = answer.headers["docker-upload-uuid"]
    assert answer.headers["location"] == f"/v2/{name}/blobs/uploads/{session}"
    return answer.headers["location"]


def arrived(answer: Answer, digest: str, name: str = "in") -> None:
    """Make sure that a blob has been taken."""
    assert answer.status == 201, answer
    assert answer.headers["docker-content-digest"] == digest
    assert answer.headers["location"] == f"/v2/{name}/blobs/{digest}"
