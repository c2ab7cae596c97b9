"""Networks and what is underneath, as objects of the Python client."""

from contextlib import ExitStack

import pytest

from pyminidocker.client.network import Network
from pyminidocker.errors import Conflict, InvalidArgument, NotFound, PermissionDenied

SLEEP = ["sleep", "600"]


@pytest.fixture
def cleanup(engine):
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def net(engine, cleanup):
    return cleanup.enter_context(
        engine.create_network("shop", subnet="10.55.0.0/24", gateway="10.55.0.254", mtu=1400)
    )


@pytest.fixture
def start(engine, cleanup):
    def start(name, **options):
        options.update(name=name, detach=True, init=True)
        return cleanup.enter_context(engine.run("busybox", SLEEP, **options))

    return start


def test_a_network_says_what_it_is(engine, net):
    assert (net.name, net.driver, net.subnet) == ("shop", "bridge", "10.55.0.0/24")
    assert (net.gateway, net.internal) == ("10.55.0.254", False)
    assert net.bridge == f"br-{net.short_id}"
    assert repr(net) == "<Network shop bridge 10.55.0.0/24>"
    assert net == engine.network("shop") == engine.network(net.short_id)
    assert {net} == {engine.network("shop")}
    html = net._repr_html_()
    assert "10.55.0.254" in html
    assert net.bridge in html
    assert "shop" in repr(engine.networks())
    assert "10.55.0.0/24" in engine.networks()._repr_html_()
    assert engine.network("none").bridge == ""


def test_connect_look_and_disconnect(engine, net, start):
    web = start("web", network="shop", ip="10.55.0.7", network_aliases=["www"])
    db = start("db")
    assert net.connect(db, ip="10.55.0.8", aliases=["store"]) is net
    assert [(place.container, place.ip, place.prefix) for place in net.containers] == [
        ("db", "10.55.0.8", 24),
        ("web", "10.55.0.7", 24),
    ]
    assert "10.55.0.8/24" in repr(net.containers)
    assert web.ip == web.ip_address == "10.55.0.7"
    assert [place.network for place in db.networks] == ["bridge", "shop"]
    place = db.networks[1]
    assert (place.ip, place.gateway) == ("10.55.0.8", "10.55.0.254")
    assert "store" in place.aliases
    assert repr(place) == "<db on shop: 10.55.0.8>"
    assert "store" in db.networks._repr_html_()
    assert web.exec(["ping", "-c1", "-W2", "store"]).ok
    net.disconnect("db")
    assert [place.network for place in db.networks] == ["bridge"]
    assert db.connect(net).disconnect("shop") is db


def test_several_networks_and_options_at_once(engine, net, start, cleanup):
    cleanup.enter_context(engine.create_network("back", internal=True))
    box = start("box", network=["shop", "back"], mac_address="02:42:0a:37:00:09", expose=[80])
    assert [place.network for place in box.networks] == ["shop", "back"]
    assert box.networks[0].mac == "02:42:0a:37:00:09"
    assert list(box.ports) == [["80/tcp", "only exposed"]]
    assert "1400" in box.exec("cat /sys/class/net/eth0/mtu")


def test_errors_are_dockers_and_say_what_helps(engine, net, start):
    web = start("web", network="shop")
    with pytest.raises(Conflict, match="network with name shop already exists"):
        engine.create_network("shop")
    with pytest.raises(PermissionDenied, match="has active endpoints"):
        net.remove()
    with pytest.raises(PermissionDenied, match="already exists in network shop"):
        net.connect(web)
    with pytest.raises(NotFound, match="network nobody not found"):
        engine.network("nobody")
    with pytest.raises(InvalidArgument, match="there is no option 'subnett'") as caught:
        engine.create_network("x", subnett="10.0.0.0/24")
    assert caught.value.hint == "did you mean 'subnet'?"
    with pytest.raises(InvalidArgument, match="there is no option 'alias'") as caught:
        net.connect(web, alias=["x"])
    assert caught.value.hint == "did you mean 'aliases'?"
    with pytest.raises(InvalidArgument, match="invalid containerPort: http"):
        engine.create("busybox", ports=["8080:http"])


def test_fresh_replaces_by_name_and_never_by_the_beginning_of_an_id(engine, net, start, cleanup):
    start("web", network="shop")
    old = net.id
    again = engine.create_network("shop", fresh=True, subnet="10.56.0.0/24")
    assert again.id != old
    assert again.subnet == "10.56.0.0/24"
    net.attrs = again.attrs  # removed by the fixture
    short = cleanup.enter_context(engine.create_network(again.id[:6], fresh=True))
    assert engine.network(again.id).name == "shop"
    assert short.name == again.id[:6]
    one = engine.container("web")
    cleanup.enter_context(engine.create("busybox", name=one.id[:6], fresh=True))
    assert engine.container(one.id).name == "web"


