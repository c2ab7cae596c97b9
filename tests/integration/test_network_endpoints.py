"""Endpoints of user-defined networks, while their container runs: made, configured, taken away."""

import errno
import os
import socket
import time
from contextlib import contextmanager

import pytest

from pyminidocker.errors import Conflict, InvalidArgument, SystemFailure
from pyminidocker.network import messages
from pyminidocker.network.endpoints import plan_loopback
from pyminidocker.network.lab import LabNetwork
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.plans import AddressPlan, BridgePlan, Prepared
from tests.support.netlab import World, in_world

BACK = BridgePlan("br-back", "10.8.0.0/24", "10.8.0.1")
SIX = BridgePlan(
    "br-six", "10.6.0.0/24", "10.6.0.1", subnet6="fd00:6::/64", gateway6="fd00:6::1", mtu_bytes=1400
)


def make_lab(*plans: BridgePlan) -> LabNetwork:
    lab = LabNetwork()
    lab.setup_lab()
    for plan in plans:
        lab.setup_bridge(plan)
    return lab


def container(world: World) -> int:
    """Make what init makes: a network namespace whose loopback is up."""
    netns = world.new_netns()
    assert world.play(netns, plan_loopback()) == [0]
    return netns


def join(lab: LabNetwork, netns: int, bridge: str, link: str, plan: AddressPlan) -> Prepared:
    prepared = lab.attach(netns, bridge, link)
    lab.configure(prepared, netns, plan)
    return prepared


def link(name: str) -> dict:
    with Netlink() as netlink:
        return messages.decode("ifinfmsg", netlink.query(messages.get_link(name)))


def link_names() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def default_routes(family: int = messages.AF_INET) -> list[str]:
    with Netlink() as netlink:
        entries = netlink.dump(messages.dump_request("rtmsg", messages.RTM_GETROUTE, family))
    routes = [messages.decode("rtmsg", entry) for entry in entries]
    return [
        route.get("RTA_GATEWAY")
        for route in routes
        if route["dst_len"] == 0 and route.get("RTA_GATEWAY")
    ]


@contextmanager
def server(world: World, netns: int, ip: str, port: int = 80):
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with world.inside(netns):
        sock = socket.create_server((ip, port), family=family)
    with sock:
        yield sock


def reaches(world: World, netns: int, ip: str, port: int = 80, timeout_s: float = 3.0) -> bool:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with world.inside(netns):
        sock = socket.socket(family)
    with sock:
        sock.settimeout(timeout_s)
        try:
            sock.connect((ip, port))
        except OSError:
            return False
        return True


@in_world
def test_a_running_container_joins_and_leaves(world: World) -> None:
    lab = make_lab(BACK, BridgePlan("br-front", "10.9.0.0/24", "10.9.0.1"))
    first, second = container(world), container(world)
    join(lab, first, "br-front", "eth0", AddressPlan("10.9.0.2", 24, "10.9.0.1"))
    join(lab, second, "br-back", "eth0", AddressPlan("10.8.0.3", 24, "10.8.0.1"))
    with server(world, second, "10.8.0.3"):
        assert not reaches(world, first, "10.8.0.3", timeout_s=0.3), (
            "networks are isolated from each other"
        )
        eth1 = join(lab, first, "br-back", "eth1", AddressPlan("10.8.0.2", 24))
        assert reaches(world, first, "10.8.0.3")
        with world.inside(first):
            assert link_names() == {"lo", "eth0", "eth1"}
            assert link("eth1").get("IFLA_ADDRESS") == "02:42:0a:08:00:02"
            assert default_routes() == ["10.9.0.1"], "joining leaves the default route alone"
        lab.detach(eth1)
        assert eth1.host_link not in link_names()
        with world.inside(first):
            assert link_names() == {"lo", "eth0"}
        assert not reaches(world, first, "10.8.0.3", timeout_s=0.3)
        lab.detach(eth1)  # a second time is fine


