"""Two lab hosts and a wire: what it does to packets, and what is left when anything dies."""

import json
import os
import re
import threading
from pathlib import Path

import pytest

import pyminidocker
from pyminidocker import paths
from pyminidocker.client.wire_sockets import ask
from pyminidocker.errors import Conflict, InvalidArgument, NotFound, Unavailable
from tests.support import hosts
from tests.support.command_line import minidocker
from tests.support.hosts import links, pid_of, ping, sh
from tests.support.processes import kill, wait_for_end
from tests.support.talker import until


@pytest.fixture(scope="module")
def pair(engine_home):
    with hosts.running("a", "b") as engines:
        yield engines


@pytest.fixture
def ab(pair):
    yield pair
    hosts.clean(*pair)
    for engine in pair:  # a host takes its end away when it sees that the wire is gone
        until(lambda engine=engine: not [one for one in links(engine) if one.startswith("eth")])
    assert list(Path(paths.run_root(".wires")).glob("*.sock")) == []


def round_trip_ms(engine, address: str) -> float:
    """The shortest of five round trips."""
    out = sh(engine, f"ping -c 5 -i 0.05 {address}", "host")
    match = re.search(r"min/avg/max = ([\d.]+)/", out)
    assert match, out
    return float(match[1])


def test_each_host_gets_a_link_and_an_address(ab):
    a, b = ab
    wire = a.wire(b)
    assert (wire.name, wire.hosts) == ("a-b", ["a", "b"])
    assert wire.addresses == {"a": "192.168.50.1", "b": "192.168.50.2"}
    assert wire.links == {"a": "eth1", "b": "eth1"}
    assert "192.168.50.2/24" in sh(b, "ip -o addr show eth1", "host")
    assert ping(a, "192.168.50.2")  # from a container: routed and masqueraded
    assert ping(b, "192.168.50.1")
    assert [plug["Peer"] for plug in a.plugs()] == ["b"]
    assert "b 192.168.50.2 (eth1), MTU 1500" in repr(wire)
    assert "192.168.50.2/24" in wire._repr_html_()


def test_a_second_wire_is_another_link_and_subnet(ab):
    a, b = ab
    with a.wire(b) as first, a.wire(b) as second:
        assert (first.name, second.name) == ("a-b", "a-b-2")
        assert second.links == {"a": "eth2", "b": "eth2"}
        assert second.addresses["b"] == "192.168.51.2"
        assert ping(a, "192.168.51.2")
        first.cut()
        assert ping(a, "192.168.51.2")
        again = a.wire(b)
        assert again.links == {"a": "eth1", "b": "eth1"}


def test_latency_is_measured_in_both_directions(ab):
    a, _ = ab
    wire = pyminidocker.wire("a", "b")
    assert round_trip_ms(a, "192.168.50.2") < 5
    wire.change(latency_ms=20)
    assert 40 <= round_trip_ms(a, "192.168.50.2") < 50
    wire.change(latency_ms=0.5)
    assert 1 <= round_trip_ms(a, "192.168.50.2") < 6


def test_loss_is_counted_where_it_happens(ab):
    a, _ = ab
    wire = pyminidocker.wire("a", "b", seed=3)
    assert ping(a, "192.168.50.2")
    wire.change(loss_percent=50)
    out = sh(a, "ping -c 40 -i 0.01 -W 1 192.168.50.2; true", "host")
    received = int(re.search(r"(\d+) packets received", out)[1])
    ends = {end["Host"]: end for end in wire.stats()}
    assert 0 < received < 25
    assert ends["a"]["Lost"] > 0
    assert ends["a"]["Lost"] + ends["b"]["Lost"] >= 40 - received
    wire.change(loss_percent=100)
    assert not ping(a, "192.168.50.2")


def test_tcp_survives_loss(ab):
    a, b = ab
    pyminidocker.wire("a", "b", loss_percent=2, latency_ms=1)
    hosts.web(b, "big", "--network", "host", port=8080)
    b.container("big").exec(["sh", "-c", "dd if=/dev/zero of=/www/data bs=1M count=1 2>/dev/null"])
    fetched = sh(a, "timeout 20 wget -qO- http://192.168.50.2:8080/data | wc -c")
    assert fetched == str(1 << 20)


