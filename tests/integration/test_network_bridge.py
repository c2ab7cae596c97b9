"""Bridge, veth pairs and addresses, in real namespaces."""

import errno
import os
import socket
import time

import pytest

from pyminidocker.errors import SystemFailure
from pyminidocker.network import messages
from pyminidocker.network.endpoints import plan_loopback
from pyminidocker.network.lab import LabNetwork
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.plans import AddressPlan, BridgePlan, Prepared
from tests.support.netlab import World, in_world


def make_lab() -> LabNetwork:
    lab = LabNetwork()
    lab.setup_lab()
    lab.setup_bridge(BridgePlan("docker0", "172.17.0.0/16", "172.17.0.1"))
    return lab


def start_container(world: World, lab: LabNetwork, ip: str) -> tuple[int, Prepared]:
    netns = world.new_netns()
    prepared = lab.prepare_endpoint(netns)
    plan = lab.plan_endpoint(prepared, AddressPlan(ip, 16, "172.17.0.1"))
    assert world.play(netns, plan) == [0, 0, 0]
    return netns, prepared


def link(name: str) -> dict:
    with Netlink() as netlink:
        return messages.decode("ifinfmsg", netlink.query(messages.get_link(name)))


def exists(name: str) -> bool:
    try:
        link(name)
    except NetlinkError as error:
        return error.errno != errno.ENODEV
    return True


@in_world
def test_bridge_has_dockers_address_and_is_up(world: World) -> None:
    lab = make_lab()
    bridge = link("docker0")
    assert bridge.get("IFLA_ADDRESS") == "02:42:ac:11:00:01"
    assert bridge["flags"] & 1
    lab.setup_bridge(BridgePlan("docker0", "172.17.0.0/16", "172.17.0.1"))  # safe to repeat
    assert link("docker0")["index"] == bridge["index"]
    assert lab.dns_server == "172.17.0.1"
    assert lab.problems == []
    with open("/proc/sys/net/ipv4/ip_forward") as file:
        assert file.read() == "1\n"
    assert link("lo")["flags"] & 1


@in_world
def test_container_sees_its_own_configuration(world: World) -> None:
    lab = make_lab()
    netns, prepared = start_container(world, lab, "172.17.0.2")
    host_link = prepared.host_link
    assert host_link.startswith("veth")
    assert len(host_link) == 11
    assert link(host_link).get("IFLA_MASTER") == link("docker0")["index"]
    with world.inside(netns):
        eth0 = link("eth0")
        assert eth0.get("IFLA_ADDRESS") == "02:42:ac:11:00:02"
        assert eth0.get("IFLA_MTU") == 1500
        assert eth0.get("IFLA_OPERSTATE") == "UP"
        with open("/proc/net/if_inet6") as file:
            assert file.read() == ""


@in_world
def test_containers_reach_each_other_and_the_gateway(world: World) -> None:
    lab = make_lab()
    first, _ = start_container(world, lab, "172.17.0.2")
    second, _ = start_container(world, lab, "172.17.0.3")
    for listener_at, address in ((first, "172.17.0.2"), (world.lab, "172.17.0.1")):
        with (
            world.listen(listener_at, (address, 4000)) as listener,
            world.connect(second, (address, 4000)) as client,
        ):
            server, peer = listener.accept()
            assert peer[0] == "172.17.0.3"
            client.sendall(b"hello")
            assert server.recv(16) == b"hello"
            server.close()


@in_world
def test_no_traffic_of_its_own_on_the_bridge(world: World) -> None:
    """IPv6 is off everywhere: no neighbour discovery, no multicast reports in a capture."""
    lab = make_lab()
    capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    capture.settimeout(0.3)
    start_container(world, lab, "172.17.0.2")
    with pytest.raises(TimeoutError):
        capture.recv(2048)
    capture.close()


@in_world
def test_host_end_vanishes_with_the_namespace(world: World) -> None:
    lab = make_lab()
    netns, prepared = start_container(world, lab, "172.17.0.2")
    host_link = prepared.host_link
    os.close(netns)
    deadline = time.monotonic() + 5
    while exists(host_link):
        assert time.monotonic() < deadline, "the link outlived its namespace"
        os.sched_yield()
    lab.close()


@in_world
def test_address_and_mac_can_be_used_again_at_once(world: World) -> None:
    lab = make_lab()
    peer, _ = start_container(world, lab, "172.17.0.9")
    for _ in range(20):
        netns, _ = start_container(world, lab, "172.17.0.2")
        with world.listen(netns, ("172.17.0.2", 80)) as listener:
            world.connect(peer, ("172.17.0.2", 80)).close()
            listener.accept()[0].close()
        os.close(netns)


@in_world
def test_isolated_namespace_has_only_loopback(world: World) -> None:
    netns = world.new_netns()
    assert world.play(netns, plan_loopback()) == [0]
    with world.listen(netns, ("127.0.0.1", 80)):
        world.connect(netns, ("127.0.0.1", 80)).close()
    with pytest.raises(OSError, match="unreachable"):
        world.connect(netns, ("172.17.0.1", 80))


@in_world
def test_missing_bridge_is_named(world: World) -> None:
    lab = make_lab()
    with pytest.raises(SystemFailure, match="no bridge br-none"):
        lab.prepare_endpoint(world.new_netns(), "br-none")
    lab.remove_bridge("br-none")
    lab.remove_bridge("docker0")
    with pytest.raises(NetlinkError, match="No such device"):
        link("docker0")


@in_world
def test_second_bridge_is_another_network(world: World) -> None:
    lab = make_lab()
    lab.setup_bridge(BridgePlan("br-two", "10.9.0.0/24", "10.9.0.1"))
    first, _ = start_container(world, lab, "172.17.0.2")
    netns = world.new_netns()
    prepared = lab.prepare_endpoint(netns, "br-two")
    plan = lab.plan_endpoint(prepared, AddressPlan("10.9.0.2", 24, "10.9.0.1"))
    assert world.play(netns, plan) == [0, 0, 0]
    with world.listen(netns, ("10.9.0.2", 80)) as listener:
        world.connect(world.lab, ("10.9.0.2", 80)).close()
        listener.accept()[0].close()
        with world.inside(first), socket.socket() as stranger:
            stranger.settimeout(0.3)
            with pytest.raises(TimeoutError):
                stranger.connect(("10.9.0.2", 80))


@in_world
def test_kernels_words_come_with_the_error(world: World) -> None:
    lab = make_lab()
    netns = world.new_netns()
    prepared = lab.prepare_endpoint(netns)
    plan = lab.plan_endpoint(prepared, AddressPlan("172.17.0.2", 16, "10.1.1.1"))
    with world.inside(netns), Netlink() as inner:
        with pytest.raises(NetlinkError, match="Nexthop has invalid gateway") as caught:
            inner.execute(plan, subject="eth0")
        assert caught.value.errno == errno.ENETUNREACH
