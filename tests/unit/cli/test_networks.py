"""``--network`` in its long form, and subnets with what lies in them."""

import pytest

from pyminidocker.cli.command import parse
from pyminidocker.cli.commands.run import RUN
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.network_pools import pools
from pyminidocker.cli.run_config import create_body
from pyminidocker.cli.run_networks import parse_network


def body(*words: str):
    call = parse(RUN, "container run", [*words, "busybox"])
    return create_body(call.options, call.given, call.arguments)


def test_nothing_said():
    made = body()
    assert made["HostConfig"]["NetworkMode"] == "default"
    assert "NetworkingConfig" not in made


def test_one_network_with_wishes():
    made = body(
        "--network", "shop", "--ip", "10.1.0.5", "--ip6", "fd01::5", "--network-alias", "www",
        "--net-alias", "web", "--link", "db:data", "--mac-address", "02:00:00:00:00:07",
    )  # fmt: skip
    assert made["HostConfig"]["NetworkMode"] == "shop"
    assert made["HostConfig"]["Links"] == ["db:data"]
    assert made["MacAddress"] == "02:00:00:00:00:07"
    assert made["NetworkingConfig"]["EndpointsConfig"] == {
        "shop": {
            "Aliases": ["www", "web"],
            "Links": ["db:data"],
            "MacAddress": "02:00:00:00:00:07",
            "IPAMConfig": {"IPv4Address": "10.1.0.5", "IPv6Address": "fd01::5"},
        }
    }


def test_several_networks():
    made = body("--network", "a", "--net", "name=b,alias=x,alias=y,ip=10.2.0.5,gw-priority=-1,"
                "driver-opt=k=v,mac-address=02:00:00:00:00:08")  # fmt: skip
    assert made["HostConfig"]["NetworkMode"] == "a"
    assert made["NetworkingConfig"]["EndpointsConfig"] == {
        "a": {},
        "b": {
            "Aliases": ["x", "y"],
            "IPAMConfig": {"IPv4Address": "10.2.0.5"},
            "GwPriority": -1,
            "DriverOpts": {"k": "v"},
            "MacAddress": "02:00:00:00:00:08",
        },
    }
    assert "MacAddress" not in made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bridge", {"Target": "bridge"}),
        ("container:web", {"Target": "container:web"}),
        ("name=shop", {"Target": "shop"}),
        ("name=shop,ip6=fd01::5", {"Target": "shop", "IPv6Address": "fd01::5"}),
    ],
)
def test_forms(text, found):
    assert parse_network(text) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name=shop,alias", "invalid field alias"),
        ("name=shop,=x", "invalid field =x"),
        ("name=shop,color=red", "invalid field key color"),
        ("alias=x", "network name/id is not specified"),
        ("name=", "network name/id is not specified"),
        ("name=shop,gw-priority=high", "invalid gw-priority"),
    ],
)
def test_forms_that_are_none(text, message):
    with pytest.raises(ValueError, match=message):
        parse_network(text)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--network a --network a", 'network "a" is specified multiple times'),
        ("--network a --network none", "cannot attach both"),
        ("--network-alias x", "network-scoped aliases are only supported"),
        ("--network name=a,alias=x --network-alias y", "--network-alias and per-network alias"),
        ("--network name=a,mac-address=02:00:00:00:00:01 --mac-address 02:00:00:00:00:02",
         "--mac-address and per-network MAC address"),
        ("--network a --ip nonsense", "invalid IPv4 address: nonsense"),
        ("--network a --ip6 10.0.0.1", "invalid IPv6 address: 10.0.0.1"),
    ],
)  # fmt: skip
def test_contradictions(words, message):
    with pytest.raises(Failure, match=message) as caught:
        body(*words.split())
    assert caught.value.exit_code == 125


def test_what_lies_in_which_subnet():
    assert pools([], [], [], {}) == []
    assert pools(
        ["10.1.0.0/16", "fd01::/64"],
        ["10.1.5.0/24"],
        ["fd01::99", "10.1.5.254"],
        {"printer": "10.1.5.1", "router": "fd01::7"},
    ) == [
        {
            "Subnet": "10.1.0.0/16",
            "IPRange": "10.1.5.0/24",
            "Gateway": "10.1.5.254",
            "AuxiliaryAddresses": {"printer": "10.1.5.1"},
        },
        {
            "Subnet": "fd01::/64",
            "Gateway": "fd01::99",
            "AuxiliaryAddresses": {"router": "fd01::7"},
        },
    ]
    assert pools(["nonsense"], [], [], {}) == [{"Subnet": "nonsense"}]  # the engine will say


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([], ["10.1.0.0/24"], [], {}), "must have a corresponding subnet"),
        (([], [], [], {"a": "10.1.0.1"}), "no matching subnet for aux-address 10.1.0.1"),
        ((["10.1.0.0/24"], ["x"], [], {}), "invalid CIDR address: x"),
        ((["10.1.0.0/24"], [], ["x"], {}), "no matching subnet for gateway x"),
        ((["10.1.0.0/24", "10.1.0.0/25"], [], [], {}), "multiple overlapping subnet"),
        ((["10.1.0.0/24", "10.2.0.0/24"], [], ["10.1.0.1", "10.1.0.2"], {}),
         "cannot configure multiple gateways"),
        ((["10.1.0.0/24", "10.2.0.0/24"], ["10.1.0.0/25", "10.1.0.128/25"], [], {}),
         "cannot configure multiple ranges"),
    ],
)  # fmt: skip
def test_what_lies_in_none(given, message):
    with pytest.raises(Failure, match=message):
        pools(*given)
