"""What the packet filter lets through, tried with real packets between real namespaces."""

import errno
import re
import socket
import struct
import threading
from typing import Any

import pytest

from pyminidocker.network import conntrack, messages, nftables, rules, sysctl
from pyminidocker.network import nft_expressions as x
from pyminidocker.network import nft_numbers as n
from pyminidocker.network.firewall import (
    NAT_UNPROTECTED,
    ROUTED,
    NetworkRules,
    Publication,
)
from pyminidocker.network.lab import LabNetwork
from pyminidocker.network.netlink import NETLINK_NETFILTER, Netlink
from pyminidocker.network.plans import AddressPlan, BridgePlan
from tests.support.netlab import HOST_ADDRESS, World, in_world

LAB_ON_WIRE, NEIGHBOUR = "192.0.2.1", "192.0.2.2"
LAB_ON_WIRE6, NEIGHBOUR6 = "fd12::1", "fd12::2"
WEB, PEER, OTHER = "172.17.0.2", "172.17.0.3", "172.18.0.2"
WEB6 = "fd17::2"


class Town:
    """Two bridges with containers, and a neighbour on a cable."""

    def __init__(self, world: World, **options: Any) -> None:
        self.world = world
        self.lab = LabNetwork()
        self.lab.setup_lab()
        self.firewall = self.lab.firewall
        first = BridgePlan("docker0", "172.17.0.0/16", "172.17.0.1", "fd17::/64", "fd17::1")
        self.lab.setup_bridge(first._replace(**options))
        self.lab.setup_bridge(BridgePlan("br-two", "172.18.0.0/16", "172.18.0.1"))
        self.web = self.add("docker0", WEB, "172.17.0.1", WEB6, "fd17::1")
        self.peer = self.add("docker0", PEER, "172.17.0.1", "fd17::3", "fd17::1")
        self.other = self.add("br-two", OTHER, "172.18.0.1")
        self.neighbour = world.new_netns()
        self._lay_cable()

    def add(self, bridge: str, ip: str, gateway: str, ip6: str = "", gateway6: str = "") -> int:
        netns = self.world.new_netns()
        prepared = self.lab.attach(netns, bridge, "eth0")
        plan = AddressPlan(ip, 16, gateway, ip6, 64 if ip6 else 0, gateway6)
        self.lab.configure(prepared, netns, plan)
        return netns

    def _lay_cable(self) -> None:
        peer = [("IFLA_IFNAME", "eth0"), ("IFLA_NET_NS_FD", self.neighbour)]
        pair = messages.new_link("eth1", "veth", data=[("VETH_INFO_PEER", {"attrs": peer})])
        with Netlink() as links:
            links.execute([pair])
            configure(links, "eth1", LAB_ON_WIRE, LAB_ON_WIRE6, "")
        with self.world.inside(self.neighbour), Netlink() as links:
            configure(links, "eth0", NEIGHBOUR, NEIGHBOUR6, LAB_ON_WIRE)
            links.execute(
                [messages.default_route(index_of(links, "eth0"), LAB_ON_WIRE6)], subject="eth0"
            )

    def publish(self, host_ip: str = "", port: int = 8080, protocol: str = "tcp") -> Publication:
        ip = WEB6 if ":" in host_ip else WEB
        made = Publication(protocol, host_ip, port, ip, 80, "docker0", "web")
        self.firewall.publish(made)
        return made

    def reach(self, netns: int, address: str, port: int) -> str:
        """Connect and return whom the server sees."""
        with self._client(netns, address) as client:
            client.settimeout(10)
            client.connect((address, port))
            return client.recv(64).decode()

    def is_cut_off(self, netns: int, address: str, port: int) -> bool:
        """Try to connect for a moment; tell whether nothing came of it."""
        with self._client(netns, address) as client:
            client.settimeout(0.4)
            try:
                client.connect((address, port))
            except (TimeoutError, ConnectionRefusedError, PermissionError):
                return True
            except OSError as error:
                return error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)
            return False

    def _client(self, netns: int, address: str) -> socket.socket:
        with self.world.inside(netns):
            return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)