@in_world
def test_the_default_route_moves_and_goes(world: World) -> None:
    lab = make_lab(BACK, SIX)
    netns = container(world)
    join(lab, netns, "br-back", "eth0", AddressPlan("10.8.0.2", 24, "10.8.0.1"))
    six = AddressPlan("10.6.0.2", 24, ip6="fd00:6::2", prefix6=64)
    eth1 = join(lab, netns, "br-six", "eth1", six)
    with world.inside(netns):
        assert (default_routes(), default_routes(messages.AF_INET6)) == (["10.8.0.1"], [])
    lab.set_default_route(netns, "10.6.0.1", "fd00:6::1")
    with world.inside(netns):
        assert default_routes() == ["10.6.0.1"]
        assert default_routes(messages.AF_INET6) == ["fd00:6::1"]
    lab.detach(eth1)
    lab.set_default_route(netns, "10.8.0.1")
    with world.inside(netns):
        assert (default_routes(), default_routes(messages.AF_INET6)) == (["10.8.0.1"], [])
    lab.set_default_route(netns, "")
    lab.set_default_route(netns, "")
    with world.inside(netns):
        assert default_routes() == []


@in_world
def test_both_families_at_once_and_the_mtu(world: World) -> None:
    """IPv6 is usable without a second's wait for duplicate address detection."""
    lab = make_lab(SIX)
    first, second = container(world), container(world)
    for netns, last in ((first, 2), (second, 3)):
        plan = AddressPlan(f"10.6.0.{last}", 24, "10.6.0.1", f"fd00:6::{last}", 64, "fd00:6::1")
        prepared = lab.attach(netns, "br-six", "eth0")
        assert set(world.play(netns, lab.plan_endpoint(prepared, plan))) == {0}
        with world.inside(netns):
            assert link("eth0").get("IFLA_MTU") == 1400
        assert link(prepared.host_link).get("IFLA_MTU") == 1400
    assert link("br-six").get("IFLA_MTU") == 1400
    for ip in ("10.6.0.2", "fd00:6::2"):
        with server(world, first, ip):
            assert reaches(world, second, ip)
            assert reaches(world, world.lab, ip)
    with server(world, world.lab, "fd00:6::1"):
        assert reaches(world, second, "fd00:6::1")
    with server(world, first, "::1", 81):
        assert reaches(world, first, "::1", 81)


@in_world
def test_ipv6_stays_off_elsewhere(world: World) -> None:
    lab = make_lab(BACK, SIX)
    netns = container(world)
    join(lab, netns, "br-six", "eth0", AddressPlan("10.6.0.2", 24, ip6="fd00:6::2", prefix6=64))
    join(lab, netns, "br-back", "eth1", AddressPlan("10.8.0.2", 24))
    with open("/proc/net/if_inet6") as file:
        assert {line.split()[-1] for line in file} == {"br-six"}
    with world.inside(netns), open("/proc/net/if_inet6") as file:
        assert {line.split()[-1] for line in file} == {"lo", "eth0"}


@in_world
def test_without_icc_containers_reach_the_gateway_only(world: World) -> None:
    lab = make_lab(SIX._replace(icc=False))
    first, second = container(world), container(world)
    for netns, last in ((first, 2), (second, 3)):
        plan = AddressPlan(f"10.6.0.{last}", 24, "10.6.0.1", f"fd00:6::{last}", 64, "fd00:6::1")
        join(lab, netns, "br-six", "eth0", plan)
    for own, gateway in (("10.6.0.2", "10.6.0.1"), ("fd00:6::2", "fd00:6::1")):
        with server(world, first, own), server(world, world.lab, gateway):
            assert reaches(world, second, gateway)
            assert reaches(world, world.lab, own)
            assert not reaches(world, second, own, timeout_s=0.3)


@in_world
def test_an_address_moves_to_another_container_at_once(world: World) -> None:
    """The former one may be dying still, and would answer: to ARP, and with resets."""
    lab = make_lab(SIX)
    peer = container(world)
    join(lab, peer, "br-six", "eth0", AddressPlan("10.6.0.9", 24, "", "fd00:6::9", 64))
    plan = AddressPlan("10.6.0.2", 24, "10.6.0.1", "fd00:6::2", 64, "fd00:6::1")
    for _ in range(10):
        netns = container(world)
        join(lab, netns, "br-six", "eth0", plan)
        for ip in ("10.6.0.2", "fd00:6::2"):
            with server(world, netns, ip):
                assert reaches(world, peer, ip, timeout_s=5)
        os.close(netns)


