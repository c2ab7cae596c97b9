"""What a frame says, in fields and in words; and that no frame is too broken to be looked at."""

import random

import dns.message
import dns.rrset
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyminidocker.network.packet_parts import Fragment, Packet
from pyminidocker.network.packets import decode, decode_frame
from tests.support import frames as f

SYN, ACK, PSH, FIN, RST = 2, 16, 8, 1, 4
_OPTIONS = bytes.fromhex("020405b40402080a00000001000000020103 0307".replace(" ", ""))


def query(name="web", kind="A", number=4711):
    message = dns.message.make_query(name, kind)
    message.id = number
    return message


def answer(*records, rcode=0, name="web", kind="A"):
    message = dns.message.make_response(query(name, kind))
    message.set_rcode(rcode)
    message.answer = [dns.rrset.from_text(*record) for record in records]
    return message


WEB = ("web.", 600, "IN", "A", "172.18.0.3")

# frame -> the line about it
LINES = {
    "arp-request": (f.arp(1, f.A, f.B), "ARP: who has 172.18.0.3? Tell 172.18.0.2"),
    "arp-reply": (f.arp(2, f.B, f.A, f.MAC_B), "ARP: 172.18.0.3 is at 02:42:ac:12:00:03"),
    "arp-probe": (f.arp(1, "0.0.0.0", f.B), "ARP: does anybody have 172.18.0.3?"),
    "arp-announcement": (
        f.arp(1, f.A, f.A),
        "ARP: 172.18.0.2 announces itself at 02:42:ac:12:00:02",
    ),
    "ping": (
        f.ipv4(f.icmp(8, 0, 7, 1), 1),
        "172.18.0.2 > 172.18.0.3: ICMP echo request, id 7, seq 1, ttl 64",
    ),
    "pong": (
        f.ipv4(f.icmp(0, 0, 7, 1), 1, ttl=63),
        "172.18.0.2 > 172.18.0.3: ICMP echo reply, id 7, seq 1, ttl 63",
    ),
    "refused": (
        f.ipv4(f.icmp(3, 13, payload=f.ipv4(f.udp(b"x" * 9), 17)[14:42]), 1),
        (
            "172.18.0.2 > 172.18.0.3: ICMP prohibited by a filter"
            " [172.18.0.2:40000 > 172.18.0.3:9: UDP, 9 bytes]"
        ),
    ),
    "refused-tcp-quoted-in-eight-bytes": (
        f.ipv4(f.icmp(3, 1, payload=f.ipv4(f.tcp(SYN), 6)[14:42]), 1),
        "172.18.0.2 > 172.18.0.3: ICMP host unreachable [172.18.0.2:40000 > 172.18.0.3:80: TCP]",
    ),
    "too-big": (
        f.ipv4(f.icmp(3, 4, 0, 1450, f.ipv4(f.udp(b""), 17)[14:]), 1),
        (
            "172.18.0.2 > 172.18.0.3: ICMP too big, and must not be fragmented: at most 1450 bytes"
            " [172.18.0.2:40000 > 172.18.0.3:9: UDP, 0 bytes]"
        ),
    ),
    "ttl": (
        f.ipv4(f.icmp(11, 0, payload=f.ipv4(f.icmp(8, 0, 1, 2), 1, ttl=1)[14:]), 1),
        (
            "172.18.0.2 > 172.18.0.3: ICMP time to live exceeded"
            " [172.18.0.2 > 172.18.0.3: ICMP echo request, id 1, seq 2, ttl 1]"
        ),
    ),
    "syn": (
        f.ipv4(f.tcp(SYN, options=_OPTIONS), 6),
        "172.18.0.2:40000 > 172.18.0.3:80: TCP SYN, seq 1000, MSS 1460",
    ),
    "syn-ack": (
        f.ipv4(f.tcp(SYN | ACK), 6),
        "172.18.0.2:40000 > 172.18.0.3:80: TCP SYN ACK, seq 1000, ack 2000",
    ),
    "get": (
        f.ipv4(f.tcp(PSH | ACK, b"GET /\x1b[0m HTTP/1.1\r\nHost: web\r\n"), 6),
        "172.18.0.2:40000 > 172.18.0.3:80: TCP PSH ACK, 31 bytes: GET /.[0m HTTP/1.1",
    ),
    "data": (
        f.ipv4(f.tcp(ACK, b"x" * 100), 6),
        "172.18.0.2:40000 > 172.18.0.3:80: TCP ACK, 100 bytes",
    ),
    "fin": (f.ipv4(f.tcp(FIN | ACK), 6), "172.18.0.2:40000 > 172.18.0.3:80: TCP FIN ACK"),
    "rst": (f.ipv6(f.tcp(RST), 6), "[fd00::2]:40000 > [fd00::3]:80: TCP RST"),
    "udp": (f.ipv4(f.udp(b"hello"), 17), "172.18.0.2:40000 > 172.18.0.3:9: UDP, 5 bytes"),
    "ping6": (
        f.ipv6(f.icmp(128, 0, 7, 1), 58),
        "fd00::2 > fd00::3: ICMPv6 echo request, id 7, seq 1, ttl 64",
    ),
    "neighbour": (
        f.ipv6(f.icmp(135, 0, payload=bytes(15) + b"\1"), 58),
        "fd00::2 > fd00::3: ICMPv6 neighbour solicitation for ::1",
    ),
    "too-big6": (
        f.ipv6(f.icmp(2, 0, 0, 1280, f.ipv6(f.udp(b"abc"), 17)[14:]), 58),
        (
            "fd00::2 > fd00::3: ICMPv6 packet too big: at most 1280 bytes"
            " [[fd00::2]:40000 > [fd00::3]:9: UDP, 3 bytes]"
        ),
    ),
    "hop-by-hop": (
        f.ipv6(bytes([17, 0]) + bytes(6) + f.udp(b"abc"), 0),
        "[fd00::2]:40000 > [fd00::3]:9: UDP, 3 bytes",
    ),
    "first-fragment": (
        f.ipv4(f.icmp(8, 0, 7, 1), 1, number=99, place=0x2000),
        "172.18.0.2 > 172.18.0.3: ICMP echo request, id 7, seq 1, ttl 64 (first piece)",
    ),
    "last-fragment": (
        f.ipv4(b"x" * 100, 1, number=99, place=185),
        "172.18.0.2 > 172.18.0.3: ICMP packet 99, bytes 1480-1579, the last piece",
    ),
    "fragment6": (
        f.ipv6(bytes([17, 0, 0x05, 0xA9]) + bytes([0, 0, 0, 9]) + b"x" * 80, 44),
        "fd00::2 > fd00::3: UDP packet 9, bytes 1448-1527",
    ),
    "question": (
        f.ipv4(f.udp(query().to_wire(), 40000, 53), 17),
        "172.18.0.2:40000 > 172.18.0.3:53: DNS 4711: A web?",
    ),
    "answer": (
        f.ipv4(f.udp(answer(WEB).to_wire(), 53, 40000), 17),
        "172.18.0.2:53 > 172.18.0.3:40000: DNS 4711: A web = 172.18.0.3",
    ),
    "nobody": (
        f.ipv4(f.udp(answer(rcode=3).to_wire(), 53, 40000), 17),
        "172.18.0.2:53 > 172.18.0.3:40000: DNS 4711: A web: NXDOMAIN",
    ),
    "nothing": (
        f.ipv4(f.udp(answer(name="web", kind="AAAA").to_wire(), 53, 40000), 17),
        "172.18.0.2:53 > 172.18.0.3:40000: DNS 4711: AAAA web = nothing",
    ),
    "embedded-dns-after-redirection": (
        f.ipv4(f.udp(query().to_wire(), 40000, 34567), 17, f.A, "127.0.0.11"),
        "172.18.0.2:40000 > 127.0.0.11:34567: DNS 4711: A web?",
    ),
    "dns-over-tcp": (
        f.ipv4(f.tcp(ACK, b"\0\x15" + query().to_wire(), 40000, 53), 6),
        "172.18.0.2:40000 > 172.18.0.3:53: DNS 4711: A web?",
    ),
    "vxlan": (
        f.vxlan(f.arp(1, f.A, f.B)),
        "10.0.0.1 > 10.0.0.2: VXLAN 42 carries [ARP: who has 172.18.0.3? Tell 172.18.0.2]",
    ),
    "tagged": (
        f.ethernet(b"\x00\x07\x08\x06" + f.arp(1, f.A, f.B)[14:], 0x8100),
        "ARP: who has 172.18.0.3? Tell 172.18.0.2",
    ),
    "lldp": (f.ethernet(b"x" * 20, 0x88CC), "LLDP, 34 bytes"),
    "other": (f.ethernet(b"x" * 20, 0x1234), "EtherType 0x1234, 34 bytes"),
    "igmp": (f.ipv4(b"x" * 8, 2), "172.18.0.2 > 172.18.0.3: IGMP"),
    "cut-in-ethernet": (f.MAC_A, "cut off after 6 bytes"),
    "cut-in-tcp": (f.ipv4(f.tcp(SYN), 6)[:36], "172.18.0.2 > 172.18.0.3: TCP (cut off)"),
}


