"""One network on several hosts: VXLAN over wires, and names across."""

import pytest

import pyminidocker
from pyminidocker.errors import Conflict, InvalidArgument
from tests.support import hosts
from tests.support.command_line import minidocker
from tests.support.hosts import get, links, ping, sh, web
from tests.support.processes import kill


@pytest.fixture(scope="module")
def three(engine_home):
    with hosts.running("a", "b", "c") as engines:
        yield engines


@pytest.fixture
def ab(three):
    a, b, _ = three
    a.wire(b)
    yield a, b
    hosts.clean(a, b)
    for engine in (a, b):
        assert not [link for link in links(engine) if link.startswith(("eth", "vx-"))]


@pytest.fixture
def abc(three):
    yield three
    hosts.clean(*three)


def network_of(engine, name: str):
    return engine.api.network_inspect(name)


def address_of(container, name: str) -> str:
    attrs = container.reload().attrs
    return str(attrs["NetworkSettings"]["Networks"][name]["IPAddress"])


def test_made_on_both_hosts_in_one_call(ab):
    a, b = ab
    multi = pyminidocker.overlay("multi", a, b, subnet="10.99.0.0/24", vni=42)
    assert repr(multi) == (
        "<Overlay multi: a: 10.99.0.0/25, gateway 10.99.0.1;"
        " b: 10.99.0.128/25, gateway 10.99.0.129>"
    )
    assert "10.99.0.129" in multi._repr_html_()
    device = sh(a, "ip link show vx-42", "host")
    assert "mtu 1450" in device
    server = web(b, "web", "--network", "multi")
    address = address_of(server, "multi")
    assert get(a, address, "multi") == "web@b"
    assert ping(a, address, "multi")
    assert ping(a, "10.99.0.129", "multi")  # the other host's gateway
    # Longer than one frame: in fragments, and in segments of the network's MTU.
    assert ping(a, address, "multi", "-s", "3000")
    server.exec(["sh", "-c", "dd if=/dev/zero of=/www/data bs=1M count=2 2>/dev/null"])
    assert sh(a, f"timeout 20 wget -qO- http://{address}/data | wc -c", "multi") == str(2 << 20)
    server.remove(force=True)
    multi.remove()
    assert "multi" not in [network.name for network in a.networks()]
    assert "vx-42" not in links(a)