@in_world
def test_a_taken_name_or_bridge_is_refused_and_nothing_stays(world: World) -> None:
    lab = make_lab(BACK)
    netns = container(world)
    lab.attach(netns, "br-back", "eth0")
    before = link_names()
    with pytest.raises(SystemFailure, match="cannot connect a container to br-back as eth0"):
        lab.attach(netns, "br-back", "eth0")
    with pytest.raises(SystemFailure, match="there is no bridge br-gone"):
        lab.attach(netns, "br-gone", "eth1")
    bad = AddressPlan("10.8.0.2", 24, "10.99.0.1")
    prepared = lab.attach(netns, "br-back", "eth1")
    with pytest.raises(SystemFailure, match=r"cannot configure eth1.*invalid gateway"):
        lab.configure(prepared, netns, bad)
    lab.detach(prepared)
    assert link_names() == before


@in_world
def test_networks_come_and_go_quickly(world: World) -> None:
    """Deleting a bridge takes the kernel 40 ms, which nobody waits for."""
    lab = make_lab()
    times = []
    for number in range(8):
        began = time.perf_counter()
        lab.setup_bridge(SIX)
        assert "br-six" in link_names()
        lab.remove_bridge("br-six")
        times.append(time.perf_counter() - began)
        assert "br-six" not in link_names(), f"round {number}"
        with pytest.raises(NetlinkError) as caught:  # and this waits until it is really done
            link("br-six")
        assert caught.value.errno == errno.ENODEV
    assert min(times) < 0.030, times


@in_world
def test_a_removed_bridge_takes_only_itself(world: World) -> None:
    lab = make_lab(BACK, SIX)
    netns = container(world)
    prepared = lab.attach(netns, "br-back", "eth0")
    for name in ("br-six", "br-six", "br-never"):
        lab.remove_bridge(name)
    assert {"br-back", prepared.host_link} <= link_names()
    lab.remove_bridge("br-back")
    assert prepared.host_link in link_names(), "its ports are only unplugged"
    with pytest.raises(SystemFailure, match="no bridge br-back"):
        lab.attach(netns, "br-back", "eth1")


@in_world
def test_bad_bridges_are_refused_and_leave_nothing(world: World) -> None:
    lab = make_lab(BACK)
    before = link_names()
    for mtu in (12, 70_000):
        with pytest.raises(InvalidArgument, match=f"invalid MTU number: {mtu}"):
            lab.setup_bridge(BridgePlan("br-odd", "10.5.0.0/24", "10.5.0.1", mtu_bytes=mtu))
    with pytest.raises(Conflict, match="there is a link of that name, and it is no bridge"):
        lab.setup_bridge(BridgePlan("uplink", "10.5.0.0/24", "10.5.0.1"))
    with pytest.raises(
        SystemFailure, match=r"cannot give bridge br-odd the address 10\.5\.0\.1 and"
    ):
        lab.setup_bridge(
            BridgePlan("br-odd", "10.5.0.0/24", "10.5.0.1", "fd00:5::/64", "fd00:5::1", 1000)
        )
    with pytest.raises(InvalidArgument, match="unknown gateway mode"):
        lab.setup_bridge(BridgePlan("br-odd", "10.5.0.0/24", "10.5.0.1", gateway_mode="odd"))
    assert link_names() == before


@in_world
def test_two_hundred_containers_on_one_bridge(world: World) -> None:
    lab = make_lab(BridgePlan("br-many", "10.7.0.0/16", "10.7.0.1"))
    containers = []
    for number in range(200):
        netns = container(world)
        ip = f"10.7.{number >> 7}.{2 + (number & 127)}"
        join(lab, netns, "br-many", "eth0", AddressPlan(ip, 16, "10.7.0.1"))
        containers.append((netns, ip))
    last = containers[-1][0]
    for netns, ip in containers[:-1:9]:
        with server(world, netns, ip):
            assert reaches(world, last, ip, timeout_s=5)