def index_of(links: Netlink, name: str) -> int:
    return messages.link_index(links.query(messages.get_link(name)))


def configure(links: Netlink, name: str, ip: str, ip6: str, gateway: str) -> None:
    sysctl.write(f"net/ipv6/conf/{name}/accept_dad", "0")
    sysctl.write(f"net/ipv6/conf/{name}/disable_ipv6", "0")
    index = index_of(links, name)
    requests = [
        messages.add_address(index, ip, 24, ip),
        messages.add_address(index, ip6, 64),
        messages.change_link(index, up=True),
    ]
    if gateway:
        requests.append(messages.default_route(index, gateway))
    links.execute(requests, subject=name)


def serve(town: Town, netns: int, family: int = socket.AF_INET, port: int = 80) -> None:
    """Start a server in ``netns`` that tells each client its address as it sees it."""
    with town.world.inside(netns):
        listener = socket.create_server(("", port), family=family)

    def loop() -> None:
        while True:
            connection, peer = listener.accept()
            with connection:
                connection.sendall(peer[0].encode())

    threading.Thread(target=loop, daemon=True).start()


@in_world
def test_containers_of_one_network_reach_each_other_and_those_of_two_do_not(world: World) -> None:
    town = Town(world)
    for netns in (town.web, town.other):
        serve(town, netns)
    assert town.reach(town.peer, WEB, 80) == PEER
    assert town.is_cut_off(town.other, WEB, 80)
    assert town.is_cut_off(town.web, OTHER, 80)


@in_world
def test_leaving_by_a_wire_is_masqueraded_and_conntrack_shows_it(world: World) -> None:
    town = Town(world)
    serve(town, town.neighbour)
    assert town.reach(town.web, NEIGHBOUR, 80) == LAB_ON_WIRE
    flow = next(one for one in conntrack.flows() if one.original.destination == NEIGHBOUR)
    assert (flow.protocol, flow.original.source, flow.reply.destination) == (
        "tcp", WEB, LAB_ON_WIRE,
    )  # fmt: skip
    assert flow.is_source_rewritten
    assert not flow.is_destination_rewritten
    assert flow.packets > 4


@in_world
def test_masquerade_can_be_switched(world: World) -> None:
    town = Town(world)
    serve(town, town.neighbour)
    assert town.firewall.masquerade_on()
    town.firewall.set_masquerade(False)
    assert not town.firewall.masquerade_on()
    # The neighbour has a route back, by the lab: it sees the container's own address.
    assert town.reach(town.web, NEIGHBOUR, 80) == WEB
    town.firewall.set_masquerade(True)
    assert town.reach(town.peer, NEIGHBOUR, 80) == LAB_ON_WIRE


@in_world
def test_neighbours_reach_published_ports_only(world: World) -> None:
    town = Town(world)
    serve(town, town.web)
    assert town.is_cut_off(town.neighbour, WEB, 80)
    assert town.is_cut_off(town.neighbour, LAB_ON_WIRE, 8080)
    made = town.publish()
    assert town.reach(town.neighbour, LAB_ON_WIRE, 8080) == NEIGHBOUR
    assert town.is_cut_off(town.neighbour, WEB, 80)
    town.firewall.unpublish(made)
    assert town.is_cut_off(town.neighbour, LAB_ON_WIRE, 8080)


@in_world
def test_a_published_port_serves_every_side_of_the_lab(world: World) -> None:
    town = Town(world)
    serve(town, town.web)
    town.publish()
    assert town.reach(world.lab, "127.0.0.1", 8080) == "172.17.0.1"
    assert town.reach(world.lab, "172.17.0.1", 8080) == "172.17.0.1"
    assert town.reach(town.peer, "172.17.0.1", 8080) == "172.17.0.1"  # hairpin
    assert town.reach(town.web, "172.17.0.1", 8080) == "172.17.0.1"  # to itself
    assert town.reach(town.other, "172.18.0.1", 8080) == "172.17.0.1"  # from another network
    assert town.reach(town.other, LAB_ON_WIRE, 8080) == "172.17.0.1"


