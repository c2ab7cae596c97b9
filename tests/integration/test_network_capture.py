"""Real packets on real links: what the ring holds, what the filter keeps, what is counted lost."""

import os
import select
import shutil
import socket
import subprocess
import time

import pytest

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.network import messages
from pyminidocker.network.capture import Capture, Frame, Ring, describe
from pyminidocker.network.capture_filter import compile_filter
from pyminidocker.network.netlink import Netlink
from pyminidocker.network.packet_parts import CapturedPacket
from pyminidocker.network.packets import decode_frame
from pyminidocker.network.pcap import PcapWriter
from tests.support import frames as f
from tests.support.netlab import World, in_world

SYN, ACK = 2, 16
EVERYTHING = compile_filter([])


def cable(world: World, other: int) -> None:
    """Join the lab (va, 10.0.0.1) and another namespace (vb, 10.0.0.2); IPv6 is off."""
    peer = [("IFLA_IFNAME", "vb"), ("IFLA_NET_NS_FD", other)]
    with Netlink() as netlink:
        netlink.execute(
            [messages.new_link("va", "veth", data=[("VETH_INFO_PEER", {"attrs": peer})])]
        )
    give_address(world, world.lab, "va", "10.0.0.1")
    give_address(world, other, "vb", "10.0.0.2")


def give_address(world: World, netns: int, link: str, ip: str) -> None:
    with world.inside(netns):
        for name in ("all", "default", link):
            try:
                with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w") as file:
                    file.write("1")
            except FileNotFoundError:
                pass
        with Netlink() as netlink:
            index = messages.link_index(netlink.query(messages.get_link(link)))
            netlink.execute(
                [
                    messages.change_link(index, up=True),
                    messages.add_address(index, ip, 24, ip.rpartition(".")[0] + ".255"),
                ]
            )


