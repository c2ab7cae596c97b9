"""The cable between hosts, with socket pairs in place of packet sockets."""

import json
import select
import socket
import threading
import time

import pytest

from pyminidocker.network.wire import ETHERNET_BYTES, VNET_HEADER_BYTES, Dice, End, Relay, Wire

HEADER = bytes(VNET_HEADER_BYTES)
MACS = [bytes([2, 0, 0, 0, 0, n]) for n in range(1, 5)]
BROADCAST = b"\xff" * 6


def frame(payload: bytes = b"x", *, source: bytes = MACS[0], target: bytes = MACS[1]) -> bytes:
    return HEADER + target + source + b"\x08\x00" + payload


class Cable:
    """A wire whose plugs are socket pairs; ``hosts`` are the other ends of those."""

    def __init__(self, count: int = 2, **settings: float) -> None:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
        self.hosts = [host for host, _ in pairs]
        for host in self.hosts:
            host.settimeout(2)
        self.ends = [End(plug, {"Host": str(n)}, Dice(n)) for n, (_, plug) in enumerate(pairs)]
        self.wire = Wire(self.ends, settings)

    def send(self, data: bytes, *, host: int = 0) -> None:
        self.hosts[host].send(data)
        self.wire.receive(self.ends[host])

    def heard(self, host: int = 1) -> list[bytes]:
        """What has arrived at a host."""
        found = []
        while select.select([self.hosts[host]], [], [], 0)[0]:
            found.append(self.hosts[host].recv(70_000))
        return found

    def close(self) -> None:
        for sock in (*self.hosts, *(end.socket for end in self.ends)):
            sock.close()