@in_world
def test_ports_are_published_by_ipv6(world: World) -> None:
    town = Town(world)
    serve(town, town.web, socket.AF_INET6)
    town.publish("::")
    assert town.reach(town.neighbour, LAB_ON_WIRE6, 8080) == NEIGHBOUR6
    assert town.is_cut_off(town.neighbour, WEB6, 80)
    assert town.reach(town.peer, "fd17::1", 8080) == "fd17::1"


@in_world
def test_ports_are_published_by_udp(world: World) -> None:
    town = Town(world)
    made = town.publish("", 5353, "udp")
    server = world.udp(town.web, ("0.0.0.0", 80))
    client = world.udp(town.neighbour)
    client.sendto(b"question", (LAB_ON_WIRE, 5353))
    question, peer = server.recvfrom(100)
    server.sendto(b"answer", peer)
    assert (question, peer[0]) == (b"question", NEIGHBOUR)
    assert client.recvfrom(100) == (b"answer", (LAB_ON_WIRE, 5353))
    assert [one.protocol for one in conntrack.flows() if one.is_destination_rewritten] == ["udp"]
    town.firewall.unpublish(made)
    assert not [one for one in conntrack.flows() if one.is_destination_rewritten]
    client.sendto(b"question", (LAB_ON_WIRE, 5353))
    server.settimeout(0.2)
    with pytest.raises(TimeoutError):
        server.recv(100)


@in_world
def test_a_host_address_is_respected(world: World) -> None:
    town = Town(world)
    serve(town, town.web)
    town.publish("172.17.0.1")
    assert town.reach(world.lab, "172.17.0.1", 8080) == "172.17.0.1"
    assert town.is_cut_off(town.neighbour, LAB_ON_WIRE, 8080)
    town.publish(LAB_ON_WIRE, 8081)
    assert town.reach(town.neighbour, LAB_ON_WIRE, 8081) == NEIGHBOUR
    assert town.is_cut_off(world.lab, "172.17.0.1", 8081)


@in_world
def test_what_is_published_on_localhost_stays_there(world: World) -> None:
    """CVE-2020-8558: a neighbour sends frames for 127.0.0.1 to the lab's MAC address."""
    town = Town(world)
    serve(town, town.web)
    town.publish("127.0.0.1")
    assert town.reach(world.lab, "127.0.0.1", 8080) == "172.17.0.1"
    for where in (LAB_ON_WIRE, "172.17.0.1"):
        assert town.is_cut_off(town.neighbour, where, 8080)
    assert send_syn(town, town.neighbour, "eth0", NEIGHBOUR, mac_of("eth1")) == []
    assert send_syn(town, town.peer, "eth0", PEER, mac_of("docker0")) == []
    dropped = next(
        rule
        for chain in town.firewall.ruleset().chains
        for rule in chain.rules
        if rule.comment == "nobody else's localhost"
    )
    assert dropped.packets > 0


def mac_of(name: str) -> bytes:
    with Netlink() as links:
        mac = messages.decode("ifinfmsg", links.query(messages.get_link(name))).get("IFLA_ADDRESS")
    return bytes.fromhex(mac.replace(":", ""))


