"""Expressions turned back into nft(8)'s text, without a kernel and without nft."""

import pytest

from pyminidocker.network import nft_expressions as x
from pyminidocker.network import nft_numbers as n
from pyminidocker.network import nft_values, rules
from pyminidocker.network.nft_decode import decode
from tests.unit.network.test_nft_walk import raw


def text(*expressions: x.Expression) -> str:
    return decode(raw(list(expressions)), n.NFPROTO_INET)


def test_our_rules_read_like_nft() -> None:
    assert text(*rules.publication_rule("tcp", "", 8080, "172.17.0.2", 80)) == (
        "meta nfproto ipv4 tcp dport 8080 counter dnat ip to 172.17.0.2:80"
    )
    assert text(*rules.publication_rule("udp", "fd00::1", 53, "fd00::5", 53)) == (
        "ip6 daddr fd00::1 udp dport 53 counter dnat ip6 to [fd00::5]:53"
    )
    assert text(*rules.opened_rule("tcp", "10.2.0.2", 80)) == (
        "ip daddr 10.2.0.2 tcp dport 80 counter accept"
    )
    assert [text(*expressions) for expressions, _ in rules.masquerade_rules()] == [
        'ip saddr @masqueraded oifname != @bridges oifname != "lo" counter masquerade',
        'ip6 saddr @masqueraded6 oifname != @bridges oifname != "lo" counter masquerade',
    ]


def test_every_rule_and_chain_says_what_it_is_for() -> None:
    for chain in rules.chains():
        assert chain.comment
        for expressions, comment in chain.rules:
            assert comment, chain.name
            assert len(comment) < 120
            assert "<" not in text(*expressions)


def test_chains_come_before_those_that_jump_to_them() -> None:
    seen: set[str] = set()
    for chain in rules.chains():
        for expressions, _ in chain.rules:
            words = text(*expressions).split()
            if "jump" in words:
                assert words[words.index("jump") + 1] in seen
        seen.add(chain.name)


def test_an_unknown_expression_is_named() -> None:
    assert decode([("numgen", {}), *raw([x.accept()])], n.NFPROTO_INET) == "<numgen> accept"
    assert decode([("cmp", {}), *raw([x.drop()])], n.NFPROTO_INET) == "<cmp> drop"


def test_a_set_that_has_gone_is_still_named() -> None:
    assert text(*x.match_incoming_in("gone"), x.drop()) == "iifname @gone drop"


@pytest.mark.parametrize(
    ("kind", "first", "after", "written"),
    [
        ("ipv4_addr", "0a000000", "0a010000", "10.0.0.0/16"),
        ("ipv4_addr", "0a000001", "0a000002", "10.0.0.1"),
        ("ipv4_addr", "0a000001", "0a000004", "10.0.0.1-10.0.0.3"),
        ("ipv4_addr", "00000000", "00000000", "0.0.0.0/0"),
        ("inet_service", "0016", "0017", "22"),
        ("inet_service", "03e8", "07d1", "1000-2000"),
        ("ipv6_addr", "fd" + "00" * 15, "fd" + "00" * 6 + "01" + "00" * 8, "fd00::/64"),
    ],
)
def test_intervals(kind: str, first: str, after: str, written: str) -> None:
    assert nft_values.write_interval(kind, bytes.fromhex(first), bytes.fromhex(after)) == written


def test_times() -> None:
    assert nft_values.write_time(5400) == "1h30m"
    assert nft_values.write_time(0.25) == "250ms"
