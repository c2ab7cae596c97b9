"""Encoded requests, compared with what the kernel's headers say."""

import struct
import subprocess
import sys

from pyminidocker.network import endpoints, messages, netlink
from pyminidocker.network.plans import AddressPlan, Prepared


def attributes(body: bytes) -> dict[int, bytes]:
    """Take a list of attributes apart."""
    found = {}
    offset = 0
    while offset + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, offset)
        found[kind & 0x3FFF] = body[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    return found


def test_attribute_is_padded_to_four_bytes() -> None:
    assert netlink.attribute(3, b"eth0\0") == b"\x09\0\x03\0eth0\0\0\0\0"
    assert netlink.nested(2, netlink.attribute(1, b"\1")) == (
        b"\x0c\0\x02\x80" + b"\x05\0\x01\0\x01\0\0\0"
    )


def test_datagrams_are_taken_apart() -> None:
    first = netlink.message(16, 0, b"abcd")
    second = netlink.with_header(netlink.message(20, 0, b"efg"), netlink.NLM_F_ACK, 7)
    parts = list(netlink.split(first + second + b"\0"))
    assert [(kind, sequence) for kind, _, sequence, _ in parts] == [(16, 0), (20, 7)]
    assert parts[1][1] == netlink.NLM_F_ACK | netlink.NLM_F_REQUEST
    assert parts[0][3] == first


def test_broken_length_ends_the_datagram() -> None:
    assert list(netlink.split(bytes(32))) == []


def test_plan_carries_the_containers_own_values() -> None:
    prepared = Prepared("veth1234567", "eth0", 2, "docker0")
    plan = endpoints.plan_endpoint(prepared, AddressPlan("172.17.0.9", 16, "172.17.0.1"))
    headers = [netlink.HEADER.unpack_from(request) for request in plan]
    assert [header[0] for header in headers] == [len(request) for request in plan]
    assert [header[1] for header in headers] == [
        messages.RTM_NEWLINK,
        messages.RTM_NEWADDR,
        messages.RTM_NEWROUTE,
    ]
    assert [header[3] for header in headers] == [1, 2, 3]
    assert all(header[2] & netlink.NLM_F_ACK for header in headers)
    link, address, route = plan
    assert attributes(link[32:])[1] == bytes.fromhex("0242ac110009")
    assert struct.unpack_from("=BBBBi", address, 16) == (2, 16, 0, 0, 2)
    assert attributes(address[24:]) == {
        1: bytes([172, 17, 0, 9]),
        2: bytes([172, 17, 0, 9]),
        4: bytes([172, 17, 255, 255]),
    }
    assert attributes(route[28:]) == {5: bytes([172, 17, 0, 1]), 4: struct.pack("=I", 2)}


def test_plans_do_not_share_values() -> None:
    """The second plan is made from the first one's template."""
    prepared = Prepared("veth1234567", "eth0", 2, "docker0")
    for last in (2, 3):
        plan = endpoints.plan_endpoint(
            prepared, AddressPlan(f"10.0.0.{last}", 24, mac=f"02:00:00:00:00:0{last}")
        )
        assert len(plan) == 2
        assert attributes(plan[0][32:])[1] == bytes([2, 0, 0, 0, 0, last])
        assert attributes(plan[1][24:])[2] == bytes([10, 0, 0, last])


def test_link_names_look_like_dockers_and_differ() -> None:
    names = {endpoints.new_link_name() for _ in range(100)}
    assert len(names) == 100
    assert all(len(name) == 11 and name.startswith("veth") for name in names)


def test_only_the_message_classes_are_imported() -> None:
    """And a later import of pyroute2 gets the real package, not the stand-in."""
    code = """
import sys
from pyminidocker.network import lab, messages
assert "pyroute2" not in " ".join(sys.modules)
messages.get_link("lo")
assert "pyroute2" not in sys.modules
assert "pyroute2.netlink.rtnl.ifinfmsg" in sys.modules
assert "pyroute2.ndb" not in sys.modules and "asyncio" not in sys.modules
import pyroute2
assert pyroute2.IPRoute
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
assert messages._classes()["ifinfmsg"] is ifinfmsg
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_host_agent_imports_next_to_nothing() -> None:
    """It stays as long as the engine does and is forked before the engine grows."""
    code = """
import sys
import pyminidocker.network.agent
heavy = {"asyncio", "pathlib", "dataclasses", "inspect", "msgspec", "typing", "logging"}
heavy |= {"json", "re", "ipaddress", "pyroute2", "pyminidocker.network.lab", "subprocess"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-I", "-S", "-c", _PATH + code], check=True, timeout=60)


_PATH = f"import sys; sys.path[:0] = {[entry for entry in sys.path if entry]!r}\n"


def test_an_ipv6_address_is_not_asked_about() -> None:
    """IFA_F_NODAD: usable at once."""
    request = messages.add_address(7, "fd00::2", 64)
    assert struct.unpack_from("=BBBBi", request, 16) == (10, 64, 0, 0, 7)
    assert attributes(request[24:]) == {
        1: bytes.fromhex("fd" + "00" * 14 + "02"),
        2: bytes.fromhex("fd" + "00" * 14 + "02"),
        8: struct.pack("=I", 0x02),
    }


def test_a_plan_for_both_families() -> None:
    prepared = Prepared("veth1234567", "eth1", 3, "br-1")
    plan = AddressPlan("10.0.0.2", 24, "10.0.0.1", "fd00::2", 64, "fd00::1")
    kinds = [
        netlink.HEADER.unpack_from(step)[1] for step in endpoints.plan_endpoint(prepared, plan)
    ]
    new_address, new_route = messages.RTM_NEWADDR, messages.RTM_NEWROUTE
    assert kinds == [messages.RTM_NEWLINK, new_address, new_route, new_address, new_route]
    only6 = AddressPlan(ip6="fd00::9", prefix6=64, mac="02:00:00:00:00:09")
    link, address = endpoints.plan_endpoint(prepared, only6)
    assert attributes(link[32:])[1] == bytes([2, 0, 0, 0, 0, 9])
    assert attributes(address[24:])[2][-1] == 9
    assert endpoints.plan_endpoint(prepared, AddressPlan()) == []


def test_deleting_a_route_names_as_little_as_possible() -> None:
    """Protocol, scope and type are left open: whoever made the route, it goes."""
    request = messages.delete_route("10.2.0.0", 24, is_ipv6=False)
    assert struct.unpack_from("=8B", request, 16) == (2, 24, 0, 0, 254, 0, 255, 0)
    assert attributes(request[28:]) == {1: bytes([10, 2, 0, 0])}


def test_facts_are_read_from_link_messages_without_decoding() -> None:
    body = struct.pack("=BxHiII", 0, 1, 9, 1, 0)
    body += netlink.attribute(3, b"veth0\0") + netlink.attribute(5, struct.pack("=i", 4))
    reply = netlink.message(messages.RTM_NEWLINK, 0, body)
    assert messages.link_index(reply) == 9
    assert messages.peer_index(reply) == 4
    assert messages.link_is_up(reply)
    bare = netlink.message(messages.RTM_NEWLINK, 0, struct.pack("=BxHiII", 0, 1, 9, 0, 0))
    assert messages.peer_index(bare) == 0
    assert not messages.link_is_up(bare)


def test_flooding_to_a_peer_is_an_entry_for_no_mac() -> None:
    request = messages.flood_entry(5, "192.0.2.2")
    header = netlink.HEADER.unpack_from(request)
    assert header[1] == messages.RTM_NEWNEIGH
    assert header[2] & netlink.NLM_F_APPEND
    assert struct.unpack_from("=BxxxiHBB", request, 16) == (7, 5, 0xC0, 0x02, 0)
    assert attributes(request[28:]) == {2: bytes(6), 1: bytes([192, 0, 2, 2])}
    gone = messages.flood_entry(5, "192.0.2.2", remove=True)
    assert netlink.HEADER.unpack_from(gone)[1] == messages.RTM_DELNEIGH