def send_syn(town: Town, netns: int, link: str, source: str, mac: bytes) -> list[bytes]:
    """Send a TCP SYN for 127.0.0.1:8080 as a frame; returns what comes back within a moment."""
    tcp = struct.pack("!HHIIBBHHH", 4711, 8080, 1, 0, 5 << 4, 2, 1024, 0, 0)
    addresses = socket.inet_aton(source) + socket.inet_aton("127.0.0.1")
    tcp = tcp[:16] + checksum(addresses + struct.pack("!BBH", 0, 6, len(tcp)) + tcp) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + addresses
    ip = ip[:10] + checksum(ip) + ip[12:]
    with town.world.inside(netns):
        frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    with frames:
        frames.bind((link, 0x0800))
        own = frames.getsockname()[4]
        frames.send(mac + own + b"\x08\x00" + ip + tcp)
        frames.settimeout(0.2)
        seen = []
        try:
            while True:
                frame, address = frames.recvfrom(2000)
                if address[2] != 4 and frame[23] == 6:  # PACKET_OUTGOING
                    seen.append(frame)
        except TimeoutError:
            return seen


def checksum(data: bytes) -> bytes:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


@in_world
def test_an_internal_network_has_no_way_in_or_out(world: World) -> None:
    town = Town(world, internal=True)
    for netns in (town.web, town.neighbour):
        serve(town, netns)
    town.publish()
    assert town.reach(town.peer, WEB, 80) == PEER
    assert town.is_cut_off(town.web, NEIGHBOUR, 80)
    assert town.is_cut_off(town.neighbour, WEB, 80)
    assert town.is_cut_off(town.neighbour, LAB_ON_WIRE, 8080)
    assert town.reach(town.other, NEIGHBOUR, 80) == LAB_ON_WIRE


@in_world
def test_gateway_mode_nat_unprotected_lets_neighbours_in(world: World) -> None:
    town = Town(world, gateway_mode=NAT_UNPROTECTED)
    for netns in (town.web, town.neighbour):
        serve(town, netns)
    assert town.reach(town.neighbour, WEB, 80) == NEIGHBOUR
    assert town.is_cut_off(town.other, WEB, 80)
    assert town.reach(town.web, NEIGHBOUR, 80) == LAB_ON_WIRE


@in_world
def test_gateway_mode_routed_opens_published_ports_without_translation(world: World) -> None:
    town = Town(world, gateway_mode=ROUTED)
    for netns in (town.web, town.neighbour):
        serve(town, netns)
    assert town.is_cut_off(town.neighbour, WEB, 80)
    made = town.publish()
    assert town.reach(town.neighbour, WEB, 80) == NEIGHBOUR
    assert town.reach(town.other, WEB, 80) == OTHER
    assert town.is_cut_off(town.neighbour, LAB_ON_WIRE, 8080)
    assert town.reach(town.web, NEIGHBOUR, 80) == WEB  # not masqueraded
    town.firewall.unpublish(made)
    assert town.is_cut_off(town.neighbour, WEB, 80)


@in_world
def test_default_deny_stops_what_no_rule_lets_through(world: World) -> None:
    town = Town(world)
    for netns in (town.web, town.neighbour):
        serve(town, netns)
    town.publish()
    assert town.firewall.denied_by() == ""
    town.firewall.set_default_deny(True)
    assert town.firewall.denied_by() == "chain forward: policy drop"
    assert town.is_cut_off(town.web, NEIGHBOUR, 80)
    assert town.reach(town.peer, WEB, 80) == PEER
    assert town.reach(town.neighbour, LAB_ON_WIRE, 8080) == NEIGHBOUR  # published is let through
    town.firewall.set_default_deny(False)
    assert town.reach(town.web, NEIGHBOUR, 80) == LAB_ON_WIRE


@in_world
def test_ip_forward_and_masquerade_make_the_way_to_the_outside(world: World) -> None:
    """The sentence that the seed struck out: it is true because of these two."""
    town = Town(world)
    town.lab.start_egress(world.agent)
    listener = world.listen(world.host, (HOST_ADDRESS, 80))

    def gets_out() -> None:
        world.connect(town.web, (HOST_ADDRESS, 80)).close()
        listener.accept()[0].close()

    gets_out()
    town.firewall.set_masquerade(False)
    assert town.is_cut_off(town.web, HOST_ADDRESS, 80)
    town.firewall.set_masquerade(True)
    sysctl.write("net/ipv4/ip_forward", "0")
    assert town.is_cut_off(town.web, HOST_ADDRESS, 80)
    sysctl.write("net/ipv4/ip_forward", "1")
    gets_out()