@pytest.fixture
def cable():
    made: list[Cable] = []

    def make(count: int = 2, **settings: float) -> Cable:
        made.append(Cable(count, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_frames_pass_as_they_are(cable):
    wire = cable()
    wire.send(frame(b"there"))
    wire.send(frame(b"back"), host=1)
    assert wire.heard(1) == [frame(b"there")]
    assert wire.heard(0) == [frame(b"back")]


def test_longer_than_the_wires_mtu_is_dropped_and_counted(cable):
    wire = cable(mtu=100)
    wire.send(frame(bytes(100)))
    wire.send(frame(bytes(101)))
    assert [len(one) for one in wire.heard()] == [VNET_HEADER_BYTES + ETHERNET_BYTES + 100]
    assert wire.ends[0].counters()["TooLong"] == 1


def test_loss_is_the_same_for_the_same_seed(cable):
    def lost(seed: int) -> list[bytes]:
        wire = cable(loss_percent=30)
        wire.ends[0].dice = Dice(seed)
        for number in range(200):
            wire.send(frame(bytes([number])))
        heard = wire.heard()
        assert wire.ends[0].counters()["Lost"] == 200 - len(heard)
        return heard

    first, again, other = lost(7), lost(7), lost(8)
    assert first == again != other
    assert 110 < len(first) < 170


def test_total_loss_and_none(cable):
    wire = cable(loss_percent=100)
    wire.send(frame())
    assert wire.heard() == []
    wire.wire.change({"loss_percent": 0})
    wire.send(frame())
    assert len(wire.heard()) == 1


def test_dice_are_even():
    dice = Dice(0)
    rolls = [dice.roll() for _ in range(20_000)]
    assert 0 <= min(rolls) < 0.001
    assert 0.999 < max(rolls) < 1
    assert 0.49 < sum(rolls) / len(rolls) < 0.51


def test_latency_holds_frames_back_and_keeps_their_order(cable):
    wire = cable(latency_ms=20, jitter_ms=10)
    before = time.monotonic()
    for number in range(20):
        wire.send(frame(bytes([number])))
    assert wire.heard() == []
    while (left_s := wire.wire.deliver_due()) is not None:
        select.select([], [], [], left_s)
    took_s = time.monotonic() - before
    assert wire.heard() == [frame(bytes([number])) for number in range(20)]
    assert took_s >= 0.01


def test_a_change_of_latency_does_not_let_frames_overtake(cable):
    wire = cable(latency_ms=20)
    wire.send(frame(b"first"))
    wire.wire.change({"latency_ms": 0})
    wire.send(frame(b"second"))
    assert wire.heard() == []
    while (left_s := wire.wire.deliver_due()) is not None:
        select.select([], [], [], left_s)
    assert wire.heard() == [frame(b"first"), frame(b"second")]


def test_bandwidth_spaces_frames_and_its_queue_is_short(cable):
    wire = cable(bandwidth_mbit=1)  # a frame of 1000 bytes takes 8 ms; the queue is 100 ms
    before = time.monotonic()
    for _ in range(20):
        wire.send(frame(bytes(1000 - ETHERNET_BYTES)))
    assert 5 <= wire.ends[1].counters()["Overflowed"] <= 8
    while (left_s := wire.wire.deliver_due()) is not None:
        select.select([], [], [], left_s)
    took_s = time.monotonic() - before
    assert len(wire.heard()) * 0.008 <= took_s + 0.002


def test_three_plugs_are_a_switch(cable):
    wire = cable(3)
    wire.send(frame(b"who has", source=MACS[0], target=BROADCAST))
    assert (len(wire.heard(1)), len(wire.heard(2))) == (1, 1)
    wire.send(frame(b"I have", source=MACS[1], target=MACS[0]), host=1)
    assert (len(wire.heard(0)), len(wire.heard(2))) == (1, 0)
    wire.send(frame(b"thanks", source=MACS[0], target=MACS[1]))
    assert (len(wire.heard(1)), len(wire.heard(2))) == (1, 0)
    wire.send(frame(b"anyone", source=MACS[0], target=MACS[3]))
    assert (len(wire.heard(1)), len(wire.heard(2))) == (1, 1)


def test_a_plug_that_goes_does_not_end_the_others(cable):
    wire = cable(3)
    wire.hosts[1].close()
    wire.send(frame(b"who has", source=MACS[0], target=BROADCAST))
    assert len(wire.heard(2)) == 1
    assert wire.ends[1].counters()["Overflowed"] == 1


# -- the process around it -----------------------------------------------------------------------


class Served:
    """A relay in a thread."""

    def __init__(self, cable: Cable, path: str) -> None:
        pairs = [socket.socketpair() for _ in cable.ends]
        self.engines = [engine for engine, _ in pairs]
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(4)
        self.path = path
        self.relay = Relay(
            cable.wire, [connection for _, connection in pairs], listener, path, {"Name": "a-b"}
        )
        self.sockets = [*self.engines, *[connection for _, connection in pairs], listener]
        self.thread = threading.Thread(target=self.relay.run)
        self.thread.start()

    def ask(self, request: object) -> dict:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(self.path)
            sock.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(sock.makefile().readline())

    def close(self) -> None:
        self.engines[0].close()
        self.thread.join(5)
        assert not self.thread.is_alive()
        for sock in self.sockets:
            sock.close()


@pytest.fixture
def served(cable, tmp_path):
    made = []

    def make(**settings: float) -> tuple[Cable, Served]:
        wire = cable(**settings)
        made.append(Served(wire, f"{tmp_path}/{len(made)}.sock"))
        return wire, made[-1]

    yield make
    for one in made:
        one.close()


def test_the_relay_carries_in_both_directions(served):
    wire, _ = served(latency_ms=1)
    wire.hosts[0].send(frame(b"there"))
    assert wire.hosts[1].recv(100) == frame(b"there")
    wire.hosts[1].send(frame(b"back"))
    assert wire.hosts[0].recv(100) == frame(b"back")


def test_the_relay_tells_and_changes(served):
    wire, relay = served()
    wire.hosts[0].send(frame(bytes(50)))
    wire.hosts[1].recv(100)
    state = relay.ask({"change": {"latency_ms": 3, "colour": "red"}})
    assert state["Name"] == "a-b"
    assert state["Settings"] == {
        "latency_ms": 3, "jitter_ms": 0, "loss_percent": 0, "mtu": 1500, "bandwidth_mbit": 0,
    }  # fmt: skip
    assert [end["FramesIn"] for end in state["Ends"]] == [1, 0]
    assert [end["BytesOut"] for end in state["Ends"]] == [0, 50 + ETHERNET_BYTES]
    assert "error" in relay.ask(["nonsense"])
    assert relay.ask({})["Settings"]["latency_ms"] == 3


def test_the_relay_ends_with_any_of_its_engines(served, tmp_path):
    _, relay = served()
    relay.engines[1].close()
    relay.thread.join(5)
    assert not relay.thread.is_alive()
    assert list(tmp_path.iterdir()) == []


def test_a_cut_waits_until_the_engines_have_let_go(served):
    _, relay = served()
    answers: list[dict] = []
    asking = threading.Thread(target=lambda: answers.append(relay.ask({"cut": True})))
    asking.start()
    for engine in relay.engines:
        assert engine.recv(1) == b""  # good-bye
    assert answers == []
    for engine in relay.engines:
        engine.close()
    asking.join(5)
    assert answers[0]["Name"] == "a-b"