def test_a_smaller_mtu_is_told(ab):
    """The hosts know the wire's MTU: TCP agrees on it, and a too long packet gets ICMP's answer."""
    a, b = ab
    wire = pyminidocker.wire("a", "b", mtu=1000)
    assert "mtu 1000" in sh(a, "ip link show eth1", "host")
    hosts.web(b, "big", "--network", "host", port=8080)
    b.container("big").exec(["sh", "-c", "dd if=/dev/zero of=/www/data bs=1M count=1 2>/dev/null"])
    assert sh(a, "timeout 20 wget -qO- http://192.168.50.2:8080/data | wc -c") == str(1 << 20)
    assert ping(a, "192.168.50.2", "bridge", "-s", "1400")  # the second, in fragments
    assert [end["TooLong"] for end in wire.stats()] == [0, 0]


def test_an_mtu_nobody_knows_of_is_a_black_hole(ab):
    a, _ = ab
    wire = pyminidocker.wire("a", "b")
    assert ping(a, "192.168.50.2", "host", "-s", "1400")
    wire.change(mtu=1000)
    assert ping(a, "192.168.50.2", "host", "-s", "900")
    assert not ping(a, "192.168.50.2", "host", "-s", "1400")
    assert wire.stats()[0]["TooLong"] > 0


def test_bandwidth_limits_what_arrives(ab):
    a, b = ab
    pyminidocker.wire("a", "b", bandwidth_mbit=8)
    hosts.web(b, "big", "--network", "host", port=8080)
    b.container("big").exec(["sh", "-c", "dd if=/dev/zero of=/www/data bs=1M count=1 2>/dev/null"])
    fetch = "time timeout 20 wget -qO- http://192.168.50.2:8080/data | wc -c"
    result = a.run("busybox", ["sh", "-c", fetch])
    assert str(result.stdout).strip() == str(1 << 20)
    seconds = float(re.search(r"real\s+\S+ ([\d.]+)s", str(result.stderr))[1])
    assert seconds >= 0.8  # 8 megabits, less what the queue took in


def test_cut_and_joined_again(ab):
    a, b = ab
    wire = a.wire(b)
    assert ping(a, "192.168.50.2")
    wire.cut()
    assert repr(wire) == "<Wire a-b: cut>"
    assert "cut" in wire._repr_html_()
    assert not wire.is_up
    assert a.plugs() == b.plugs() == []
    assert not ping(a, "192.168.50.2")
    wire.cut()  # twice is fine
    with pytest.raises(NotFound, match="no such wire: a-b"):
        wire.change(latency_ms=1)
    again = a.wire(b)
    assert again.links == {"a": "eth1", "b": "eth1"}
    assert ping(a, "192.168.50.2")
    fresh = a.wire(b, fresh=True, latency_ms=3)
    assert [wire.name for wire in pyminidocker.wires()] == [fresh.name] == ["a-b"]


def test_a_switch_joins_three(ab):
    a, b = ab
    c = pyminidocker.connect("c")
    try:
        c.bootstrap("busybox")
        wire = pyminidocker.wire(a, b, c, name="lan")
        assert list(wire.addresses.values()) == ["192.168.50.1", "192.168.50.2", "192.168.50.3"]
        assert ping(a, "192.168.50.2")
        assert ping(a, "192.168.50.3")
        before = {end["Host"]: end["FramesOut"] for end in wire.stats()}
        out = sh(a, "ping -c 20 -i 0.01 192.168.50.3", "host")
        assert "20 packets received" in out
        after = {end["Host"]: end["FramesOut"] for end in wire.stats()}
        assert after["c"] - before["c"] >= 20
        assert after["b"] - before["b"] < 5  # the switch has learned who lives where
    finally:
        pid = ask("lan")["Pid"]
        c.shutdown()
    wait_for_end(pid)
    assert not pyminidocker.wires()


