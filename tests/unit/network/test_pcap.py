"""The file's bytes, read back by its specification; tcpdump judges it in test_capture.py."""

import struct

from pyminidocker.network.capture import TP_STATUS_CSUMNOTREADY, TP_STATUS_GSO_TCP, Frame
from pyminidocker.network.pcap import PcapWriter

T = 1_700_000_000_123_456_789


def blocks(data):
    """Yield (type, body), checking that each length stands at both ends."""
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, length - 4) == (length,)
        yield kind, data[8 : length - 4]
        data = data[length:]


def options(data):
    found = {}
    while data:
        code, length = struct.unpack_from("<HH", data)
        if code == 0:
            break
        found[code] = data[4 : 4 + length]
        data = data[4 + (length + 3 & ~3) :]
    return found


def test_file():
    names = {1: "lo", 7: "veth7"}
    writer = PcapWriter(names.__getitem__, "container web")
    data = writer.header()
    data += writer.write([Frame(T, 7, False, 0, 61, 0, b"a" * 61)])
    status = TP_STATUS_CSUMNOTREADY | TP_STATUS_GSO_TCP
    data += writer.write(
        [Frame(T + 1, 1, True, 0, 3000, status, b"b" * 60), Frame(T + 2, 7, True, 0, 60, 0, b"c")]
    )
    data += writer.dropped(5, T + 3)
    section, veth, first, lo, second, third, statistics = blocks(data)
    assert (section[0], section[1][:4]) == (0x0A0D0D0A, struct.pack("<I", 0x1A2B3C4D))
    assert b"checksum" in options(section[1][16:])[1]
    for kind, body in (veth, lo):
        assert kind == 1
        assert struct.unpack_from("<HHI", body) == (1, 0, 0x40000)
    assert options(veth[1][8:]) == {2: b"veth7", 3: b"container web", 9: b"\x09"}
    assert options(lo[1][8:])[2] == b"lo"
    for block, (interface, moment, captured, length, flags) in zip(
        (first, second, third),
        (
            (0, T, 61, 61, 1),
            (1, T + 1, 60, 3000, 2 | 1 << 9 | 1 << 11),
            (0, T + 2, 1, 60, 2),
        ),
        strict=True,
    ):
        kind, body = block
        assert kind == 6
        head = struct.unpack_from("<IIIII", body)
        assert head == (interface, moment >> 32, moment & 0xFFFFFFFF, captured, length)
        found = options(body[20 + (captured + 3 & ~3) :])
        assert struct.unpack("<I", found[2]) == (flags,)
    assert statistics[0] == 5
    assert options(statistics[1][12:])[5] == struct.pack("<Q", 5)


def test_losses_before_the_first_packet_have_no_link_to_be_told_of():
    assert PcapWriter(str).dropped(3, T) == b""


def test_a_link_without_ethernet_is_one_of_its_own():
    writer = PcapWriter(str)
    data = writer.write([Frame(T, 3, False, 0x0800, 4, 0, b"abcd")])
    (_, interface), _ = blocks(data)
    assert struct.unpack_from("<H", interface) == (101,)
