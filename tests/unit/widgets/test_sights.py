import threading

import pytest

from pyminidocker.errors import Unavailable
from pyminidocker.widgets.wiring.feed import MOST_PER_BATCH, Feed
from pyminidocker.widgets.wiring.plan import tunnel_road, wire_road
from pyminidocker.widgets.wiring.reading import read_host
from pyminidocker.widgets.wiring.sights import Watcher, flow_of, kind_of, label_of
from tests.support.lab_documents import (
    Quiet,
    arp,
    handshake,
    pair,
    ping,
    seen,
    small,
    tcp,
    vxlan,
)


def watcher(*labs):
    made = Watcher()
    made.look_at(tuple(read_host(lab.document()) for lab in labs))
    return made


def test_a_packet_takes_the_road_of_its_interface():
    lab = small()
    look = watcher(lab)
    packet = ping("172.17.0.2", "172.17.0.3")
    road = "default/cable/web/eth0"
    enters = look.take("default", seen(lab, lab.port_of("web"), "in", 1.0, packet))
    leaves = look.take("default", seen(lab, lab.port_of("db"), "out", 1.1, packet))
    up = look.take("default", seen(lab, "docker0", "in", 1.2, packet))
    assert (enters.road, enters.along, enters.where) == (road, True, "web eth0 to docker0")
    assert (leaves.along, leaves.where) == (False, "docker0 to db eth0")
    assert (up.road, up.along) == ("default/bridge/bridge", True)
    assert up.where == "bridge docker0 to routing"


def test_a_capture_inside_a_container_takes_the_same_road_the_other_way():
    lab = small()
    inode = lab.containers[1]["Inode"]
    sight = watcher(lab).take(
        "default", seen(lab, "eth0", "out", 1.0, ping("172.17.0.3", "172.17.0.2"), inode)
    )
    assert (sight.road, sight.along) == ("default/cable/db/eth0", True)


def test_a_flood_is_one_burst_and_the_rest_is_not():
    lab = small()
    look = watcher(lab)
    sights = [look.take("default", packet) for packet in handshake(lab, "web", "db")]
    bursts = [sight.burst for sight in sights]
    copies = [sight for sight in sights if sight.burst == sights[1].burst]
    assert [sight.where for sight in copies] == ["docker0 to db eth0", "bridge docker0 to routing"]
    assert bursts == sorted(bursts)
    assert len(set(bursts)) == len(sights) - 1


@pytest.mark.parametrize(
    ("packet", "kind", "label"),
    [
        (arp("request", "172.17.0.2", "172.17.0.3"), "arp", "who has .3?"),
        (arp("reply", "172.17.0.3", "172.17.0.2"), "arp", ".3 is here"),
        (tcp("1.1.1.1:5", "2.2.2.2:80", "SYN"), "tcp", "SYN"),
        (tcp("1.1.1.1:5", "2.2.2.2:80", "SYN", "ACK"), "tcp", "SYN ACK"),
        (tcp("1.1.1.1:5", "2.2.2.2:80", "PSH", "ACK", size=80), "tcp", "80 bytes"),
        (tcp("1.1.1.1:5", "2.2.2.2:80", "FIN", "ACK"), "tcp", "FIN ACK"),
        (ping("1.1.1.1", "2.2.2.2"), "icmp", "ping"),
        (ping("1.1.1.1", "2.2.2.2", "echo reply"), "icmp", "pong"),
        (ping("1.1.1.1", "2.2.2.2", "port unreachable"), "icmp", "port unreachable"),
        (
            vxlan("10.0.0.1", "10.0.0.2", 42, ping("172.20.0.2", "172.20.0.3")),
            "vxlan",
            "VXLAN 42 [ping]",
        ),
        (
            {"Udp": {"SourcePort": 1, "DestinationPort": 2, "PayloadLength": 9}},
            "udp",
            "UDP 9 bytes",
        ),
        ({"Udp": {}, "Dns": {"Question": "web", "IsResponse": False}}, "dns", "web?"),
        (
            {"Udp": {}, "Dns": {"Question": "web", "IsResponse": True, "Answers": ["10.0.0.2"]}},
            "dns",
            "10.0.0.2",
        ),
        (
            {"Udp": {}, "Dns": {"Question": "x", "IsResponse": True, "Rcode": "NXDOMAIN"}},
            "dns",
            "NXDOMAIN",
        ),
        ({"Type": "LLDP"}, "other", "LLDP"),
    ],
)
def test_kinds_and_labels(packet, kind, label):
    assert kind_of(packet) == kind
    assert label_of(packet) == label


