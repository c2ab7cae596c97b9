"""Keyword arguments of the Python client, as Docker's API wants them."""

import pytest

from pyminidocker.client.create_config import create_config
from pyminidocker.client.network_config import endpoint_config, network_config
from pyminidocker.errors import InvalidArgument


def test_a_plain_network():
    assert network_config("n", {}) == {
        "Name": "n",
        "CheckDuplicate": True,
        "Driver": "bridge",
        "EnableIPv6": False,
        "Internal": False,
        "Attachable": False,
        "Labels": {},
        "Options": {},
    }


def test_addresses_come_together_by_family():
    body = network_config(
        "n",
        {
            "subnet": ["10.7.0.0/24", "fd07::/64"],
            "gateway": ["fd07::1", "10.7.0.1"],
            "ip_range": "10.7.0.128/25",
            "aux_addresses": {"router": "10.7.0.2", "other": "fd07::2"},
            "ipv6": True,
        },
    )
    assert body["IPAM"]["Config"] == [
        {
            "Subnet": "10.7.0.0/24",
            "Gateway": "10.7.0.1",
            "IPRange": "10.7.0.128/25",
            "AuxiliaryAddresses": {"router": "10.7.0.2"},
        },
        {"Subnet": "fd07::/64", "Gateway": "fd07::1", "AuxiliaryAddresses": {"other": "fd07::2"}},
    ]
    assert body["EnableIPv6"] is True


def test_a_gateway_without_a_subnet_is_sent_for_the_engine_to_judge():
    assert network_config("n", {"gateway": "10.7.0.1"})["IPAM"]["Config"] == [
        {"Gateway": "10.7.0.1"}
    ]


def test_short_names_of_long_options():
    body = network_config(
        "n",
        {
            "driver": "overlay",
            "mtu": 1400,
            "icc": False,
            "masquerade": True,
            "bridge_name": "br0",
            "vni": 42,
            "peers": ["192.168.50.2", "192.168.50.3"],
            "options": ["x=1"],
            "labels": {"a": "b"},
        },
    )
    assert body["Driver"] == "overlay"
    assert body["Labels"] == {"a": "b"}
    assert body["Options"] == {
        "x": "1",
        "com.docker.network.bridge.enable_icc": "false",
        "com.docker.network.bridge.enable_ip_masquerade": "true",
        "com.docker.network.driver.mtu": "1400",
        "com.docker.network.bridge.name": "br0",
        "vni": "42",
        "peers": "192.168.50.2,192.168.50.3",
    }


def test_an_endpoint():
    assert endpoint_config({}) == {}
    assert endpoint_config(
        {
            "ip": "10.7.0.9",
            "ip6": "fd07::9",
            "aliases": ["www", "w"],
            "links": {"db": "store", "cache": ""},
            "mac_address": "02:42:00:00:00:01",
        }
    ) == {
        "IPAMConfig": {"IPv4Address": "10.7.0.9", "IPv6Address": "fd07::9"},
        "Aliases": ["www", "w"],
        "Links": ["db:store", "cache:cache"],
        "MacAddress": "02:42:00:00:00:01",
    }
    assert endpoint_config({"aliases": "www"}) == {"Aliases": ["www"]}


def test_the_networks_of_a_container():
    config = create_config("busybox", None, {"network": "shop"})
    assert config == {"Image": "busybox", "HostConfig": {"NetworkMode": "shop"}}
    config = create_config(
        "busybox", None, {"network": ["a", "b"], "ip": "10.0.0.9", "links": ["db:store"]}
    )
    assert config["HostConfig"] == {"NetworkMode": "a", "Links": ["db:store"]}
    ends = config["NetworkingConfig"]["EndpointsConfig"]
    assert ends == {"a": {"IPAMConfig": {"IPv4Address": "10.0.0.9"}}, "b": {}}
    alone = create_config("busybox", None, {"network_aliases": ["x"]})
    assert alone["NetworkingConfig"]["EndpointsConfig"] == {"default": {"Aliases": ["x"]}}


def test_dns_options():
    config = create_config(
        "busybox", None, {"dns": ["9.9.9.9"], "dns_search": ["a"], "dns_options": ["ndots:1"]}
    )
    assert config["HostConfig"] == {
        "Dns": ["9.9.9.9"],
        "DnsSearch": ["a"],
        "DnsOptions": ["ndots:1"],
    }


@pytest.mark.parametrize(
    ("ports", "bindings"),
    [
        (["8080:80"], {"80/tcp": [("", "8080")]}),
        ("8080:80", {"80/tcp": [("", "8080")]}),
        (["127.0.0.1:53:53/udp"], {"53/udp": [("127.0.0.1", "53")]}),
        ({"80/tcp": 8080}, {"80/tcp": [("", "8080")]}),
        ({80: 0}, {"80/tcp": [("", "")]}),
        ({"80/tcp": None}, {"80/tcp": [("", "")]}),
        ({"80/tcp": ("127.0.0.1", 8080)}, {"80/tcp": [("127.0.0.1", "8080")]}),
        ({"80/tcp": ("::1", 8080)}, {"80/tcp": [("::1", "8080")]}),
        ({"80/tcp": [8080, ("127.0.0.1", 0)]}, {"80/tcp": [("", "8080"), ("127.0.0.1", "")]}),
        (["8000-8001:80-81"], {"80/tcp": [("", "8000")], "81/tcp": [("", "8001")]}),
    ],
)
def test_published_ports(ports, bindings):
    config = create_config("busybox", None, {"ports": ports})
    found = {
        port: [(place["HostIp"], place["HostPort"]) for place in places]
        for port, places in config["HostConfig"]["PortBindings"].items()
    }
    assert found == bindings
    assert set(config["ExposedPorts"]) == set(bindings)


def test_exposed_ports():
    config = create_config("busybox", None, {"expose": [80, "53/udp"]})
    assert config["ExposedPorts"] == {"80/tcp": {}, "53/udp": {}}


@pytest.mark.parametrize("ports", [["x"], {"80/smtp": 1}, ["1:2:3:4"], [""]])
def test_ports_that_make_no_sense_are_refused_with_a_remedy(ports):
    with pytest.raises(InvalidArgument) as caught:
        create_config("busybox", None, {"ports": ports})
    assert "8080:80" in caught.value.hint


def test_options_that_do_not_exist_are_refused():
    with pytest.raises(InvalidArgument) as caught:
        network_config("n", {"subnets": "10.0.0.0/8"})
    assert caught.value.hint == "did you mean 'subnet'?"
    with pytest.raises(InvalidArgument, match="no option 'address'"):
        endpoint_config({"address": "10.0.0.1"})
