"""Networks of two hosts with a wire between: routes, masquerade, protection, published ports."""

import pytest

from pyminidocker.errors import Conflict, InvalidArgument, NotFound, PermissionDenied
from tests.support import hosts
from tests.support.command_line import minidocker
from tests.support.hosts import get, network, ping, published, web
from tests.support.talker import until

A_NET, B_NET = "172.21.0.0/16", "172.22.0.0/16"


@pytest.fixture(scope="module")
def pair(engine_home):
    with hosts.running("a", "b") as engines:
        yield engines


@pytest.fixture
def ab(pair):
    a, b = pair
    a.wire(b)
    yield a, b
    hosts.clean(*pair)


def address_of(container, name: str) -> str:
    attrs = container.reload().attrs
    return str(attrs["NetworkSettings"]["Networks"][name]["IPAddress"])


def seen_from(engine, url: str, network: str) -> str:
    """As whom a web server sees a container of this network."""
    return get(engine, f"{url}/cgi-bin/who", network).strip("[]").removeprefix("::ffff:")


# -- routes --------------------------------------------------------------------------------------


def test_static_routes_make_routed_networks_one(ab):
    a, b = ab
    network(a, "left", A_NET, mode="routed")
    network(b, "right", B_NET, mode="nat-unprotected", masquerade="false")
    server = web(b, "web", "--network", "right")
    address = address_of(server, "right")
    assert get(a, address, "left") == ""  # no way there yet
    assert "172.22.0.0/16   192.168.50.2" in repr(a.add_route(B_NET, via="192.168.50.2"))
    b.add_route(A_NET, via="192.168.50.1")
    assert get(a, address, "left") == "web@b"
    assert seen_from(a, address, "left").startswith("172.21.")
    a.remove_route(B_NET)
    assert list(a.routes()) == []
    assert get(a, address, "left") == ""


def test_without_masquerade_the_answer_finds_no_way_back(ab):
    """The route there is half of it: the other host must know the way back, or see our address."""
    a, b = ab
    network(a, "left", A_NET)
    network(b, "right", B_NET, mode="nat-unprotected")
    address = address_of(web(b, "web", "--network", "right"), "right")
    a.add_route(B_NET, via="192.168.50.2")
    assert seen_from(a, address, "left") == "192.168.50.1"  # masqueraded: b needs no route
    network(a, "bare", "172.23.0.0/16", masquerade="false")
    assert get(a, address, "bare") == ""
    b.add_route("172.23.0.0/16", via="192.168.50.1")
    assert seen_from(a, address, "bare").startswith("172.23.")


def test_three_hosts_in_a_row(ab):
    """The middle one forwards; routes lead through it."""
    a, b = ab
    with hosts.running("c") as (c,):
        second = b.wire(c)
        assert second.links == {"b": "eth2", "c": "eth1"}
        assert not ping(a, "192.168.51.2", "host")
        a.add_route("192.168.51.0/24", via="192.168.50.2")
        c.add_route("192.168.50.0/24", via="192.168.51.1")
        assert ping(a, "192.168.51.2", "host")
        assert ping(c, "192.168.50.1", "host")
        hosts.clean(c)


def test_routes_go_with_their_wire(ab):
    a, b = ab
    a.add_route(B_NET, via="192.168.50.2")
    assert "172.22.0.0/16 via 192.168.50.2" in hosts.sh(a, "ip route", "host")
    second = a.wire(b)
    second.cut()
    assert len(a.routes()) == 1
    assert minidocker("wire", "rm", "a-b").returncode == 0
    assert list(a.routes()) == []
    assert B_NET not in hosts.sh(a, "ip route", "host")


def test_routes_that_make_no_sense(ab):
    a, _ = ab
    with pytest.raises(InvalidArgument, match=r"no wire of this host leads to 10.1.2.3") as refused:
        a.add_route(B_NET, via="10.1.2.3")
    assert refused.value.hint == "its wires are 192.168.50.0/24"
    with pytest.raises(Conflict, match=r"172.17.0.0/24 overlaps with this host's network bridge"):
        a.add_route("172.17.0.0/24", via="192.168.50.2")
    with pytest.raises(InvalidArgument, match="cannot be the way to everywhere"):
        a.add_route("0.0.0.0/0", via="192.168.50.2")
    with pytest.raises(InvalidArgument, match="invalid subnet nowhere"):
        a.add_route("nowhere", via="192.168.50.2")
    with pytest.raises(InvalidArgument, match="invalid IPv4 address: b"):
        a.add_route(B_NET, via="b")
    with pytest.raises(NotFound, match=r"no such route: 172.22.0.0/16"):
        a.remove_route(B_NET)
    assert list(a.routes()) == []