@pytest.mark.parametrize("name", LINES)
def test_line(name):
    frame, line = LINES[name]
    assert decode_frame(frame).summary == line


def test_fields_of_a_handshake():
    packet = decode_frame(f.ipv4(f.tcp(SYN, options=_OPTIONS), 6))
    assert msgspec.to_builtins(packet) == {
        "Length": 74,
        "Source": "02:42:ac:12:00:02",
        "Destination": "02:42:ac:12:00:03",
        "Type": "IPv4",
        "Ip": {
            "Version": 4, "Source": f.A, "Destination": f.B, "Protocol": "TCP", "Ttl": 64,
        },
        "Tcp": {
            "SourcePort": 40000, "DestinationPort": 80, "Flags": ["SYN"], "Sequence": 1000,
            "Acknowledgement": 2000, "PayloadLength": 0, "Window": 64240,
            "Options": ["MSS 1460", "SACK permitted", "timestamps", "window scale 7"],
        },
        "Summary": "172.18.0.2:40000 > 172.18.0.3:80: TCP SYN, seq 1000, MSS 1460",
    }  # fmt: skip


def test_fields_of_the_packet_in_the_packet():
    packet = decode_frame(f.vxlan(f.ipv4(f.udp(query().to_wire(), 40000, 53), 17), vni=0xABCDEF))
    assert packet.vxlan is not None
    assert packet.inner is not None
    assert packet.inner.dns is not None
    assert packet.inner.ip is not None
    assert packet.ip is not None
    assert packet.vxlan.vni == 0xABCDEF
    assert (packet.ip.source, packet.inner.ip.source) == ("10.0.0.1", f.A)
    assert packet.inner.dns.question == "web"
    assert packet.length == packet.inner.length + 50


