"""Ends of wires, VXLAN devices and routes: several labs, joined by sockets on their plugs."""

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pyminidocker.errors import Conflict, InvalidArgument, NotFound, SystemFailure
from pyminidocker.network import messages, plug, repairs, vxlan
from pyminidocker.network.lab import LabNetwork
from pyminidocker.network.netlink import Netlink, NetlinkError
from pyminidocker.network.plans import AddressPlan, BridgePlan
from pyminidocker.network.topology import take_snapshot
from tests.support.netlab import World, in_world

FRAME_BYTES = 66_000


class Host:
    """A lab of its own: every call is made in its namespace."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self.netns = world.new_netns()
        with world.inside(self.netns):
            self.lab = LabNetwork()
            self.lab.setup_lab()

    @contextmanager
    def here(self) -> Iterator[LabNetwork]:
        with self.world.inside(self.netns):
            yield self.lab

    def bridge(self, plan: BridgePlan) -> None:
        with self.here() as lab:
            lab.setup_bridge(plan)

    def container(self, bridge: str, plan: AddressPlan) -> int:
        netns = self.world.new_netns()
        with self.here() as lab:
            lab.configure(lab.attach(netns, bridge, "eth0"), netns, plan)
        return netns


class Cable:
    """Carries frames between plugs as they are, header included; counts the longest."""

    def __init__(self, *ends: socket.socket) -> None:
        self.ends = ends
        self.longest = 0
        self._stop_reader, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([*self.ends, self._stop_reader], [], [])
            if self._stop_reader in ready:
                return
            for end in ready:
                frame = end.recv(FRAME_BYTES)
                self.longest = max(self.longest, len(frame) - plug.VNET_HEADER_BYTES)
                for other in self.ends:
                    if other is not end:
                        other.send(frame)

    def close(self) -> None:
        os.close(self._stop)
        self._thread.join()
        os.close(self._stop_reader)
        for end in self.ends:
            end.close()


@contextmanager
def wired(world: World, count: int = 2) -> Iterator[tuple[list[Host], Cable]]:
    """Yield hosts 192.0.2.1, .2 ... on one wire."""
    hosts = [Host(world, number) for number in range(1, count + 1)]
    ends = []
    for host in hosts:
        with host.here() as lab:
            ends.append(lab.make_plug("eth1", f"192.0.2.{host.number}/24"))
    cable = Cable(*ends)
    try:
        yield hosts, cable
    finally:
        cable.close()


def routed() -> set[str]:
    """Return where the routes of the calling thread's namespace lead to."""
    return {route.destination for route in take_snapshot().routes}


def send_through(world: World, source: int, target: int, address: tuple[str, int]) -> str:
    """Send a megabyte by TCP; returns the sender's address as the receiver sees it."""
    payload = os.urandom(1 << 20)
    with world.listen(target, address) as listener, world.connect(source, address) as client:
        server, peer = listener.accept()
        sender = threading.Thread(target=client.sendall, args=(payload,))
        sender.start()
        received = b""
        with server:
            server.settimeout(10)
            while len(received) < len(payload):
                received += server.recv(1 << 16)
        sender.join()
    assert received == payload
    return str(peer[0])


@in_world
def test_two_hosts_on_a_wire(world: World) -> None:
    """Checksums that nobody has computed yet survive, and no frame is longer than the MTU."""
    with wired(world) as ((first, second), cable):
        for source, target in ((first, second), (second, first)):
            peer = send_through(
                world, source.netns, target.netns, (f"192.0.2.{target.number}", 4000)
            )
            assert peer == f"192.0.2.{source.number}"
        assert cable.longest == 1514


