"""From a request to a network's record: what is filled in, what is refused."""

import pytest

from pyminidocker import errors
from pyminidocker.engine.network_addresses import Addresses, contains
from pyminidocker.engine.network_subnets import check_pool
from pyminidocker.engine.networks_create import new_record
from pyminidocker.engine.records import (
    AddressPool,
    EndpointRecord,
    NetworkRecord,
    NetworkRequest,
)

BRIDGE = NetworkRecord(
    "b" * 64, "bridge", "bridge", 0.0, "172.17.0.0/16", "172.17.0.1", bridge="docker0"
)


def make(name: str = "x", *pools: AddressPool, others: tuple[NetworkRecord, ...] = (), **more):
    return new_record(NetworkRequest(name, pools=list(pools), **more), [BRIDGE, *others])


def test_what_nobody_said() -> None:
    record = make()
    assert record.driver == "bridge"
    assert record.bridge == f"br-{record.id[:12]}"
    assert (record.subnet, record.gateway) == ("172.18.0.0/16", "172.18.0.1")
    assert not record.has_own_subnet
    assert (record.subnet6, record.gateway6) == ("", "")
    assert record.mtu_bytes == 1500
    assert (record.icc, record.masquerade, record.gateway_mode) == (True, True, "nat")
    assert make("y", others=(record,)).subnet == "172.19.0.0/16"


def test_what_was_said() -> None:
    pool = AddressPool("10.9.0.0/24", "10.9.0.128/25", "10.9.0.254", {"printer": "10.9.0.129"})
    record = make("x", pool, internal=True, labels={"a": "b"}, options={
        "com.docker.network.driver.mtu": "1400",
        "com.docker.network.bridge.enable_icc": "false",
        "com.docker.network.bridge.enable_ip_masquerade": "0",
        "com.docker.network.bridge.name": "shop0",
        "com.docker.network.bridge.gateway_mode_ipv4": "routed",
    })  # fmt: skip
    assert record.has_own_subnet
    assert (record.subnet, record.ip_range) == ("10.9.0.0/24", "10.9.0.128/25")
    assert record.gateway == "10.9.0.254"
    assert record.aux_addresses == {"printer": "10.9.0.129"}
    assert (record.icc, record.masquerade, record.gateway_mode) == (False, False, "routed")
    assert (record.mtu_bytes, record.bridge, record.internal) == (1400, "shop0", True)


def test_ipv6_with_and_without_a_subnet() -> None:
    record = make("x", AddressPool("fd09::/64"), enable_ipv6=True)
    assert (record.subnet, record.has_own_subnet) == ("172.18.0.0/16", False)
    assert (record.subnet6, record.gateway6) == ("fd09::/64", "fd09::1")
    assert record.has_own_subnet6
    chosen = make("y", enable_ipv6=True)
    assert chosen.subnet6.startswith("fd")
    assert chosen.subnet6.endswith("::/64")
    assert not chosen.has_own_subnet6


@pytest.mark.parametrize(
    ("pool", "text"),
    [
        (AddressPool(gateway="10.9.0.1"), "must have a corresponding subnet"),
        (AddressPool("10.9.0.0"), "invalid subnet 10.9.0.0: invalid CIDR block notation"),
        (AddressPool("10.9.0.0/x"), "invalid CIDR block notation"),
        (AddressPool("10.9.0.0/²"), "invalid CIDR block notation"),
        (AddressPool("10.9.0.7/24"), "it should be 10.9.0.0/24"),
        (AddressPool("fd09::1/64"), "it should be fd09::/64"),
        (AddressPool("10.9.0.0/24", "10.9.0.0/23"), "it should be|bigger than its parent"),
        (AddressPool("10.9.0.0/24", "10.9.0.1/25"), "invalid ip-range .*it should be 10.9.0.0/25"),
        (AddressPool("10.9.0.0/24", "10.8.0.0/25"), "doesn't contain ip-range"),
        (AddressPool("10.9.0.0/24", "fd09::/80"), "doesn't contain ip-range"),
        (AddressPool("10.9.0.0/24", gateway="10.8.0.1"), "doesn't contain this address"),
        (AddressPool("10.9.0.0/24", gateway="fd09::1"), "doesn't contain this address"),
        (AddressPool("10.9.0.0/24", gateway="x"), "invalid gateway x: invalid address"),
        (AddressPool("10.9.0.0/24", aux_addresses={"a": "10.8.0.1"}), "invalid auxiliary address"),
    ],
)
def test_pools_that_make_no_sense(pool: AddressPool, text: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=f"^invalid network config: .*({text})"):
        check_pool(pool, enable_ipv6=True)