def test_ipv6(ab):
    a, b = ab
    wire = a.wire(b, subnet="fd00:50::/64")
    assert wire.addresses == {"a": "fd00:50::1", "b": "fd00:50::2"}
    assert ping(a, "fd00:50::2", "host")
    assert "fd00:2::/64   fd00:50::2" in repr(a.add_route("fd00:2::/64", via="fd00:50::2"))
    with pyminidocker.overlay("multi", a, b):
        assert "mtu 1430" in sh(a, "ip link show eth0", "multi")  # 70 bytes go to the outer frame
        server = hosts.web(b, "web", "--network", "multi")
        assert hosts.get(a, "web", "multi") == "web@b"
        server.remove(force=True)


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"mtu": 20}, "invalid mtu 20: it can be 68 to 65535"),
        ({"loss_percent": 101}, "invalid loss_percent 101: it can be 0 to 100"),
        ({"latency_ms": -1}, "invalid latency_ms -1"),
        ({"subnet": "192.168.50.1/24"}, "invalid subnet 192.168.50.1/24: .*has host bits set"),
        ({"subnet": "nonsense"}, "invalid subnet nonsense"),
        ({"subnet": "10.0.0.0/32"}, "has no 2 addresses for hosts"),
        ({"name": "../x"}, "invalid wire name '../x'"),
    ],
)
def test_what_no_wire_can_be(ab, words, message):
    with pytest.raises(InvalidArgument, match=message):
        pyminidocker.wire("a", "b", **words)


def test_who_cannot_be_joined(ab):
    with pytest.raises(InvalidArgument, match="2 to 16 hosts, not 1"):
        pyminidocker.wire("a")
    with pytest.raises(InvalidArgument, match="not a with itself"):
        pyminidocker.wire("a", "a")
    with pytest.raises(InvalidArgument, match="invalid engine name"):
        pyminidocker.wire("a", "not a name")


def test_a_wire_must_not_overlap_with_networks(ab):
    a, b = ab
    with pytest.raises(Conflict, match=r"172.17.0.0/24 overlaps with this host's network bridge"):
        pyminidocker.wire("a", "b", subnet="172.17.0.0/24")
    hosts.network(b, "inner", "192.168.50.0/24")
    assert a.wire(b).addresses["a"] == "192.168.51.1"  # the next one that is free on both
    with pytest.raises(Conflict, match=r"overlaps with the wire on eth1, 192.168.51.1/24"):
        pyminidocker.wire("a", "b", subnet="192.168.51.0/25")
    assert [len(engine.plugs()) for engine in ab] == [1, 1]  # nothing half-made


def test_a_taken_name_is_refused(ab):
    pyminidocker.wire("a", "b", name="main")
    with pytest.raises(Conflict, match="there is a wire main already"):
        pyminidocker.wire("a", "b", name="main")
    assert len(pyminidocker.wires()) == 1


def test_many_wires_at_once(ab):
    """Names and subnets are given out once, whoever asks at the same time."""
    a, _ = ab
    errors = []

    def join():
        try:
            pyminidocker.wire("a", "b")
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=join) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len({plug["Subnet"] for plug in a.plugs()}) == 4
    assert len(pyminidocker.wires()) == 4


# -- what dies -----------------------------------------------------------------------------------


def until_gone(engine) -> None:
    """Wait until the engine has taken its plugs away."""
    with engine.api.open("GET", "/minidocker/plugs") as response:
        if response.json() == []:
            return
    script = "until ! grep -q eth1: /proc/net/dev; do usleep 10000; done"
    engine.run("busybox", ["timeout", "10", "sh", "-c", script], network="host")
    assert engine.plugs() == []


def test_a_killed_relay_takes_both_plugs_with_it(ab):
    a, b = ab
    wire = a.wire(b)
    kill(ask(wire.name)["Pid"])
    until_gone(a)
    until_gone(b)
    assert minidocker("wire", "ls", "-q").stdout == ""
    assert a.wire(b).name == "a-b"


def test_a_killed_engine_takes_the_relay_and_the_other_plug_with_it(ab):
    a, b = ab
    c = pyminidocker.connect("c")
    wire = a.wire(c)
    pid = ask(wire.name)["Pid"]
    kill(pid_of("c"))
    c.close()
    wait_for_end(pid)
    until_gone(a)
    assert not wire.is_up
    c = pyminidocker.connect("c")
    try:
        assert c.plugs() == []
        assert a.wire(c).links == {"a": "eth1", "c": "eth1"}
    finally:
        pid = ask("a-c")["Pid"]
        c.shutdown()
    wait_for_end(pid)
    del b


def test_a_client_that_dies_half_way_leaves_no_plug(ab):
    a, _ = ab
    plug, connection, packets = a.api.plug("10.1.1.1/24", wire="half", peer="nobody")
    assert plug["Link"] == "eth1"
    assert "10.1.1.1/24" in sh(a, "ip -o addr show eth1", "host")
    packets.close()
    connection.close()
    until_gone(a)