@in_world
def test_a_route_leads_to_containers_of_the_other_host(world: World) -> None:
    with wired(world) as ((first, second), cable):
        for host in (first, second):
            n = host.number
            host.bridge(
                BridgePlan(
                    "br-x",
                    f"10.{n}.0.0/24",
                    f"10.{n}.0.1",
                    masquerade=False,
                    gateway_mode="nat-unprotected",
                )
            )
            with host.here() as lab:
                lab.add_route(f"10.{3 - n}.0.0/24", f"192.0.2.{3 - n}")
                assert f"10.{3 - n}.0.0/24" in routed()
        a = first.container("br-x", AddressPlan("10.1.0.2", 24, "10.1.0.1"))
        b = second.container("br-x", AddressPlan("10.2.0.2", 24, "10.2.0.1"))
        assert send_through(world, a, b, ("10.2.0.2", 80)) == "10.1.0.2"
        assert cable.longest == 1514, "a container's long segments are cut before the wire"
        with first.here() as lab:
            lab.delete_route("10.2.0.0/24")
            assert "10.2.0.0/24" not in routed()
            with pytest.raises(NotFound, match=r"no route to 10\.2\.0\.0/24"):
                lab.delete_route("10.2.0.0/24")
            with pytest.raises(InvalidArgument, match=r"cannot add a route to .* via 198\.51\.100"):
                lab.add_route("10.2.0.0/24", "198.51.100.9")
            with pytest.raises(InvalidArgument, match="it should be"):
                lab.add_route("10.2.0.1/24", "192.0.2.2")
            with pytest.raises(InvalidArgument, match="both must be IPv4, or both IPv6"):
                lab.add_route("fd00::/64", "192.0.2.2")


@in_world
def test_ipv6_on_a_wire(world: World) -> None:
    with wired(world) as ((first, second), _):
        for host in (first, second):
            with host.here(), Netlink() as links:
                plug.add_address(links, "eth1", f"2001:db8::{host.number}/64")
        with second.here() as lab:
            lab.add_route("fd00:7::/64", "2001:db8::1")
            assert "fd00:7::/64" in routed()
            lab.delete_route("fd00:7::/64", "2001:db8::1")
            listener = socket.create_server(("2001:db8::2", 80), family=socket.AF_INET6)
        with first.here():
            client = socket.socket(socket.AF_INET6)
        client.settimeout(10)
        with listener, client:
            client.connect(("2001:db8::2", 80))
            assert listener.accept()[1][0] == "2001:db8::1"


@in_world
def test_a_network_over_three_hosts(world: World) -> None:
    """VXLAN: unknown and broadcast frames go to every peer, and to those only."""
    with wired(world, 3) as (hosts, cable):
        containers = []
        for host in hosts:
            n = host.number
            host.bridge(BridgePlan("br-o", "10.50.0.0/16", f"10.50.{n}.1", mtu_bytes=1450))
            with host.here() as lab:
                peers = [f"192.0.2.{m}" for m in (1, 2, 3) if m != n]
                lab.make_vxlan("vx-o", 42, f"192.0.2.{n}", peers, "br-o")
            plan = AddressPlan(f"10.50.{n}.2", 16, f"10.50.{n}.1")
            containers.append(host.container("br-o", plan))
        for n in (2, 3):
            address = (f"10.50.{n}.2", 80)
            peer = send_through(world, containers[0], containers[n - 1], address)
            assert peer == "10.50.1.2"
        assert cable.longest == 1514, "1450 inside, 50 of VXLAN, 14 of Ethernet"
        with hosts[0].here() as lab, Netlink() as links:
            index = messages.link_index(links.query(messages.get_link("vx-o")))
            assert vxlan.remotes(links, index) == ["192.0.2.2", "192.0.2.3"]
            lab.set_remotes("vx-o", ["192.0.2.3", "192.0.2.7", "192.0.2.3"])
            assert vxlan.remotes(links, index) == ["192.0.2.3", "192.0.2.7"]
            lab.set_remotes("vx-o", [])
            assert vxlan.remotes(links, index) == []


