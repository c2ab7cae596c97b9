"""Packets and the topology as text, from documents of the engine."""

import pytest

from pyminidocker.cli.commands.network_capture import line, link_names, read_words
from pyminidocker.cli.failures import Failure
from pyminidocker.client.lab_tree import lines

LAB, WEB, ALONE = 100, 200, 300


def link(index, name, kind="veth", **more):
    return {
        "Index": index, "Name": name, "Kind": kind, "Mac": "", "Mtu": 1500, "Up": True,
        "Carrier": True, "Bridge": 0, "PortState": "", "Isolated": False, "PeerIndex": 0,
        "PeerInode": 0, "Vni": 0, "Remote": "", "Spare": False, **more,
    }  # fmt: skip


def space(inode, kind, name, links, addresses=(), routes=(), shared=()):
    return {
        "Inode": inode, "Kind": kind, "Name": name, "SharedBy": list(shared), "Links": links,
        "Addresses": [
            {"LinkIndex": index, "Ip": ip, "Prefix": prefix} for index, ip, prefix in addresses
        ],
        "Routes": [
            {"Destination": to, "Gateway": by, "LinkIndex": index, "Source": "", "Version": 4}
            for to, by, index in routes
        ],
    }  # fmt: skip


def document(**more):
    lab = space(
        LAB,
        "lab",
        "default",
        [
            link(1, "lo", "loopback", Mtu=65536),
            link(2, "uplink"),
            link(3, "br-app", "bridge"),
            link(4, "veth1", Bridge=3, PortState="forwarding", PeerIndex=2, PeerInode=WEB),
            link(5, "vx42", "vxlan", Bridge=3, PortState="forwarding", Vni=42, Mtu=1450),
            link(6, "veth2", Bridge=3, PortState="blocking", Isolated=True),
            link(7, "veth3", Bridge=3, PortState="forwarding", Spare=True),
            link(8, "eth1", PeerIndex=9, PeerInode=LAB),
            link(9, "eth1-plug", PeerIndex=8, PeerInode=LAB),
        ],
        [(1, "127.0.0.1", 8), (3, "172.18.0.1", 16), (8, "192.168.50.1", 24)],
        [("default", "192.0.0.1", 2), ("172.18.0.0/16", "", 3)],
        ["host-box"],
    )
    web = space(
        WEB,
        "container",
        "web",
        [link(1, "lo", "loopback"), link(2, "eth0", PeerIndex=4, PeerInode=LAB)],
        [(2, "fd00::2", 64), (2, "172.18.0.2", 16), (2, "fe80::1", 64)],
        shared=["side"],
    )
    alone = space(ALONE, "container", "alone", [link(1, "lo", "loopback", Up=False)])
    return {
        "Engine": "default",
        "Namespaces": [lab, web, alone],
        "Networks": [{"Name": "app", "Bridge": "br-app", "Internal": True}],
        "Rules": [{}] * 7,
        "Published": [
            {"Protocol": "tcp", "HostIp": "::", "HostPort": 8080, "Ip": "172.18.0.2", "Port": 80,
             "Container": "web"},
        ],
        "Switches": {"ip_forward": True, "masquerade": False},
        "Wires": [{"Link": "eth1", "Address": "192.168.50.1/24", "PeerName": "b"}],
        **more,
    }  # fmt: skip


def test_tree():
    text = [" ".join(row.split()) for row in lines(document())]
    assert text == [
        "lab default (network namespace 100), also of host-box",
        "├─ lo loopback 127.0.0.1/8",
        "├─ uplink the way out, served by the host agent -",
        "├─ br-app bridge of network app (internal) 172.18.0.1/16",
        "│ ├─ veth1 cable to eth0 of web, side 172.18.0.2/16 fd00::2/64",
        "│ ├─ vx42 vxlan 42 - mtu 1450",
        "│ ├─ veth2 cable to a namespace that is not the engine's - blocking, isolated",
        "│ └─ (spare) 1 cable ready for the next containers",
        "├─ eth1 wire to b 192.168.50.1/24",
        "└─ eth1-plug cable to eth1 of the lab -",
        "container alone (network namespace 300), not wired to the lab",
        "lo - switched off",
        "routes of the lab:",
        "default via 192.0.0.1 by uplink",
        "172.18.0.0/16 directly by br-app",
        "published ports:",
        "[::]:8080/tcp leads to web 172.18.0.2:80",
        "wires:",
        "eth1 192.168.50.1/24 to b",
        "switches: ip_forward on, masquerade OFF",
        "packet filter: 7 rules (see them with: minidocker network rules)",
    ]


def test_links_are_called_by_who_is_behind_them():
    names = link_names(document())
    assert names[LAB, 4] == "veth1(web)"
    assert names[LAB, 3] == "br-app"
    assert names[WEB, 2] == "eth0"


def test_line_of_a_packet():
    packet = {
        "Time": 1_700_000_000.25, "Direction": "in", "Source": "02:42:ac:12:00:02",
        "Destination": "ff:ff:ff:ff:ff:ff", "Summary": "ARP: who has 172.18.0.3?",
        "Offload": ["checksum"],
    }  # fmt: skip
    plain = line(packet, "veth1(web)")
    assert plain[8:] == ".250000 veth1(web) in  ARP: who has 172.18.0.3?"
    assert line(packet, "veth1", macs=True)[15:] == (
        " veth1 in  02:42:ac:12:00:02 > ff:ff:ff:ff:ff:ff ARP: who has 172.18.0.3?"
        " (checksum left to the link)"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", []),
        ("arp dns", ["arp", "dns"]),
        ("arp or dns", ["arp", "dns"]),
        ("tcp and port 80 and host 10.0.0.1", ["tcp", "port=80", "host=10.0.0.1"]),
        ("port=80", ["port=80"]),
    ],
)
def test_filter_words(words, expected):
    assert read_words(words.split()) == expected


@pytest.mark.parametrize("words", ["port", "tcp host", "colour", "net 10.0.0.0/8"])
def test_words_without_meaning(words):
    with pytest.raises(Failure) as caught:
        read_words(words.split())
    assert "host ADDRESS" in caught.value.hint
