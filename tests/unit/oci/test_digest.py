"""Digests and chain ids."""

import subprocess
import sys

import pytest

from pyminidocker.oci.digest import (
    chain_ids,
    hex_part,
    is_digest,
    looks_like_digest,
    sha256,
    sha256_hasher,
)

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_sha256():
    assert sha256(b"") == EMPTY


def test_only_a_whole_digest_becomes_a_file_name():
    assert hex_part(EMPTY) == EMPTY[7:]
    for bad in ("", "sha256:", "sha256:../../etc/passwd", EMPTY + "0", EMPTY.upper(), EMPTY[7:]):
        assert not is_digest(bad)
        with pytest.raises(ValueError, match="not a sha256 digest"):
            hex_part(bad)


def test_other_algorithms_are_recognised_as_digests():
    assert looks_like_digest("sha512:" + "0" * 128)
    assert not looks_like_digest("busybox")


def test_chain_ids_follow_the_specification():
    a, b, c = (sha256(text) for text in (b"a", b"b", b"c"))
    chain = chain_ids([a, b, c])
    assert chain[0] == a
    assert chain[1] == sha256(f"{a} {b}".encode())
    assert chain[2] == sha256(f"{chain[1]} {c}".encode())
    assert chain_ids([]) == []


def test_both_ways_of_hashing_agree():
    hasher = sha256_hasher()
    hasher.update(b"abc")
    assert sha256(b"abc") == f"sha256:{hasher.hexdigest()}"


def test_an_idle_engine_has_no_openssl():
    """It is 3.4 MB of the engine's memory."""
    code = "import sys, pyminidocker.images.store; print('_hashlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
