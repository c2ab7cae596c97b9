"""The address pool follows dockerd: lowest free first, moby's words when there is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyminidocker.errors import InvalidArgument, PermissionDenied, Unavailable
from pyminidocker.network.ipam import Pool, format_ipv4, mac_address, parse_ipv4, parse_subnet


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
    assert parse_subnet(f"{format_ipv4(network)}/{prefix}") == (network, prefix)


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