def sender(link: str) -> socket.socket:
    """Return a socket that puts whole frames on a link."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind((link, 0))
    return sock


def collect(capture: Capture, least: int, seconds: float = 5.0) -> list[Frame]:
    """Return what was captured, once it is ``least`` frames."""
    found: list[Frame] = []
    deadline = time.monotonic() + seconds
    while len(found) < least and time.monotonic() < deadline:
        select.select([capture], [], [], 0.1)
        found += capture.read(10_000)
    return found


def described(capture: Capture, least: int) -> list[CapturedPacket]:
    return [describe(capture, frame) for frame in collect(capture, least)]


@in_world
def test_both_ends_with_name_direction_and_time(world: World) -> None:
    other = world.new_netns()
    cable(world, other)
    before = len(os.listdir("/proc/self/fd"))
    with (
        Capture("va", EVERYTHING) as here,
        Capture("any", EVERYTHING, netns_fd=other, home_fd=world.lab) as there,
    ):
        began = time.time_ns()
        with world.udp(other, ("10.0.0.2", 99)) as target, world.udp(world.lab) as source:
            source.sendto(b"hello", ("10.0.0.2", 99))
            assert target.recv(100) == b"hello"
        ended = time.time_ns()
        ours, theirs = described(here, 3), described(there, 3)
        raw = [packet.time for packet in ours]
        assert here.dropped() == there.dropped() == 0
        assert (here.inode, there.inode) == (os.fstat(world.lab).st_ino, os.fstat(other).st_ino)
    assert [(one.link, one.direction) for one in ours] == [
        ("va", "out"),
        ("va", "in"),
        ("va", "out"),
    ]
    assert [(one.link, one.direction) for one in theirs] == [
        ("vb", "in"),
        ("vb", "out"),
        ("vb", "in"),
    ]
    assert [one.summary for one in ours] == [one.summary for one in theirs]
    assert ours[0].summary == "ARP: who has 10.0.0.2? Tell 10.0.0.1"
    assert ours[2].summary.endswith("10.0.0.2:99: UDP, 5 bytes")
    assert raw == sorted(raw)
    assert began / 1e9 - 0.001 <= raw[0] <= raw[-1] <= ended / 1e9 + 0.001
    assert len(os.listdir("/proc/self/fd")) == before


@in_world
def test_what_is_left_to_the_link_is_said(world: World) -> None:
    """A veth never needs a checksum: the kernel does not compute one, and we do not call it bad."""
    other = world.new_netns()
    cable(world, other)
    server = world.listen(other, ("10.0.0.2", 80))
    with Capture("va", compile_filter(["tcp"], "out")) as capture:
        with world.connect(world.lab, ("10.0.0.2", 80)) as client:
            accepted, _ = server.accept()
            with accepted:
                client.sendall(b"x" * 40_000)
                left = 40_000
                while left:
                    left -= len(accepted.recv(left))
        packets = described(capture, 4)
    server.close()
    data = [one for one in packets if one.tcp is not None and one.tcp.payload_length > 1448]
    assert all("checksum" in one.offload for one in packets)
    assert data, "the kernel cut the stream up itself"
    assert all("segmentation" in one.offload for one in data)


FRAMES = {
    "arp": f.arp(1, f.A, f.B),
    "ping": f.ipv4(f.icmp(8, 0, 7, 1), 1),
    "ping6": f.ipv6(f.icmp(128, 0, 7, 1), 58),
    "http": f.ipv4(f.tcp(SYN), 6),
    "http6": f.ipv6(f.tcp(SYN), 6),
    "dns": f.ipv4(f.udp(bytes(20), 40000, 53), 17),
    "dns-answer": f.ipv4(f.udp(bytes(20), 53, 40000), 17, f.B, f.A),
    "dns6": f.ipv6(f.udp(bytes(20), 40000, 53), 17),
    "dns-tcp": f.ipv4(f.tcp(ACK, b"", 40000, 53), 6),
    "dns-redirected": f.ipv4(f.udp(bytes(20), 40000, 33333), 17, f.A, "127.0.0.11"),
    "udp": f.ipv4(f.udp(b"hello"), 17),
    "udp-options": f.ipv4(f.udp(b"hello"), 17)[:14] + b"\x46" + f.ipv4(f.udp(b"", 5, 53), 17)[15:34]
    + bytes(4) + f.udp(b"hello", 5, 53),
    "fragment": f.ipv4(f.udp(b"", 53, 53), 17, place=185),
    "vxlan": f.vxlan(f.arp(1, f.A, f.B)),
    "lldp": f.ethernet(bytes(40), 0x88CC),
}  # fmt: skip
_DNS = {"dns", "dns-answer", "dns6", "dns-tcp", "dns-redirected", "udp-options"}
FILTERS: list[tuple[list[str], set[str]]] = [
    ([], set(FRAMES)),
    (["arp"], {"arp"}),
    (["icmp"], {"ping", "ping6"}),
    (["tcp"], {"http", "http6", "dns-tcp"}),
    (["udp"], {"udp", "vxlan", "fragment", *_DNS} - {"dns-tcp"}),
    (["dns"], _DNS),
    (["vxlan"], {"vxlan"}),
    (["arp", "dns"], {"arp", *_DNS}),
    (["port=53"], _DNS - {"dns-redirected"}),
    (["tcp", "port=53"], {"dns-tcp"}),
    (["port=80"], {"http", "http6"}),
    (["host=127.0.0.11"], {"dns-redirected"}),
    (["host=10.0.0.2"], {"vxlan"}),
    (["host=fd00::3"], {"ping6", "http6", "dns6"}),
    (["host=fd00::4"], set()),
    ([f"host={f.A}", "icmp", "arp"], {"arp", "ping"}),
    ([f"host={f.A}", f"host={f.B}", "port=53", "udp"], {"dns", "dns-answer", "udp-options"}),
]


@in_world
def test_filters(world: World) -> None:
    other = world.new_netns()
    cable(world, other)
    out = sender("va")
    for words, expected in FILTERS:
        with Capture("va", compile_filter(words, "out")) as capture:
            for frame in FRAMES.values():
                out.send(frame)
            # The last one passes every filter: the kernel runs them in the order of sending.
            mark = len(expected)
            frames = collect(capture, mark, 0.5 if mark else 0.05)
            names = {name for name, frame in FRAMES.items() for one in frames if one.data == frame}
            assert names == expected, words
            assert len(frames) == len(expected), words
    out.close()


@in_world
def test_direction(world: World) -> None:
    other = world.new_netns()
    cable(world, other)
    out = sender("va")
    with world.inside(other):
        back = sender("vb")
    with (
        Capture("va", compile_filter([], "in")) as inwards,
        Capture("va", compile_filter([], "out")) as outwards,
    ):
        out.send(FRAMES["lldp"])
        back.send(FRAMES["udp"])
        assert [frame.data for frame in collect(inwards, 1)] == [FRAMES["udp"]]
        assert [frame.data for frame in collect(outwards, 1)] == [FRAMES["lldp"]]
    out.close()
    back.close()


@in_world
def test_loopback_is_shown_once(world: World) -> None:
    with Netlink() as netlink:
        netlink.execute([messages.change_link(1, up=True)])
    with Capture("any", compile_filter(["udp"])) as capture:
        with world.udp(world.lab, ("127.0.0.1", 99)) as target:
            target.sendto(b"hello", ("127.0.0.1", 99))
            target.recv(100)
        (packet,) = described(capture, 1)
    assert (packet.link, packet.direction) == ("lo", "in")


@in_world
def test_what_there_is_no_room_for_is_counted(world: World) -> None:
    other = world.new_netns()
    cable(world, other)
    out = sender("va")
    with Capture("va", EVERYTHING, Ring(4096, 2)) as capture:
        for _ in range(300):
            out.send(FRAMES["udp"])
        some = capture.read(5)
        rest = capture.skip()
        lost = capture.dropped()
        assert len(some) == 5
        assert rest > 0
        assert lost > 200
        assert len(some) + rest + lost == 300
        assert capture.dropped() == 0
        out.send(FRAMES["ping"])  # there is room again
        assert collect(capture, 1)[-1].data == FRAMES["ping"]
    out.close()


@in_world
def test_only_the_beginning_is_copied(world: World) -> None:
    other = world.new_netns()
    cable(world, other)
    out = sender("va")
    with Capture("va", compile_filter([], snap_bytes=64)) as capture:
        out.send(f.ipv4(f.udp(bytes(1000)), 17))
        (frame,) = collect(capture, 1)
        packet = describe(capture, frame)
    out.close()
    assert (len(frame.data), packet.length) == (64, 1042)
    assert packet.udp is not None
    assert packet.udp.payload_length == 1000


@in_world
def test_fragments_of_one_packet(world: World) -> None:
    other = world.new_netns()
    cable(world, other)
    with Capture("va", compile_filter(["udp"], "out")) as capture:
        with world.udp(other, ("10.0.0.2", 99)) as target, world.udp(world.lab) as source:
            source.sendto(bytes(4000), ("10.0.0.2", 99))
            target.recv(5000)
        packets = described(capture, 3)
    pieces = [one.ip.fragment for one in packets if one.ip is not None and one.ip.fragment]
    assert [(piece.offset, piece.size) for piece in pieces] == [
        (0, 1480),
        (1480, 1480),
        (2960, 1048),
    ]
    assert len({piece.id for piece in pieces}) == 1
    assert [piece.is_last for piece in pieces] == [False, False, True]


@in_world
def test_a_vlan_tag_the_kernel_took_out_is_there_again(world: World) -> None:
    other = world.new_netns()
    cable(world, other)
    out = sender("va")
    tagged = f.ethernet(b"\x00\x07\x08\x06" + f.arp(1, f.A, f.B)[14:], 0x8100)
    with Capture("any", EVERYTHING, netns_fd=other, home_fd=world.lab) as capture:
        out.send(tagged)
        (frame,) = collect(capture, 1)
    out.close()
    assert (frame.data, frame.length) == (tagged, len(tagged))
    assert decode_frame(frame.data).vlan == 7


@in_world
def test_packet_in_packet(world: World) -> None:
    """Two hosts, a cable, and a VXLAN over it: outside the cable's addresses, inside others."""
    other = world.new_netns()
    cable(world, other)
    for netns, remote, ip in (
        (world.lab, "10.0.0.2", "192.0.2.1"),
        (other, "10.0.0.1", "192.0.2.2"),
    ):
        with world.inside(netns), Netlink() as netlink:
            data = [("IFLA_VXLAN_ID", 42), ("IFLA_VXLAN_GROUP", remote), ("IFLA_VXLAN_PORT", 4789)]
            netlink.execute([messages.new_link("vx42", "vxlan", data=data)])
        give_address(world, netns, "vx42", ip)
    with Capture("va", compile_filter(["vxlan"])) as capture:
        with world.udp(other, ("192.0.2.2", 99)) as target, world.udp(world.lab) as source:
            source.sendto(b"hello", ("192.0.2.2", 99))
            target.recv(100)
        packets = described(capture, 3)
    ask, tell, say = [one for one in packets if one.inner is not None]
    assert ask.summary == (
        "10.0.0.1 > 10.0.0.2: VXLAN 42 carries [ARP: who has 192.0.2.2? Tell 192.0.2.1]"
    )
    assert tell.vxlan is not None
    assert tell.vxlan.vni == 42
    assert say.inner is not None
    assert say.inner.summary.endswith("192.0.2.2:99: UDP, 5 bytes")


