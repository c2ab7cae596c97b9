"""The eight faults: each is broken, seen in the kernel's state and in what people notice, repaired.

Repaired in two ways: by the engine, and as somebody would who does not know the engine's way.
"""

import pytest

import pyminidocker
from pyminidocker.errors import Conflict, NotFound
from pyminidocker.teach.by_hand import ByHand
from tests.support import hosts


@pytest.fixture(scope="module")
def far_host(engine_home):
    with hosts.running("far") as (far,):
        yield far


@pytest.fixture
def pair(engine):
    """Two containers on a network of their own."""
    with (
        engine.create_network("faulty") as network,
        engine.run("busybox", "sleep 300", network="faulty", name="ann", detach=True) as ann,
        engine.run("busybox", "sleep 300", network="faulty", name="bob", detach=True) as bob,
    ):
        yield network, ann, bob


def _reaches(box, target, *words):
    return box.exec(["ping", "-c", "1", "-W", "1", *words, target]).exit_code == 0


def _is_broken(engine, name, target=""):
    return engine.api.fault_look(name, target)["IsBroken"]


@pytest.mark.parametrize("name", ["masquerade", "ip_forward"])
def test_switches_decide_who_gets_out(engine, far_host, pair, name):
    _, ann, bob = pair
    other = far_host
    with pyminidocker.wire(engine, other, name="faulty") as wire:
        far = wire.addresses["far"]
        assert _reaches(ann, far)
        assert not _is_broken(engine, name)
        assert engine.api.fault_inject(name)["IsBroken"]
        assert _reaches(ann, bob.ip)
        assert not _reaches(ann, far)
        engine.switch(name, True)  # not the fault's own repair
        assert not _is_broken(engine, name)
        assert _reaches(ann, far)
        engine.api.fault_inject(name)
        assert not engine.api.fault_repair(name)["IsBroken"]


def test_default_deny_stops_what_is_routed(engine, far_host, pair):
    _, ann, bob = pair
    other = far_host
    with pyminidocker.wire(engine, other, name="faulty") as wire:
        far = wire.addresses["far"]
        assert engine.api.fault_inject("default_deny")["IsBroken"]
        assert not _reaches(ann, far)
        assert _reaches(ann, bob.ip)
        assert not engine.api.fault_repair("default_deny")["IsBroken"]
        assert _reaches(ann, far)


def test_default_route(engine, pair):
    network, ann, bob = pair
    assert engine.api.fault_inject("default_route", "ann")["IsBroken"]
    assert "default" not in ann.exec("ip route").stdout
    assert _reaches(ann, bob.ip)
    inside = ByHand(engine.api.netlink("ann"), "ann")
    inside.route("add", dst="default", gateway=network.gateway)
    inside.close()
    assert not _is_broken(engine, "default_route", "ann")
    engine.api.fault_inject("default_route", "ann")
    assert not engine.api.fault_repair("default_route", "ann")["IsBroken"]
    assert f"default via {network.gateway}" in ann.exec("ip route").stdout
    engine.api.fault_inject("default_route", "ann")
    inside = ByHand(engine.api.netlink("ann"), "ann")
    for half in ("0.0.0.0/1", "128.0.0.0/1"):  # as VPNs do it: two halves make a whole
        assert _is_broken(engine, "default_route", "ann")
        inside.route("add", dst=half, gateway=network.gateway)
    inside.close()
    assert not _is_broken(engine, "default_route", "ann")


def test_dns(engine, pair):
    _, ann, bob = pair
    assert _reaches(ann, "bob")
    assert engine.api.fault_inject("dns", "ann")["IsBroken"]
    assert ann.exec("nslookup bob").exit_code != 0
    assert _reaches(ann, bob.ip)
    ann.exec(["sh", "-c", "echo nameserver 127.0.0.11 > /etc/resolv.conf"])
    assert not _is_broken(engine, "dns", "ann")
    assert _reaches(ann, "bob")
    engine.api.fault_inject("dns", "ann")
    assert not engine.api.fault_repair("dns", "ann")["IsBroken"]
    assert ann.exec("cat /etc/resolv.conf").stdout == bob.exec("cat /etc/resolv.conf").stdout


def test_mtu(engine, pair):
    """The container believes in longer packets than the bridge carries: small ones still pass."""
    _, ann, bob = pair
    assert engine.api.fault_inject("mtu", "ann")["IsBroken"]
    assert _reaches(ann, bob.ip)
    assert not _reaches(ann, bob.ip, "-s", "1500")
    inside = ByHand(engine.api.netlink("ann"), "ann")
    inside.link("set", index=inside.link_lookup(ifname="eth0")[0], mtu=1500)
    inside.close()
    assert not _is_broken(engine, "mtu", "ann")
    assert _reaches(ann, bob.ip, "-s", "1500")  # in two pieces
    engine.api.fault_inject("mtu", "ann")
    assert not engine.api.fault_repair("mtu", "ann")["IsBroken"]


def test_duplicate_address(engine, pair):
    _, ann, bob = pair
    state = engine.api.fault_inject("duplicate_address", "ann")
    assert state["IsBroken"]
    assert bob.ip in state["Evidence"]
    assert bob.ip in ann.exec("ip -o addr").stdout
    assert not engine.api.fault_repair("duplicate_address", "ann")["IsBroken"]
    assert bob.ip not in ann.exec("ip -o addr").stdout
    assert ann.ip in ann.exec("ip -o addr").stdout


def test_wrong_vni(engine, far_host):
    other = far_host
    with pyminidocker.wire(engine, other, name="faulty"):
        overlay = pyminidocker.overlay("stretched", engine, other)
        with (
            engine.run("busybox", "sleep 300", network="stretched", name="ann", detach=True) as ann,
            other.run("busybox", "sleep 300", network="stretched", name="bob", detach=True) as bob,
        ):
            assert _reaches(ann, bob.ip)
            state = engine.api.fault_inject("wrong_vni", "stretched")
            assert state["IsBroken"], state
            assert not _reaches(ann, bob.ip)
            assert not engine.api.fault_repair("wrong_vni", "stretched")["IsBroken"]
            assert _reaches(ann, bob.ip)
        overlay.remove()


def test_what_cannot_be_broken_says_why(engine):
    with pytest.raises(NotFound, match="no such fault: gremlins"):
        engine.api.fault_inject("gremlins")
    with pytest.raises(NotFound, match="nobody"):
        engine.api.fault_inject("dns", "nobody")
    with (
        engine.run("busybox", "sleep 60", network="none", name="lonely", detach=True),
        pytest.raises(Conflict, match="on no bridge"),
    ):
        engine.api.fault_inject("dns", "lonely")
    with (
        engine.run("busybox", "sleep 60", name="lonely", detach=True),
        pytest.raises(Conflict, match="alone"),
    ):
        engine.api.fault_inject("duplicate_address", "lonely")


def test_default_route_of_several_networks(engine):
    """It comes back by the network that gave it, and so does the one of IPv6."""
    with (
        engine.create_network("closed", internal=True) as closed,
        engine.create_network("faulty", ipv6=True) as network,
        engine.run("busybox", "sleep 300", network="closed", name="ann", detach=True) as ann,
    ):
        network.connect(ann)
        both = ["sh", "-c", "ip route; ip -6 route"]
        routes = ann.exec(both).stdout
        assert routes.count("default") == 2
        assert closed.gateway not in routes
        engine.api.fault_inject("default_route", "ann")
        assert "default" not in ann.exec(both).stdout
        assert not engine.api.fault_repair("default_route", "ann")["IsBroken"]
        assert ann.exec(both).stdout == routes
