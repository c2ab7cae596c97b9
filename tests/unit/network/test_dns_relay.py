"""resolv.conf and the SERVFAIL answer."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyminidocker.network.dns_relay import Resolvers, host_resolvers, servfail

QUERY = bytes.fromhex("beef01000001000000000000076578616d706c6503636f6d0000010001")


def test_resolvers_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(
        "# a comment\nsearch example.com\nnameserver 10.0.0.1\n  nameserver\tfe80::1%eth0 \n"
        "nameserver\noptions ndots:1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n"
    )
    assert host_resolvers(str(path)) == ["10.0.0.1", "fe80::1%eth0", "10.0.0.2"]


def test_no_file_is_no_resolver(tmp_path: Path) -> None:
    assert host_resolvers(f"{tmp_path}/none") == []
    assert Resolvers(f"{tmp_path}/none").current() == []


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 10.0.0.1\n")
    resolvers = Resolvers(str(path))
    assert resolvers.current() == ["10.0.0.1"]
    new = tmp_path / "new"
    new.write_text("nameserver 10.0.0.2\n")
    os.replace(new, path)
    assert resolvers.current() == ["10.0.0.2"]


def test_servfail_repeats_the_question() -> None:
    answer = servfail(QUERY)
    assert answer == bytes.fromhex("beef81820001000000000000") + QUERY[12:]


def test_servfail_drops_what_follows_the_question() -> None:
    with_option = QUERY[:11] + b"\1" + QUERY[12:] + bytes.fromhex("00002904d0000000000000")
    assert servfail(with_option) == bytes.fromhex("beef81820001000000000000") + QUERY[12:]


@pytest.mark.parametrize("noise", [b"", b"short", QUERY[:2] + b"\x81" + QUERY[3:]])
def test_what_is_no_query_gets_no_answer(noise: bytes) -> None:
    assert servfail(noise) == b""


@settings(database=None)  # the checkout may be read-only
@given(st.binary(max_size=64))
def test_servfail_never_fails(noise: bytes) -> None:
    answer = servfail(noise)
    assert answer == b"" or (answer[:2] == noise[:2] and answer[3] == 0x82)
