"""The address pool follows dockerd: lowest free first, moby's words when there is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyminidocker.errors import InvalidArgument, PermissionDenied, Unavailable
from pyminidocker.network.ipam import (
    Pool,
    check_subnet,
    format_ipv4,
    mac_address,
    parse_ip,
    parse_ipv4,
)


def test_lowest_free_address_comes_first() -> None:
    pool = Pool("172.17.0.0/16")
    assert pool.gateway == "172.17.0.1"
    assert pool.prefix == 16
    assert [pool.allocate() for _ in range(3)] == ["172.17.0.2", "172.17.0.3", "172.17.0.4"]
    pool.release("172.17.0.3")
    pool.release("172.17.0.2")
    assert [pool.allocate() for _ in range(3)] == ["172.17.0.2", "172.17.0.3", "172.17.0.5"]


def test_gateway_is_never_handed_out_nor_released() -> None:
    pool = Pool("10.0.0.0/29", "10.0.0.3")
    pool.release("10.0.0.3")
    assert [pool.allocate() for _ in range(5)] == [f"10.0.0.{last}" for last in (1, 2, 4, 5, 6)]
    assert pool.allocated() == [f"10.0.0.{last}" for last in (1, 2, 4, 5, 6)]


def test_exhaustion_has_dockers_words_and_recovers() -> None:
    pool = Pool("10.0.0.0/30", network="small (3f2a)")
    assert pool.allocate() == "10.0.0.2"
    for _ in range(2):
        with pytest.raises(
            Unavailable,
            match=r"no available IPv4 addresses on this network's address pools: small \(3f2a\)",
        ):
            pool.allocate()
    pool.release("10.0.0.2")
    assert pool.allocate() == "10.0.0.2"


def test_reserved_addresses_are_skipped() -> None:
    pool = Pool("172.17.0.0/16")
    assert pool.reserve("172.17.0.2") == "172.17.0.2"
    assert pool.allocate() == "172.17.0.3"
    with pytest.raises(PermissionDenied, match="Address already in use"):
        pool.reserve("172.17.0.2")
    with pytest.raises(PermissionDenied, match="Address already in use"):
        pool.reserve("172.17.0.1")
    for edge in ("172.17.0.0", "172.17.255.255"):
        with pytest.raises(PermissionDenied, match="Address already in use"):
            pool.reserve(edge)
    for outside in ("172.18.0.1", "fd00::1"):
        with pytest.raises(
            InvalidArgument, match="does not belong to any of this network's subnets"
        ):
            pool.reserve(outside)


def test_releasing_nothing_is_fine() -> None:
    pool = Pool("172.17.0.0/16")
    pool.release("")
    pool.release("172.17.0.9")
    pool.release("10.0.0.1")
    assert pool.allocate() == "172.17.0.2"


@pytest.mark.parametrize(
    ("subnet", "words"),
    [
        ("172.17.0.0", "invalid CIDR block notation"),
        ("172.17.0.0/33", "invalid CIDR block notation"),
        ("172.17.0.0/x", "invalid CIDR block notation"),
        ("300.17.0.0/16", "invalid subnet 300.17.0.0/16: invalid CIDR block notation"),
        ("172.17.0.1/16", "it should be 172.17.0.0/16"),
        ("172.17.0.0/31", "No available addresses on this pool"),
    ],
)
def test_bad_subnets_are_explained(subnet: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        Pool(subnet)


def test_gateway_outside_of_the_subnet_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"no matching subnet for gateway 10\.0\.0\.1"):
        Pool("172.17.0.0/16", "10.0.0.1")


def test_mac_address_is_dockers() -> None:
    assert mac_address("172.17.0.2") == "02:42:ac:11:00:02"
    assert mac_address("10.200.3.255") == "02:42:0a:c8:03:ff"


@settings(database=None)  # the checkout may be read-only
@given(st.integers(0, 2**32 - 1))
def test_addresses_survive_a_round_trip(number: int) -> None:
    assert parse_ipv4(format_ipv4(number)) == number


@settings(database=None)  # the checkout may be read-only
@given(st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_a_masked_subnet_is_accepted(number: int, prefix: int) -> None:
    network = number >> (32 - prefix) << (32 - prefix)
    assert check_subnet(f"{format_ipv4(network)}/{prefix}") == (network, prefix, 32)


@settings(database=None)  # the checkout may be read-only
@given(st.lists(st.integers(0, 12), max_size=60))
def test_allocation_is_always_the_lowest_free(steps: list[int]) -> None:
    """Against the obvious model: a set of free addresses."""
    pool = Pool("10.0.0.0/28")
    free = {f"10.0.0.{last}" for last in range(2, 15)}
    held: list[str] = []
    for step in steps:
        if step < 8 and free:
            lowest = min(free, key=parse_ipv4)
            assert pool.allocate() == lowest
            free.discard(lowest)
            held.append(lowest)
        elif held:
            address = held.pop(step % len(held))
            pool.release(address)
            free.add(address)


def test_a_range_limits_what_is_handed_out_not_what_can_be_asked_for() -> None:
    """As dockerd: without --gateway the range's first address is the gateway, even its base."""
    pool = Pool("10.20.0.0/16", ip_range="10.20.3.0/30", aux_addresses={"router": "10.20.3.1"})
    assert pool.gateway == "10.20.3.0"
    assert pool.prefix == 16
    assert pool.reserve("10.20.7.7") == "10.20.7.7"
    assert [pool.allocate(), pool.allocate()] == ["10.20.3.2", "10.20.3.3"]
    with pytest.raises(Unavailable, match="no available IPv4 addresses"):
        pool.allocate()
    pool.release("10.20.7.7")  # outside of the range: nothing becomes free in it
    with pytest.raises(Unavailable):
        pool.allocate()
    pool.release("10.20.3.3")
    assert pool.allocate() == "10.20.3.3"