def test_a_flow_is_known_both_ways_and_through_a_tunnel():
    there, back = ping("172.20.0.2", "172.20.0.3"), ping("172.20.0.3", "172.20.0.2", "echo reply")
    assert flow_of(there) == flow_of(back) == flow_of(vxlan("10.0.0.1", "10.0.0.2", 42, there))
    asked, answered = tcp("1.1.1.1:5", "2.2.2.2:80", "SYN"), tcp("9.9.9.9:80", "1.1.1.1:5", "ACK")
    assert flow_of(asked) == flow_of(answered)  # a rewritten address does not break it


def test_tunnels_and_wires_have_roads():
    a, b = pair()
    look = watcher(a, b)
    inner = ping("172.20.0.2", "172.20.0.3")
    outer = vxlan("10.0.0.1", "10.0.0.2", 42, inner)
    packed = look.take("a", seen(a, "vx-42", "out", 1.0, inner))
    sent = look.take("a", seen(a, "eth1", "out", 1.1, outer))
    got = look.take("b", seen(b, "eth1", "in", 1.2, outer))
    assert (packed.road, packed.along) == (tunnel_road("a", "vx-42"), True)
    assert (sent.road, sent.along) == (wire_road("a", "eth1"), True)
    assert (got.road, got.along) == (wire_road("b", "eth1"), False)
    assert got.where == "b: wire eth1 to routing"


def test_losses_and_strange_interfaces_are_counted():
    lab = small()
    look = watcher(lab)
    assert look.take("default", {"Dropped": 7}) is None
    assert look.take("default", seen(lab, "lo", "in", 1.0, ping("127.0.0.1", "127.0.0.1"))) is None
    bridge = lab.links[2]["Index"]
    lab._add("vethspare", "veth", Bridge=bridge, PeerIndex=2, PeerInode=99)
    look.look_at((read_host(lab.document()),))
    flood = arp("request", "172.17.0.2", "172.17.0.3")
    assert look.take("default", seen(lab, "vethspare", "out", 1.0, flood)) is None
    chatter = {"Ip": {"Version": 6, "Source": "fe80::1"}, "Icmp": {"Name": "router solicitation"}}
    assert look.take("default", seen(lab, "docker0", "in", 1.0, chatter)) is None
    assert (look.lost, look.elsewhere, look.spare, look.seen) == (7, 1, 1, 2)


# --------------------------------------------------------------------------------------- the feed


class Talking(Quiet):
    """Streams that say what they are told and then wait to be stopped."""

    def __init__(self, lab, packets=(), changes=()):
        super().__init__(lab)
        self.said, self.changed = packets, changes
        self.stopped = threading.Event()
        self.fails = 0

    def changes(self, _stopped):
        yield from self.changed
        self.stopped.wait()

    def packets(self, _stopped):
        if self.fails:
            self.fails -= 1
            raise Unavailable("the engine went")
        yield from self.said
        self.stopped.wait()

    def stop(self):
        self.stopped.set()


def gathered(source, *, until):
    batches, failures, done = [], [], threading.Event()

    def take(batch):
        batches.append(batch)
        if until(batches):
            done.set()

    feed = Feed({"default": source}, changed=lambda: 0, batch=take, failed=failures.append)
    feed.start()
    assert done.wait(10)
    feed.stop()
    assert feed.join()
    return batches, failures


def test_packets_come_in_batches_in_the_order_of_time():
    packets = [{"Time": t} for t in (3.0, 1.0, 2.0)]
    batches, failures = gathered(Talking(small(), packets), until=lambda b: sum(map(len, b)) >= 3)
    times = [event["Time"] for batch in batches for _, event in batch]
    assert sorted(times) == [1.0, 2.0, 3.0]
    assert not failures


def test_a_flood_of_packets_is_cut_and_counted():
    many = [{"Time": float(n)} for n in range(3 * MOST_PER_BATCH)]
    batches, _ = gathered(
        Talking(small(), many),
        until=lambda b: sum(len(x) for x in b) >= MOST_PER_BATCH,
    )
    kept = sum("Dropped" not in event for batch in batches for _, event in batch)
    lost = sum(event.get("Dropped", 0) for batch in batches for _, event in batch)
    assert kept + lost <= len(many)
    assert all(len(batch) <= MOST_PER_BATCH + 1 for batch in batches)
    assert lost > 0


def test_a_broken_stream_is_said_and_opened_again(monkeypatch):
    monkeypatch.setattr("pyminidocker.widgets.wiring.feed.RETRY_S", 0.01)
    source = Talking(small(), [{"Time": 1.0}])
    source.fails = 2
    _, failures = gathered(source, until=lambda b: len(b) >= 1)
    assert failures == ["default: the engine went"] * 2


def test_a_change_makes_it_look_again():
    changed = threading.Event()
    source = Talking(small(), changes=[1])
    feed = Feed(
        {"default": source},
        changed=lambda: changed.set() or 0,
        batch=lambda _: None,
        failed=lambda _: None,
    )
    feed.start()
    assert changed.wait(10)
    feed.stop()
    assert feed.join()
