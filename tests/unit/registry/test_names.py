"""Whatever clients send: names stay beneath the root, ranges inside the blob."""

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.registry import blobs, names
from pyminidocker.registry.endpoints import credentials
from pyminidocker.registry.failures import CODES, Refused
from pyminidocker.registry.layout import Layout


def outcome(function, *arguments):
    """What a function returns, or how it refuses: (result, error)."""
    try:
        return function(*arguments), None
    except Refused as error:
        return None, error


LETTERS = st.text(alphabet="ab1./_-:@%\0\n~", max_size=40)


@given(LETTERS)
def test_a_repository_stays_beneath_the_root(text):
    name, error = outcome(names.repository, text)
    if error:
        assert error.code == "NAME_INVALID"
        return
    path = Layout("/r").blob_link(name, names.Digest("sha256", "0" * 64))
    assert os.path.normpath(path) == path
    assert path.startswith("/r/docker/registry/v2/repositories/")
    assert not any(part.startswith(("_", ".")) for part in name.split("/"))


@given(LETTERS)
def test_a_reference_is_a_tag_or_a_digest_or_refused(text):
    found, error = outcome(names.reference, text)
    if error:
        assert error.code in ("TAG_INVALID", "DIGEST_INVALID")
        return
    assert isinstance(found, str)
    path = Layout("/r").current("app", found)
    assert os.path.normpath(path) == path


@pytest.mark.parametrize("good", ["a", "a/b", "a-b", "a--b", "a__b", "a_b.c/d1", "library/alpine"])
def test_good_names(good):
    assert names.repository(good) == good


@pytest.mark.parametrize(
    "bad", ["", "A", "a/", "/a", "a//b", "-a", "a-", "a___b", "a..b", "_a", "é"]
)
def test_bad_names(bad):
    assert not names.is_repository(bad)


@given(st.integers(0, 50), st.integers(0, 60), st.none() | st.integers(0, 60))
def test_a_range_is_what_it_says(size, first, last):
    data = bytes(range(size))
    wanted = f"bytes={first}-{'' if last is None else last}"
    found, error = outcome(blobs.part, wanted, size)
    if error:
        assert (error.status, data[first:]) == (416, b"")
        return
    start, end = found
    if last is not None and last < first:
        assert (start, end) == (0, size)
    else:
        assert data[start:end] == data[first : None if last is None else last + 1] != b""


@given(st.integers(1, 50), st.integers(0, 60))
def test_the_last_so_many_bytes(size, count):
    data = bytes(range(size))
    if count == 0:
        with pytest.raises(Refused):
            blobs.part("bytes=-0", size)
    else:
        start, end = blobs.part(f"bytes=-{count}", size)
        assert data[start:end] == data[-count:]


@given(st.text(max_size=30))
def test_credentials_never_raise(text):
    assert all(isinstance(part, str) for part in credentials(f"Basic {text}"))


def test_every_error_has_a_status_of_its_kind():
    for code, (status, text) in CODES.items():
        assert re.fullmatch(r"[A-Z_]+", code)
        assert 400 <= status < 600
        assert text