@in_world
def test_another_vni_is_another_network(world: World) -> None:
    with wired(world) as ((first, second), _):
        for host, vni in ((first, 42), (second, 43)):
            n = host.number
            host.bridge(BridgePlan("br-o", "10.50.0.0/16", f"10.50.{n}.1", mtu_bytes=1450))
            with host.here() as lab:
                lab.make_vxlan("vx-o", vni, f"192.0.2.{n}", [f"192.0.2.{3 - n}"], "br-o")
        a, b = (
            host.container("br-o", AddressPlan(f"10.50.{host.number}.2", 16))
            for host in (first, second)
        )
        with world.listen(b, ("10.50.2.2", 80)):
            with world.inside(a):
                client = socket.socket()
            with client:
                client.settimeout(0.3)
                with pytest.raises(OSError, match=r"timed out|No route"):
                    client.connect(("10.50.2.2", 80))
            with second.here() as lab:  # again, with the right one
                lab.make_vxlan("vx-o", 42, "192.0.2.2", ["192.0.2.1"], "br-o")
            world.connect(a, ("10.50.2.2", 80)).close()


@in_world
def test_bad_devices_are_named_and_leave_nothing(world: World) -> None:
    host = Host(world, 1)
    host.bridge(BridgePlan("br-o", "10.50.0.0/16", "10.50.0.1"))
    host.bridge(BridgePlan("br-p", "10.51.0.0/16", "10.51.0.1"))
    with host.here() as lab:
        names = {name for _, name in socket.if_nameindex()}
        for vni in (0, 1 << 24):
            with pytest.raises(InvalidArgument, match="invalid VNI"):
                lab.make_vxlan("vx-o", vni, "192.0.2.1", [], "br-o")
        with pytest.raises(InvalidArgument, match="invalid IPv4 address: somewhere"):
            lab.make_vxlan("vx-o", 1, "192.0.2.1", ["somewhere"], "br-o")
        with pytest.raises(
            SystemFailure, match="cannot plug vx-o into bridge br-q: No such device"
        ):
            lab.make_vxlan("vx-o", 1, "192.0.2.1", [], "br-q")
        with pytest.raises(SystemFailure, match="cannot set the peers of vx-none"):
            lab.set_remotes("vx-none", [])
        for cidr in ("192.0.2.1", "192.0.2.0/24", "192.0.2.255/24", "here/24"):
            with pytest.raises(InvalidArgument):
                lab.make_plug("eth1", cidr)
        for link in ("", "a/b", "eth12345678901"):
            with pytest.raises(InvalidArgument, match="invalid link name"):
                lab.make_plug(link, "192.0.2.1/24")
        with pytest.raises(InvalidArgument, match="invalid MTU 12"):
            lab.make_plug("eth1", "192.0.2.1/24", 12)
        assert {name for _, name in socket.if_nameindex()} == names
        lab.make_vxlan("vx-o", 1, "192.0.2.1", [], "br-o")
        with pytest.raises(Conflict, match="VNI 1"):
            lab.make_vxlan("vx-p", 1, "192.0.2.1", [], "br-p")


@in_world
def test_a_plug_is_taken_away(world: World) -> None:
    host = Host(world, 1)
    with host.here() as lab:
        sock = lab.make_plug("eth1", "192.0.2.1/24", 1400)
        with pytest.raises(Conflict, match="there is a link eth1 already"):
            lab.make_plug("eth1", "192.0.2.9/24")
        assert {"eth1", "eth1-plug"} <= {name for _, name in socket.if_nameindex()}
        assert "192.0.2.0/24" in routed()
        with Netlink() as links:
            repairs.set_mtu(links, "eth1", 1300)
            link = messages.decode("ifinfmsg", links.query(messages.get_link("eth1")))
            assert link.get("IFLA_MTU") == 1300
            with pytest.raises(NetlinkError, match="eth9"):
                repairs.set_mtu(links, "eth9", 1300)
        lab.remove_plug("eth1")
        lab.remove_plug("eth1")
        assert not {"eth1", "eth1-plug"} & {name for _, name in socket.if_nameindex()}
        with sock, pytest.raises(OSError, match=r"down|No such device"):
            sock.send(bytes(60))
        lab.make_plug("eth1", "").close()
        with pytest.raises(InvalidArgument, match="invalid subnet here/24"):
            lab.make_plug("eth1", "here/24")
        why = r"cannot give eth9 the address 192\.0\.2\.1/24"
        with Netlink() as links, pytest.raises(SystemFailure, match=why):
            plug.add_address(links, "eth9", "192.0.2.1/24")
        assert "eth1" in {name for _, name in socket.if_nameindex()}, "another's link is spared"
