"""Platforms as people write them, and which fits which."""

import pytest

from pyminidocker.errors import InvalidArgument
from pyminidocker.oci.image_spec import Platform
from pyminidocker.oci.platform import fits, parse_platform, platform_text


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


@pytest.mark.parametrize("text", ["a/b/c/d", "linux/", "li nux/amd64", "/", "foobar"])
def test_no_platform(text):
    with pytest.raises(
        InvalidArgument, match=r"platform specifier|unknown operating system or architecture"
    ):
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
