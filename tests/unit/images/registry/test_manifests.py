"""Platforms and which manifest of an index is taken."""

import json

import pytest

from pyminidocker.errors import IntegrityError, InvalidArgument, NotFound
from pyminidocker.images.registry.manifests import (
    Fetched,
    choose,
    fits,
    parse_platform,
    platform_text,
    read_manifest,
)
from pyminidocker.oci.image_spec import MEDIA_MANIFEST, Descriptor, Index, Platform


def platform(text: str) -> Platform:
    os_name, architecture, *variant = text.split("/")
    return Platform(architecture, os_name, *variant)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("LINUX/AMD64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("aarch64", "linux/arm64"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_parse(text, wanted):
    assert platform_text(parse_platform(text)) == wanted


def test_this_machine():
    assert parse_platform("") == parse_platform("linux")
    assert parse_platform("").os == "linux"


@pytest.mark.parametrize("text", ["a/b/c/d", "linux/", "li nux/amd64", "/"])
def test_no_platform(text):
    with pytest.raises(InvalidArgument, match="platform specifier"):
        parse_platform(text)


@pytest.mark.parametrize(
    ("offered", "wanted", "does"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm/v7", "linux/arm", True),
        ("linux/arm/v6", "linux/arm/v7", True),
        ("linux/arm/v7", "linux/arm/v6", False),
        ("linux/amd64/v3", "linux/amd64", False),
        ("linux/amd64", "linux/amd64/v3", True),
        ("linux/arm64", "linux/amd64", False),
        ("windows/amd64", "linux/amd64", False),
        ("unknown/unknown", "linux/amd64", False),
    ],
)
def test_fits(offered, wanted, does):
    assert bool(fits(platform(offered), platform(wanted))) is does


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