def test_a_gateway_may_lie_outside_of_the_range() -> None:
    pool = Pool("10.31.0.0/16", "10.31.5.1", ip_range="10.31.0.0/24")
    assert [pool.allocate(), pool.allocate()] == ["10.31.0.1", "10.31.0.2"]


def test_a_range_as_wide_as_the_subnet_spares_its_edges() -> None:
    pool = Pool("10.0.0.0/30", ip_range="10.0.0.0/30")
    assert (pool.gateway, pool.allocate()) == ("10.0.0.1", "10.0.0.2")
    with pytest.raises(Unavailable):
        pool.allocate()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"ip_range": "10.11.0.0/24"}, InvalidArgument, "no matching subnet for range 10.11.0.0"),
        ({"ip_range": "10.0.0.0/8"}, InvalidArgument, "no matching subnet for range 10.0.0.0/8"),
        ({"ip_range": "fd00::/64"}, InvalidArgument, "no matching subnet for range fd00::/64"),
        ({"ip_range": "10.10.1.0"}, InvalidArgument, "invalid subnet 10.10.1.0"),
        ({"gateway": "10.11.0.1"}, InvalidArgument, "no matching subnet for gateway 10.11.0.1"),
        ({"gateway": "fd00::1"}, InvalidArgument, "no matching subnet for gateway fd00::1"),
        (
            {"aux_addresses": {"a": "10.11.0.1"}},
            InvalidArgument,
            "no matching subnet for aux-address 10.11.0.1",
        ),
        (
            {"aux_addresses": {"a": "10.10.0.1"}},
            PermissionDenied,
            r"failed to allocate secondary ip address \(a:10.10.0.1\): Address already in use",
        ),
    ],
)
def test_bad_options_have_dockers_words(options: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        Pool("10.10.0.0/16", **options)


def test_ipv6_pool() -> None:
    pool = Pool("fd00:20::/64", network="six")
    assert (pool.gateway, pool.prefix, pool.subnet) == ("fd00:20::1", 64, "fd00:20::/64")
    assert [pool.allocate() for _ in range(2)] == ["fd00:20::2", "fd00:20::3"]
    assert pool.reserve("fd00:20:0:0::ff") == "fd00:20::ff"
    assert pool.reserve("fd00:20::ffff:ffff:ffff:ffff") == "fd00:20::ffff:ffff:ffff:ffff"
    with pytest.raises(PermissionDenied, match="Address already in use"):
        pool.reserve("fd00:20::")
    with pytest.raises(InvalidArgument, match=r"Invalid address 10\.0\.0\.1"):
        pool.reserve("10.0.0.1")
    small = Pool("fd00::/126", network="small")
    assert [small.allocate(), small.allocate()] == ["fd00::2", "fd00::3"]
    with pytest.raises(Unavailable, match=r"no available IPv6 addresses .*: small"):
        small.allocate()


def test_ipv6_addresses_have_a_mac_too() -> None:
    assert mac_address("fd00:20::1:2") == "02:42:00:01:00:02"
    for bad in ("fd00::g", "::1::", "1.2.3", "a", ""):
        with pytest.raises(InvalidArgument, match="invalid IP"):
            parse_ip(bad)
