"""Questions that are read, and answers that are written."""

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.network.dns_messages import A, query, read, read_answer
from pyminidocker.network.dns_sockets import redirect_requests, redirect_rules


def ask(name, kind="A", **options):
    return dns.message.make_query(name, kind, **options)


def test_a_question_is_read():
    question = read(ask("Web.Net.").to_wire())
    assert (question.name, question.kind, question.address) == ("web.net", A, "")
    assert question.udp_bytes == 512
    assert read(ask(".").to_wire()).name == ""
    assert read(ask("web.", use_edns=0, payload=1232).to_wire()).udp_bytes == 1232
    assert read(ask("web.", use_edns=0, payload=100).to_wire()).udp_bytes == 512


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("2.0.18.172.in-addr.arpa.", "172.18.0.2"),
        ("18.172.in-addr.arpa.", ""),
        ("x.0.18.172.in-addr.arpa.", ""),
        ("web.", ""),
        ("1." + "0." * 27 + "7.0.d.f.ip6.arpa.", "fd07::1"),
    ],
)
def test_the_address_a_name_is_wanted_for(name, address):
    assert read(ask(name, "PTR").to_wire()).address == address


def test_an_answer_keeps_the_askers_spelling_and_id():
    asked = ask("WeB.")
    answer = dns.message.from_wire(read(asked.to_wire()).answer(["10.0.0.1", "10.0.0.2"]))
    assert asked.is_response(answer)
    assert answer.answer[0].name.to_text() == "WeB."
    assert answer.answer[0].ttl == 600
    assert {record.to_text() for record in answer.answer[0]} == {"10.0.0.1", "10.0.0.2"}


def test_an_answer_that_is_too_long_is_cut_to_nothing():
    texts = [f"10.0.0.{number}" for number in range(100)]
    data = read(ask("web.").to_wire()).answer(texts, limit_bytes=512)
    answer = dns.message.from_wire(data)
    assert answer.flags & dns.flags.TC
    assert not answer.answer
    assert len(data) <= 512


def test_a_refusal_says_why():
    answer = dns.message.from_wire(read(ask("web.").to_wire()).refusal(3))
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.flags & dns.flags.RA


def test_what_is_no_question_is_none():
    response = dns.message.make_response(ask("web."))
    chaos = ask("version.bind.", "TXT", rdclass="CH")
    update = ask("web.")
    update.set_opcode(5)
    two = ask("web.")
    two.question += ask("db.").question
    for message in (response, chaos, update, two):
        assert read(message.to_wire()) is None
    assert read(b"") is None


@given(st.binary(max_size=80))
def test_rubbish_is_never_more_than_no_question(data):
    question = read(data)
    if question is not None:
        assert isinstance(question.name, str)
        assert question.answer([])
    assert read_answer(data) is None or isinstance(read_answer(data), list)


@given(st.data())
def test_broken_questions_are_never_more_than_no_question(data):
    whole = ask("web.example.", use_edns=0).to_wire()
    position = data.draw(st.integers(0, len(whole) - 1))
    value = data.draw(st.integers(0, 255))
    question = read(whole[:position] + bytes([value]) + whole[position + 1 :])
    if question is not None:
        question.answer([])


def test_what_hosts_ask_each_other():
    question = read(query("far.wide", A))
    assert question.name == "far.wide"
    assert read_answer(question.answer(["10.9.0.2"])) == ["10.9.0.2"]
    assert read_answer(question.answer([])) == []
    assert read_answer(question.refusal(3)) is None
    asked = read(query("2.0.9.10.in-addr.arpa", 12))
    assert read_answer(asked.answer(["far.wide"])) == ["far.wide"]


def test_the_rules_say_what_they_do():
    texts = [
        " ".join(step.text for step in expressions if step.text)
        for expressions, _ in redirect_rules("udp", 40000)
    ]
    assert texts == [
        "ip daddr 127.0.0.11 meta l4proto udp udp dport 53 udp dport set 40000",
        "ip saddr 127.0.0.11 meta l4proto udp udp sport 40000 udp sport set 53",
    ]


def test_ports_are_put_into_requests_that_were_encoded_before():
    """Also a port that is itself the sample, and the one protocol's is not the other's."""
    sample = 0xFAC5
    tables = [redirect_requests(udp, tcp) for udp, tcp in ((1, 2), (sample, 2), (1, sample))]
    assert len({tuple(table) for table in tables}) == 3
    again = redirect_requests(1, 2)
    assert again == tables[0]