def test_remove_with_force_disconnects(engine, start):
    net = engine.create_network("gone")
    box = start("box", network="gone")
    net.remove(force=True)
    assert list(box.networks) == []
    with pytest.raises(NotFound):
        net.reload()


def test_prune_removes_what_nobody_is_on(engine, net, start):
    start("web", network="shop")
    engine.create_network("idle")
    assert engine.prune_networks() == ["idle"]
    assert isinstance(engine.network("shop"), Network)


def test_the_topology_is_a_tree_and_a_dictionary(engine, net, start):
    start("web", network="shop", ip="10.55.0.7")
    topology = engine.topology()
    text = repr(topology)
    assert net.bridge in text
    assert "bridge of network shop" in text
    assert "cable to eth0 of web" in text
    assert topology["Networks"]
    assert "10.55.0.7" in topology._repr_html_()
    mine = [link for link in topology.links if link["Of"] == "web"]
    assert [link["Name"] for link in mine] == ["lo", "eth0"]
    assert "10.55.0.7/24" in repr(topology.links)


def test_a_capture_has_what_was_sent_inside_its_block(engine, net, start):
    web, db = start("web", network="shop"), start("db", network="shop")
    with engine.capture(words=["icmp"]) as packets:
        assert web.exec(["ping", "-c1", "-W2", "db"]).ok
    kinds = {packet["Icmp"]["Name"] for packet in packets}
    assert kinds == {"echo request", "echo reply"}
    assert not packets.is_running
    assert f"{web.ip} > {db.ip}: ICMP echo request" in repr(packets)
    assert "(web)" in repr(packets)
    assert "ICMP echo reply" in packets._repr_html_()
    assert packets.summaries[0] == packets[0]["Summary"]
    assert len(packets[:2]) == 2
    with engine.capture(container=web, words="dns") as packets:
        web.exec(["nslookup", "-type=A", "db"])
    assert [packet["Dns"]["Question"] for packet in packets] == ["db", "db"]


def test_a_capture_can_be_followed_and_ends_by_itself(engine, net, start):
    web = start("web", network="shop")
    capture = engine.capture(net.bridge, words=["arp"], limit=2)
    web.exec(["ping", "-c1", "-W1", "10.55.0.99"])
    assert [packet["Arp"]["TargetIp"] for packet in capture] == ["10.55.0.99"] * 2
    assert len(capture.wait()) == 2
    quiet = engine.capture(seconds=0.1, words=["host=192.0.2.1"]).wait()
    assert repr(quiet) == "<Capture: no packets>"
    assert "no packets" in quiet._repr_html_()
    with pytest.raises(NotFound):
        engine.capture("nolink")


def test_rules_and_flows_come_from_the_kernel(engine, net, start):
    rules = engine.rules()
    assert "table inet minidocker" in repr(rules)
    assert "minidocker" in rules._repr_html_()
    chain = next(iter(rules))["Chain"]
    assert {rule["Chain"] for rule in rules.of(chain)} == {chain}
    assert chain in repr(rules.of(chain))
    assert all(rule["Packets"] for rule in rules.hit())
    web = start("web", network="shop")
    web.exec(["ping", "-c1", "-W2", "10.55.0.254"])
    flows = engine.flows()
    assert any(flow["Original"]["Source"] == web.ip for flow in flows)
    assert web.ip in repr(flows)
    assert "PROTOCOL" in flows._repr_html_()


def test_switches(engine):
    assert engine.switches == {"ip_forward": True, "masquerade": True}
    try:
        assert engine.switch("ip_forward", False)["ip_forward"] is False
        assert "off" in repr(engine.switches)
        assert "off" in engine.switches._repr_html_()
    finally:
        engine.switch("ip_forward", True)
    with pytest.raises(InvalidArgument, match="no switch 'ip_forwards'"):
        engine.switch("ip_forwards", True)


def test_faults_are_broken_seen_and_repaired(engine, net, start):
    web = start("web", network="shop")
    assert "default_route" in engine.faults()
    fault = engine.fault("default_route", web)
    assert not fault.is_broken
    with fault.inject():
        assert fault.is_broken
        assert "BROKEN" in repr(fault)
        assert fault.evidence in fault._repr_html_()
    assert not fault.is_broken
    with pytest.raises(NotFound):
        engine.fault("gremlin")