def test_rounds_of_wires_leave_nothing(ab):
    a, b = ab

    def held() -> list[int]:
        return [len(os.listdir(f"/proc/{pid_of(host)}/fd")) for host in ("a", "b")]

    a.wire(b).cut()
    before = held()
    for _ in range(15):
        a.wire(b).cut()
    assert [now - then <= 2 for now, then in zip(held(), before, strict=True)] == [True, True]


def test_an_engine_that_stops_lets_go_quietly(ab):
    a, _ = ab
    c = pyminidocker.connect("c")
    wire = a.wire(c)
    pids = [ask(wire.name)["Pid"], pid_of("c")]
    c.shutdown()
    for pid in pids:
        wait_for_end(pid)
    until_gone(a)
    assert "Traceback" not in Path(paths.run_root("c"), "daemon.log").read_text()


def test_the_wire_outlives_who_made_it(ab):
    a, _ = ab
    assert minidocker("wire", "create", "a", "b").stdout == "a-b\n"
    pid = ask("a-b")["Pid"]
    assert os.getsid(pid) == pid
    opened = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    assert not [path for path in opened if path.startswith("pipe:")]
    assert ping(a, "192.168.50.2")


# -- command line --------------------------------------------------------------------------------


def test_the_command_line(ab):
    del ab
    made = minidocker(
        "wire", "create", "a", "b", "--latency", "5ms", "--loss", "1%", "--mtu", "1400",
        "--bandwidth", "100mbit", "--jitter", "0.5ms", "--name", "main", "--subnet", "10.1.1.0/30",
    )  # fmt: skip
    assert (made.stdout, made.stderr) == ("main\n", "")
    listed = minidocker("wire", "ls").stdout.splitlines()
    assert listed[0].split() == ["NAME", "HOSTS", "LATENCY", "LOSS", "MTU"]
    assert "a 10.1.1.1/30 eth1, b 10.1.1.2/30 eth1" in listed[1]
    assert listed[1].split()[-3:] == ["5ms", "1%", "1400"]
    changed = minidocker("wire", "change", "main", "--latency", "1.5", "--loss", "0")
    assert (changed.stdout, changed.stderr) == ("main\n", "")
    assert ask("main")["Settings"]["latency_ms"] == 1.5
    form = "{{.Name}} {{.Latency}} {{.Loss}} {{.Jitter}} {{.Bandwidth}}"
    shown = minidocker("wire", "ls", "--format", form).stdout
    assert shown == "main 1.5ms 0% 0.5ms 100mbit\n"
    counted = minidocker("wire", "stats", "--format", "json").stdout.splitlines()
    assert {json.loads(line)["Host"] for line in counted} == {"a", "b"}
    removed = minidocker("wire", "rm", "main", "other")
    assert removed.stdout == "main\n"
    assert removed.returncode == 1
    assert removed.stderr.startswith("no such wire: other\nhint: ")
    assert minidocker("wire", "rm", "-f", "other").returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("create", "a"), "'minidocker wire create' requires at least 2 arguments"),
        (("create", "a", "a"), "a wire joins different hosts, not a with itself"),
        (("create", "a", "b", "--loss", "some"), 'invalid argument "some" for "--loss" flag'),
        (("create", "a", "b", "--latency", "5 days"), 'unknown unit " days" in duration'),
        (("create", "a", "b", "--bandwidth", "fast"), "a rate such as 100mbit is expected"),
        (("create", "a", "b", "--mtu", "1"), "invalid mtu 1"),
        (("change", "nowhere", "--loss", "1"), "no such wire: nowhere"),
        (("change", "nowhere"), "nothing to change"),
        (("stats", "nowhere"), "no such wire: nowhere"),
    ],
)
def test_what_the_command_line_refuses(ab, words, message):
    refused = minidocker("wire", *words)
    assert refused.returncode != 0
    assert message in refused.stderr


def test_an_engine_that_does_not_run_is_not_started_by_its_socket(ab, tmp_path):
    with pytest.raises(Unavailable, match="is it running"):
        pyminidocker.wire("a", f"unix://{tmp_path}/none.sock")


def test_a_wire_can_be_made_again_at_once(ab):
    """The process of the one before must not take the new one's name away."""
    a, b = ab
    for _ in range(20):
        again = pyminidocker.wire(a, b, name="again", fresh=True)
        assert again.is_up
    assert again.addresses == {"a": "192.168.50.1", "b": "192.168.50.2"}