def test_by_hand_on_each_host(ab):
    a, b = ab
    for host, part, gateway, peer in (
        ("a", "10.99.0.0/25", "10.99.0.1", "192.168.50.2"),
        ("b", "10.99.0.128/25", "10.99.0.129", "192.168.50.1"),
    ):
        made = minidocker(
            "--host", host, "network", "create", "-d", "overlay", "--subnet", "10.99.0.0/24",
            "--ip-range", part, "--gateway", gateway, "--opt", f"peers={peer}",
            "--opt", "com.docker.network.driver.overlay.vxlanid_list=77", "multi",
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
    assert "vx-77" in links(a)
    web(b, "web", "--network", "multi", "--network-alias", "shop")
    assert get(a, "web", "multi") == "web@b"  # found by asking everybody in the subnet
    assert get(a, "shop", "multi") == "web@b"
    assert network_of(a, "multi")["Driver"] == "overlay"


def test_names_across_hosts(ab):
    a, b = ab
    pyminidocker.overlay("multi", "a", "b", vni=42)
    web(a, "left", "--network", "multi")
    web(b, "right", "--network", "multi")
    assert get(a, "right", "multi") == "right@b"
    assert get(b, "left", "multi") == "left@a"
    assert get(a, "left", "multi") == "left@a"
    assert get(b, "nobody", "multi") == ""
    b.container("right").remove(force=True)
    assert get(a, "right", "multi") == ""
    web(b, "right", "--network", "multi")
    assert get(a, "right", "multi") == "right@b"


def test_three_hosts_with_wires_between_each_two(abc):
    """Each peer is behind another wire, so this host has another address for each."""
    a, b, c = abc
    for one, other in ((a, b), (b, c), (a, c)):
        one.wire(other)
    with pyminidocker.overlay("multi", a, b, c, vni=42):
        servers = [web(engine, f"web{n}", "--network", "multi") for n, engine in enumerate(abc)]
        for asker in abc:
            for n, engine in enumerate(abc):
                url = f"web{n}"
                assert get(asker, url, "multi") == f"{url}@{engine.api.engine_name}"
        for server in servers:
            server.remove(force=True)


def test_three_hosts_on_one_switch(abc):
    a, b, c = abc
    pyminidocker.wire(*abc, name="lan")
    with pyminidocker.overlay("multi", a, b, c, subnet="10.98.0.0/24", vni=43) as multi:
        ranges = [
            network.attrs["IPAM"]["Config"][0]["IPRange"] for network in multi.networks.values()
        ]
        assert ranges == ["10.98.0.0/26", "10.98.0.64/26", "10.98.0.128/26"]
        server = web(c, "far", "--network", "multi")
        assert get(a, "far", "multi") == get(b, "far", "multi") == "far@c"
        server.remove(force=True)


def test_the_mtu_is_50_less_than_the_wires(three):
    a, b, _ = three
    a.wire(b, mtu=9000)
    with pyminidocker.overlay("multi", a, b):
        assert "mtu 8950" in sh(a, "ip link show eth0", "multi")
        assert "vx-4096" in links(a)
    hosts.clean(a, b)
    a.wire(b, mtu=1400)
    with pyminidocker.overlay("multi", a, b):
        assert "mtu 1350" in sh(a, "ip link show eth0", "multi")
        server = web(b, "web", "--network", "multi")
        server.exec(["sh", "-c", "dd if=/dev/zero of=/www/data bs=1M count=1 2>/dev/null"])
        fetched = sh(a, "timeout 20 wget -qO- http://web/data | wc -c", "multi")
        assert fetched == str(1 << 20)
        server.remove(force=True)
    hosts.clean(a, b)


def test_the_wire_is_cut_and_joined_again(ab):
    a, b = ab
    pyminidocker.overlay("multi", a, b, vni=42)
    address = address_of(web(b, "web", "--network", "multi"), "multi")
    assert get(a, "web", "multi") == "web@b"
    pyminidocker.wires()[0].cut()
    assert "vx-42" not in links(a)
    assert get(a, address, "multi") == ""
    assert get(b, address, "multi") == "web@b"  # each half is still a network
    a.wire(b)
    assert "vx-42" in links(a)
    assert get(a, "web", "multi") == "web@b"


def test_an_engine_comes_back_with_its_half(ab):
    a, b = ab
    pyminidocker.overlay("multi", a, b, vni=42)
    kill(hosts.pid_of("b"))
    again = pyminidocker.connect("b")
    assert "multi" in [network.name for network in again.networks()]
    web(again, "web", "--network", "multi")
    a.wire(again)
    assert get(a, "web", "multi") == "web@b"
    again.close()


def test_hosts_that_are_not_joined(abc):
    a, b, c = abc
    a.wire(b)
    with pytest.raises(InvalidArgument, match="no wire leads to host c"):
        pyminidocker.overlay("multi", a, b, c)
    assert "multi" not in [network.name for network in a.networks()]
    with pytest.raises(InvalidArgument, match="two hosts at least"):
        pyminidocker.overlay("multi", a)
    with pytest.raises(InvalidArgument, match="too small for 2 hosts"):
        pyminidocker.overlay("multi", a, b, subnet="10.99.0.0/30")
    with pytest.raises(InvalidArgument, match=r"invalid subnet 10.99.0.1/24"):
        pyminidocker.overlay("multi", a, b, subnet="10.99.0.1/24")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("vni=0", "invalid VXLAN network identifier '0': it must be from 1 to 16777215"),
        ("vni=16777216", "invalid VXLAN network identifier '16777216'"),
        ("vni=many", "invalid VXLAN network identifier 'many'"),
        ("peers=b", "invalid option peers: invalid IPv4 address: b"),
        ("peer_gateways=10.0.0.300", "invalid option peer_gateways: invalid IPv4 address"),
    ],
)
def test_options_that_make_no_sense(ab, option, message):
    words = ("--host", "a", "network", "create", "-d", "overlay", "--opt", option, "multi")
    refused = minidocker(*words)
    assert refused.returncode == 1
    assert message in refused.stderr


def test_a_taken_vni_is_refused(ab):
    a, b = ab
    with pyminidocker.overlay("one", a, b, subnet="10.98.0.0/24", vni=42):
        with pytest.raises(Conflict, match="network one of this host has VXLAN network identifier"):
            pyminidocker.overlay("two", a, b, subnet="10.99.0.0/24", vni=42)
        assert "two" not in [network.name for network in a.networks()]
        with pyminidocker.overlay("two", a, b, subnet="10.99.0.0/24", vni=43):
            # Two overlays on one wire do not mix.
            server = web(b, "web", "--network", "two")
            assert get(a, "web", "two") == "web@b"
            assert get(a, "web", "one") == ""
            server.remove(force=True)