def test_routes_on_the_command_line(ab):
    host = ("--host", "a", "route")
    assert minidocker(*host, "add", B_NET, "via", "192.168.50.2").returncode == 0
    assert minidocker(*host, "add", "172.23.0.0/16", "--via", "192.168.50.2").returncode == 0
    listed = minidocker(*host, "ls").stdout.split("\n")
    assert [line.split() for line in listed if line] == [
        ["DESTINATION", "VIA"],
        ["172.22.0.0/16", "192.168.50.2"],
        ["172.23.0.0/16", "192.168.50.2"],
    ]
    assert minidocker(*host, "rm", B_NET).returncode == 0
    assert minidocker(*host, "rm", "172.23.0.0/16", "via", "192.168.50.2").returncode == 0
    assert minidocker("--host", "b", "route", "ls").stdout == "DESTINATION   VIA\n"
    refused = minidocker(*host, "add", B_NET)
    assert refused.returncode == 125
    assert "say where and through which host" in refused.stderr
    again = minidocker(*host, "rm", B_NET)
    assert "no such route: 172.22.0.0/16" in again.stderr


# -- who reaches whom ----------------------------------------------------------------------------


def test_neighbours_reach_published_ports_only(ab):
    a, b = ab
    network(b, "right", B_NET)
    server = web(b, "web", "--network", "right", "-p", "80")
    a.add_route(B_NET, via="192.168.50.2")
    # The neighbour knows the way, and is not let in.
    assert get(a, address_of(server, "right")) == ""
    assert get(a, f"192.168.50.2:{published(server)}") == "web@b"
    assert get(a, "192.168.50.2") == ""


def test_masquerade_is_seen_from_the_other_host(ab):
    a, b = ab
    web(b, "web", "--network", "host", port=8080)
    network(a, "left", A_NET)
    network(a, "bare", "172.23.0.0/16", masquerade="false")
    b.add_route("172.23.0.0/16", via="192.168.50.1")
    url = "192.168.50.2:8080"
    assert seen_from(a, url, "bridge") == "192.168.50.1"
    assert seen_from(a, url, "left") == "192.168.50.1"
    assert seen_from(a, url, "host") == "192.168.50.1"
    assert seen_from(a, url, "bare").startswith("172.23.0.")


def test_networks_keep_off_wires_and_routes(ab):
    a, _ = ab
    a.add_route(B_NET, via="192.168.50.2")
    for subnet in ("192.168.50.128/25", "172.22.7.0/24"):
        with pytest.raises(PermissionDenied, match="Pool overlaps with other one") as refused:
            network(a, "inner", subnet)
        assert f"{subnet} overlaps with" in refused.value.hint


def test_loopback_only_ports_stay_at_home(ab):
    a, b = ab
    port = published(web(b, "open", "-p", "80"))
    home_port = published(web(b, "home", "-p", "127.0.0.1::80"), "127.0.0.1")
    for kind in ("host", "bridge"):
        assert get(a, f"192.168.50.2:{port}", kind) == "open@b"
        assert get(a, f"192.168.50.2:{home_port}", kind) == ""
    assert get(b, f"127.0.0.1:{home_port}", "host") == "home@b"


def test_hosts_of_one_machine_publish_the_same_port_on_the_wire(ab):
    """0.0.0.0:80 is the machine's and there is one of it; each host's wire address is its own."""
    a, b = ab
    web(a, "left", "-p", "192.168.50.1:80:80")
    server = web(b, "right", "-p", "192.168.50.2:80:80")
    assert get(b, "192.168.50.1") == "left@a"
    assert get(a, "192.168.50.2") == "right@b"
    assert get(b, "192.168.50.2") == "right@b"  # from a container beside it
    assert minidocker("--host", "b", "port", "right").stdout == "80/tcp -> 192.168.50.2:80\n"
    second = minidocker(
        "--host", "b", "run", "-d", "--name", "again", "-p", "192.168.50.2:80:80", "busybox", "true"
    )
    assert "port is already allocated" in second.stderr
    server.stop(timeout_s=0)
    assert get(a, "192.168.50.2") == ""
    server.start()
    until(lambda: get(a, "192.168.50.2") == "right@b")  # it begins to listen


def test_an_internal_network_stays_inside(ab):
    a, b = ab
    b.api.network_create(
        {
            "Name": "inside",
            "Driver": "bridge",
            "Internal": True,
            "IPAM": {"Config": [{"Subnet": B_NET}]},
        }
    )
    address = address_of(web(b, "web", "--network", "inside"), "inside")
    a.add_route(B_NET, via="192.168.50.2")
    assert get(b, address, "inside") == "web@b"
    assert get(a, address) == ""
    assert not ping(b, "192.168.50.1", "inside")


def test_ip_forward_off_separates_the_hosts_containers(ab):
    """The seed's sentence: a router that does not forward is none."""
    a, _ = ab
    assert ping(a, "192.168.50.2")
    try:
        a.api.call("POST", "/minidocker/switches", body={"ip_forward": False})
        assert not ping(a, "192.168.50.2")
        assert ping(a, "192.168.50.2", "host")
    finally:
        a.api.call("POST", "/minidocker/switches", body={"ip_forward": True})
    assert ping(a, "192.168.50.2")
