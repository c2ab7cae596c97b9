"""Platforms and which manifest of an index is taken."""

import json

import pytest

from pyminidocker.errors import IntegrityError, NotFound
from pyminidocker.images.registry.manifests import (
    Fetched,
    choose,
    read_manifest,
)
from pyminidocker.oci.image_spec import MEDIA_MANIFEST, Descriptor, Index, Platform


def platform(text: str) -> Platform:
    os_name, architecture, *variant = text.split("/")
    return Platform(architecture, os_name, *variant)


def test_the_best_is_chosen():
    offered = ["unknown/unknown", "linux/arm/v5", "linux/arm/v6", "linux/arm64/v8", "linux/arm/v8"]
    index = Index([
        Descriptor(MEDIA_MANIFEST, f"sha256:{number}", 1, platform=platform(text))
        for number, text in enumerate(offered)
    ])  # fmt: skip
    assert choose(index, platform("linux/arm/v7")).digest == "sha256:2"
    assert choose(index, platform("linux/arm64")).digest == "sha256:3"
    with pytest.raises(NotFound, match="no matching manifest for linux/amd64 in the") as caught:
        choose(index, platform("linux/amd64"))
    assert "linux/arm/v5 linux/arm/v6 linux/arm/v8 linux/arm64/v8" in caught.value.hint
    assert "unknown" not in caught.value.hint


def manifest(digest: str, size: int = 1) -> bytes:
    blob = {"mediaType": "x", "digest": digest, "size": size}
    return json.dumps({"schemaVersion": 2, "config": blob, "layers": []}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{}",
        manifest("sha256:../../etc/passwd"),
        manifest("sha512:" + "0" * 128),
        manifest("sha256:" + "0" * 64, -1),
    ],
)
def test_manifests_that_name_no_blob(data):
    with pytest.raises(IntegrityError):
        read_manifest(Fetched(data, MEDIA_MANIFEST, "sha256:x"))