def test_ipv6_must_be_wanted() -> None:
    with pytest.raises(errors.InvalidArgument, match="IPv6 has not been enabled"):
        make("x", AddressPool("fd09::/64"))


@pytest.mark.parametrize(
    ("subnet", "free"),
    [
        ("172.17.0.0/16", False),
        ("172.16.0.0/12", False),
        ("172.17.255.0/24", False),
        ("172.18.0.0/16", True),
        ("10.0.0.0/8", True),
    ],
)
def test_overlaps(subnet: str, free: bool) -> None:
    if free:
        assert make("x", AddressPool(subnet)).subnet == subnet
    else:
        with pytest.raises(errors.PermissionDenied, match="Pool overlaps with other one"):
            make("x", AddressPool(subnet))


def test_31_automatic_networks_and_no_more() -> None:
    others: list[NetworkRecord] = []
    for number in range(30):
        others.append(make(f"n{number}", others=tuple(others)))
    assert others[13].subnet == "172.31.0.0/16"
    assert others[14].subnet == "192.168.0.0/20"
    assert others[-1].subnet == "192.168.240.0/20"
    with pytest.raises(errors.SystemFailure, match="non-overlapping IPv4 address pool"):
        make("more", others=tuple(others))


def test_addresses_are_given_and_taken_back() -> None:
    record = make("x", AddressPool("10.9.0.0/29"), AddressPool("fd09::/64"), enable_ipv6=True)
    addresses = Addresses(record)
    endpoints = [EndpointRecord() for _ in range(5)]
    for endpoint in endpoints:
        addresses.give(endpoint)
    assert [one.ip_address for one in endpoints] == [f"10.9.0.{n}" for n in range(2, 7)]
    assert [one.ip6_address for one in endpoints] == [f"fd09::{n}" for n in range(2, 7)]
    assert endpoints[0].mac_address == "02:42:0a:09:00:02"
    with pytest.raises(errors.Unavailable, match=r"address pools: x \("):
        addresses.give(EndpointRecord())
    addresses.take_back(endpoints[2])
    again = EndpointRecord()
    addresses.give(again)
    assert (again.ip_address, again.ip6_address) == ("10.9.0.4", "fd09::4")


def test_a_wish_that_fails_half_way_takes_nothing() -> None:
    record = make("x", AddressPool("10.9.0.0/24"), AddressPool("fd09::/64"), enable_ipv6=True)
    addresses = Addresses(record)
    wish = EndpointRecord(wish_ip="10.9.0.9", wish_ip6="fd09::1")
    with pytest.raises(errors.PermissionDenied, match="Address already in use"):
        addresses.give(wish)
    addresses.give(EndpointRecord(wish_ip="10.9.0.9"))
    with pytest.raises(errors.InvalidArgument, match="does not belong to any of this network's"):
        addresses.give(EndpointRecord(wish_ip="10.8.0.9"))


def test_containment() -> None:
    assert contains("10.9.0.0/24", "10.9.0.255")
    assert not contains("10.9.0.0/24", "10.9.1.0")
    assert not contains("10.9.0.0/24", "fd09::1")
    assert contains("fd09::/64", "fd09::ffff")
    assert not contains("", "10.9.0.1")
