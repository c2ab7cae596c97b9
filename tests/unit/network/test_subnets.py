"""Which subnets networks get: Docker's order, Docker's refusals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyminidocker.errors import PermissionDenied, SystemFailure
from pyminidocker.network import subnets
from pyminidocker.network.ipam import format_ipv4, parse_network


def test_pools_come_in_dockers_order() -> None:
    pools = list(subnets.default_pools())
    assert pools[:2] == ["172.18.0.0/16", "172.19.0.0/16"]
    assert pools[13:16] == ["172.31.0.0/16", "192.168.0.0/20", "192.168.16.0/20"]
    assert (len(pools), pools[-1]) == (30, "192.168.240.0/20")


def test_the_first_that_overlaps_with_nothing_is_chosen() -> None:
    assert subnets.choose_subnet([]) == "172.18.0.0/16"
    assert subnets.choose_subnet(["172.18.5.0/24", "172.16.0.0/14", "fd00::/8"]) == "172.20.0.0/16"


def test_when_all_are_taken_dockers_words_say_so() -> None:
    with pytest.raises(
        SystemFailure,
        match="could not find an available, non-overlapping IPv4 address pool among the defaults to"
        " assign to the network",
    ):
        subnets.choose_subnet([*subnets.default_pools(), "10.0.0.0/8"])


def test_ipv6_subnets_are_unique_local_and_the_networks_own() -> None:
    first = subnets.choose_subnet6("ab" * 32, [])
    assert first == "fdab:abab:abab:abab::/64"
    assert subnets.choose_subnet6("ab" * 32, []) == first
    assert subnets.choose_subnet6("ab" * 32, [first]) == "fdab:abab:abab:abac::/64"
    assert subnets.choose_subnet6("f" * 64, ["fdff:ffff:ffff:ffff::/64"]) == "fd00::/64"


def test_overlaps_are_refused_and_named() -> None:
    subnets.check_free("10.0.0.0/24", ["10.0.1.0/24", "fd00::/8", "172.17.0.0/16"])
    with pytest.raises(PermissionDenied, match="Pool overlaps with other one") as caught:
        subnets.check_free("10.0.0.0/8", ["172.17.0.0/16", "10.9.0.0/16"])
    assert "10.0.0.0/8 overlaps with 10.9.0.0/16" in caught.value.hint


@settings(database=None)  # the checkout may be read-only
@given(*[st.integers(0, 2**32 - 1), st.integers(0, 32)] * 2)
def test_overlap_is_having_an_address_in_common(a: int, p: int, b: int, q: int) -> None:
    first, second = (f"{format_ipv4(number)}/{prefix}" for number, prefix in ((a, p), (b, q)))
    ranges = []
    for text in (first, second):
        network = parse_network(text)
        ranges.append(range(network.base, network.base + (1 << 32 - network.prefix)))
    common = max(ranges[0][0], ranges[1][0]) <= min(ranges[0][-1], ranges[1][-1])
    assert subnets.overlap(first, second) == common