@in_world
def test_networks_and_ports_leave_nothing_behind(world: World) -> None:
    town = Town(world)
    before = town.firewall.ruleset().text()
    made = [town.publish(), town.publish("::"), town.publish(LAB_ON_WIRE, 8081)]
    town.lab.setup_bridge(
        BridgePlan("br-three", "10.3.0.0/24", "10.3.0.1", "fd33::/64", "fd33::1", internal=True)
    )
    town.firewall.unpublish(made)
    town.firewall.unpublish(made)
    town.lab.remove_bridge("br-three")
    assert counters_out(town.firewall.ruleset().text()) == counters_out(before)


def counters_out(text: str) -> list[str]:
    return re.sub(r"packets \d+ bytes \d+", "", text).splitlines()


@in_world
def test_what_somebody_deleted_by_hand_is_no_obstacle(world: World) -> None:
    town = Town(world)
    made = [town.publish(), town.publish(LAB_ON_WIRE, 8081)]
    handle = next(
        chain.rules[0].handle
        for chain in town.firewall.ruleset().chains
        if chain.name == rules.PUBLISHED
    )
    with Netlink(NETLINK_NETFILTER) as netfilter:
        nftables.commit(
            netfilter,
            [
                nftables.delete_rules(rules.TABLE, rules.PUBLISHED, handle),
                nftables.change_name_set(rules.TABLE, rules.BRIDGES, "br-two", remove=True),
            ],
        )
    town.firewall.unpublish(made)
    town.firewall.remove_network("br-two")
    text = town.firewall.ruleset().text()
    assert "dnat ip to" not in text
    assert "br-two" not in text
    town.firewall.add_network(NetworkRules("br-two", "172.18.0.0/16"))


@in_world
def test_another_rule_repairs_as_well(world: World) -> None:
    """Whether it is broken is asked of all the rules there are, not of the ones we know."""
    town = Town(world)
    serve(town, town.neighbour)
    town.firewall.set_masquerade(False)
    town.firewall.set_default_deny(True)
    hide = [*x.match_incoming("docker0"), *x.match_outgoing("docker0", inverted=True)]
    let_through = [*x.match_incoming("docker0"), x.accept()]
    place = {"hook": n.NF_INET_POST_ROUTING, "priority": n.PRIORITY_SRCNAT}
    with Netlink(NETLINK_NETFILTER) as netfilter:
        nftables.commit(
            netfilter,
            [
                nftables.new_table("mine"),
                nftables.new_chain("mine", "hide", hook_type="nat", **place),
                nftables.new_rule("mine", "hide", [*hide, x.masquerade()]),
                nftables.new_rule(rules.TABLE, rules.FORWARD, let_through),
            ],
        )
    assert town.firewall.masquerade_on("docker0")
    assert not town.firewall.masquerade_on("br-two")
    assert town.firewall.denied_by("docker0") == ""
    assert town.firewall.denied_by("br-two") == "chain forward: policy drop"
    assert town.reach(town.web, NEIGHBOUR, 80) == LAB_ON_WIRE
    assert town.is_cut_off(town.other, NEIGHBOUR, 80)


@in_world
def test_another_table_denies_as_well(world: World) -> None:
    town = Town(world)
    serve(town, town.neighbour)
    place = {"hook": n.NF_INET_FORWARD, "priority": 5}
    with Netlink(NETLINK_NETFILTER) as netfilter:
        nftables.commit(
            netfilter,
            [
                nftables.new_table("strict"),
                nftables.new_chain("strict", "wall", hook_type="filter", **place),
                nftables.set_policy("strict", "wall", n.NF_DROP),
            ],
        )
    assert town.firewall.denied_by() == "chain wall: policy drop"
    assert town.is_cut_off(town.web, NEIGHBOUR, 80)
