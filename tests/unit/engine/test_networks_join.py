"""Which network gives the way out, and what a mode means."""

import pytest

from pyminidocker import errors
from pyminidocker.engine import endpoint_checks, links, network_modes
from pyminidocker.engine.networks_join import address_plans, first_for_default
from pyminidocker.engine.records import EndpointRecord, NetworkRecord


def place(name: str, gateway: str = "", gateway6: str = "", priority: int = 0):
    endpoint = EndpointRecord(
        ip_address=gateway.replace(".1", ".2"), gateway=gateway, gateway6=gateway6,
        gateway_priority=priority,
    )  # fmt: skip
    return NetworkRecord(name * 8, name, "bridge", 0.0), endpoint


@pytest.mark.parametrize(
    ("places", "winner"),
    [
        ([place("b", "10.2.0.1"), place("a", "10.1.0.1")], 1),
        ([place("b", "10.2.0.1", priority=1), place("a", "10.1.0.1")], 0),
        ([place("b", "10.2.0.1"), place("a", "10.1.0.1", priority=-1)], 0),
        ([place("a"), place("b", "10.2.0.1")], 1),  # an internal network has no gateway
        ([place("a")], None),
        ([], None),
    ],
)
def test_who_gives_the_default_route(places, winner):
    expected = None if winner is None else places[winner][1]
    assert first_for_default(places) is expected


def test_both_families_choose_for_themselves():
    places = [place("a", "10.1.0.1"), place("b", "10.2.0.1", "fd02::1")]
    assert first_for_default(places) is places[0][1]
    assert first_for_default(places, ipv6=True) is places[1][1]
    one, two = address_plans(places)
    assert (one.gateway, one.gateway6) == ("10.1.0.1", "")
    assert (two.gateway, two.gateway6) == ("", "fd02::1")


@pytest.mark.parametrize(
    ("mode", "network", "shared"),
    [
        ("", "bridge", ""),
        ("default", "bridge", ""),
        ("bridge", "bridge", ""),
        ("host", "host", ""),
        ("none", "none", ""),
        ("shop", "shop", ""),
        ("container:web", "", "web"),
    ],
)
def test_modes(mode, network, shared):
    assert network_modes.network_of(mode) == network
    assert network_modes.shared_with(mode) == shared


@pytest.mark.parametrize(
    ("given", "mac"),
    [("02:42:AC:11:00:99", "02:42:ac:11:00:99"), ("02-42-ac-11-00-99", "02:42:ac:11:00:99")],
)
def test_mac_addresses(given, mac):
    assert endpoint_checks.checked_mac(given) == mac


@pytest.mark.parametrize("mac", ["", "02:42", "zz:42:ac:11:00:99", "03:42:ac:11:00:99",
                                 "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"])  # fmt: skip
def test_mac_addresses_that_are_none(mac):
    with pytest.raises(errors.InvalidArgument, match="invalid MAC address"):
        endpoint_checks.checked_mac(mac)


@pytest.mark.parametrize(
    ("text", "pair"),
    [("web", ("web", "web")), ("web:www", ("web", "www")), ("/web:/shop/www", ("web", "www"))],
)
def test_links(text, pair):
    assert links.split(text) == pair


@pytest.mark.parametrize("text", ["", ":", "web:", ":www", "a:b:c"])
def test_links_that_are_none(text):
    with pytest.raises(errors.InvalidArgument, match="bad format for links"):
        links.split(text)


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (EndpointRecord(wish_ip="10.1"), "invalid IPv4 address: 10.1"),
        (EndpointRecord(wish_ip="fd00::1"), "invalid IPv4 address: fd00::1"),
        (EndpointRecord(wish_ip6="10.1.0.1"), "invalid IPv6 address: 10.1.0.1"),
    ],
)
def test_addresses_that_are_none(wish, text):
    with pytest.raises(errors.InvalidArgument, match=text):
        endpoint_checks.check_form(wish)