def test_lengths_are_those_of_the_wire_not_of_what_was_captured():
    packet = decode_frame(f.ipv4(f.tcp(ACK, b"x" * 1000), 6)[:80], 1054)
    assert packet.tcp is not None
    assert (packet.length, packet.tcp.payload_length) == (1054, 1000)
    assert not packet.is_cut


def test_ethernet_padding_is_no_payload():
    packet = decode_frame(f.ipv4(f.tcp(ACK), 6) + bytes(6))
    assert packet.tcp is not None
    assert packet.tcp.payload_length == 0


def test_a_length_too_big_for_its_field_is_taken_from_the_frame():
    """Linux sends itself TCP packets of more than 65535 bytes, whose length field is 0."""
    packet = decode_frame(f.ipv4(f.tcp(ACK, b"x" * 500), 6, total=0), 100_054)
    assert packet.tcp is not None
    assert packet.tcp.payload_length == 100_000


def test_fragments_have_the_same_number():
    first = decode_frame(f.ipv4(f.icmp(8, 0) + bytes(1472), 1, number=99, place=0x2000))
    last = decode_frame(f.ipv4(bytes(20), 1, number=99, place=185))
    assert first.ip is not None
    assert last.ip is not None
    assert first.ip.fragment == Fragment(99, 0, 1480, False)
    assert last.ip.fragment == Fragment(99, 1480, 20, True)
    assert last.icmp is None


def test_links_without_ethernet_header():
    packet = Packet(length=33)
    decode(packet, f.ipv4(f.udp(b"hello"), 17)[14:], 0x0800)
    assert packet.summary == "172.18.0.2:40000 > 172.18.0.3:9: UDP, 5 bytes"
    assert packet.source == ""


def test_dns_answers_of_all_kinds():
    records = [
        ("web.", 1, "IN", "CNAME", "web.prod.example."),
        ("web.prod.example.", 1, "IN", "AAAA", "fd00::3"),
        ("web.", 1, "IN", "TXT", '"hello"'),
        ("web.", 1, "IN", "MX", "10 mail.example."),
    ]
    packet = decode_frame(f.ipv4(f.udp(answer(*records).to_wire(), 53, 40000), 17))
    assert packet.dns is not None
    assert packet.dns.answers == ["CNAME web.prod.example", "fd00::3", "TXT hello", "MX"]


def test_a_dns_answer_that_was_cut_keeps_what_is_there():
    whole = f.ipv4(f.udp(answer(WEB, (*WEB[:4], "172.18.0.4")).to_wire(), 53, 40000), 17)
    packet = decode_frame(whole[:-3], len(whole))
    assert packet.dns is not None
    assert packet.dns.answers == ["172.18.0.3"]


def test_dns_pointers_that_run_in_circles():
    header = query().to_wire()[:12]
    for name in (b"\xc0\x0c", b"\x01a\xc0\x0c", b"\xc0\xff", b"\x3f" + b"a" * 63):
        packet = decode_frame(f.ipv4(f.udp(header + name * 3, 40000, 53), 17))
        assert packet.udp is not None


@pytest.mark.parametrize("name", LINES)
def test_cut_off_anywhere(name):
    frame, _ = LINES[name]
    for length in range(len(frame)):
        assert decode_frame(frame[:length], len(frame)).summary


@given(st.binary(max_size=200), st.sampled_from((0x0800, 0x0806, 0x86DD, 0x8100, 0x1234)))
@example(b"", 0x0800)
def test_noise_is_not_too_much(data, kind):
    assert msgspec.json.encode(decode_frame(f.ethernet(data, kind)))


def test_noise_within_good_frames():
    dice = random.Random(7)
    for _ in range(3000):
        frame = bytearray(dice.choice([frame for frame, _ in LINES.values()]))
        for _ in range(dice.randint(1, 4)):
            frame[dice.randrange(len(frame))] = dice.randrange(256)
        assert msgspec.json.encode(decode_frame(bytes(frame)))


def test_packets_within_packets_have_an_end():
    frame = f.arp(1, f.A, f.B)
    for _ in range(12):
        frame = f.vxlan(frame)
    depth, packet = 0, decode_frame(frame)
    while packet.inner is not None:
        depth, packet = depth + 1, packet.inner
    assert depth == 4