@in_world
def test_a_link_that_goes_ends_its_capture_one_that_is_off_does_not(world: World) -> None:
    other = world.new_netns()
    cable(world, other)
    with Capture("va", EVERYTHING) as capture, Netlink() as netlink:
        index = messages.link_index(netlink.query(messages.get_link("va")))
        down = messages.encode(
            "ifinfmsg", messages.RTM_NEWLINK, 0, {"index": index, "change": messages.IFF_UP}, []
        )
        netlink.execute([down])
        select.select([capture], [], [], 5)
        assert not capture.is_over()
        netlink.execute([messages.change_link(index, up=True)])
        out = sender("va")
        out.send(FRAMES["lldp"])
        assert collect(capture, 1)
        netlink.execute([messages.delete_index(index)])
        select.select([capture], [], [], 5)
        assert capture.is_over()
        assert capture.link_name(index) == "va"
        out.close()


@in_world
def test_bad_input(world: World) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(NotFound, match="no such link: nope"):
        Capture("nope", EVERYTHING)
    with pytest.raises(NotFound, match="no such link"):
        Capture("lo\0", EVERYTHING)
    for words in (["bogus"], ["host=1.2.3"], ["port=0"], ["port=x"], ["port=65536"], ["host="]):
        with pytest.raises(InvalidArgument):
            compile_filter(words)
    with pytest.raises(InvalidArgument):
        compile_filter([], "sideways")
    assert len(os.listdir("/proc/self/fd")) == before


def capture_all_to_file(path: str) -> None:
    """Send every frame over a cable, write them to a file, and their times beside it."""

    @in_world
    def body(world: World) -> None:
        other = world.new_netns()
        cable(world, other)
        writer = PcapWriter(str)
        out = sender("va")
        with Capture("any", EVERYTHING) as capture:
            for frame in FRAMES.values():
                out.send(frame)
            frames = [frame for frame in collect(capture, len(FRAMES)) if frame.is_outgoing]
        out.close()
        with open(f"{path}/frames.pcap", "wb") as file:
            file.write(writer.header() + writer.write(frames) + writer.dropped(3, time.time_ns()))
        with open(f"{path}/times", "w") as file:
            file.write(" ".join(str(frame.time_ns) for frame in frames))

    body(path)


@pytest.mark.requires("tcpdump")
def test_tcpdump_reads_the_file(tmp_path):
    capture_all_to_file(str(tmp_path))
    tcpdump = shutil.which("tcpdump", path=f"{os.environ['PATH']}:/usr/sbin") or "tcpdump"
    read = subprocess.run(
        [tcpdump, "-n", "-tt", "--nano", "-r", "-"],
        input=(tmp_path / "frames.pcap").read_bytes(),
        capture_output=True,
        timeout=20,
    )
    lines = read.stdout.decode().splitlines()
    assert read.returncode == 0, read.stderr
    text = "\n".join(lines)
    assert "ARP, Request who-has 172.18.0.3 tell 172.18.0.2" in text
    assert "172.18.0.2 > 172.18.0.3: ICMP echo request, id 7, seq 1" in text
    assert "VXLAN, flags [I] (0x08), vni 42" in text
    moments = [line.split()[0].replace(".", "") for line in lines if line[0].isdigit()]
    assert moments == (tmp_path / "times").read_text().split()
    assert len(moments) == len(FRAMES)
