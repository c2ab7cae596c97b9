"""Nonsense about networks: one clear line, Docker's exit code, nothing left.

The same table is tried with our command and, where it is installed, with Docker's on our socket.
"""

import pytest

from pyminidocker import errors
from tests.support.command_line import docker_cli, judge, minidocker, succeeds

pytestmark = pytest.mark.usefixtures("engine")

OWN_SUBNET = "user specified IP address is supported only when connecting to networks with user"
SHARED = "container sharing network namespace with another container or host cannot be connected"
FIXED = "container cannot be disconnected from host network or connected to host network"
OPTION = "-o com.docker.network."

# (words, exit code, a part of what is said).  There are: networks red (10.81.0.0/24) and auto,
# containers box (runs, on red), still (was only created) and hosted (runs, on host).
TABLE: list[tuple[str, int, str]] = [
    # making one
    ("network create red", 1, "network with name red already exists"),
    ("network create bridge", 1, "operation is not permitted on predefined bridge network"),
    ("network create -d nosuch x", 1, 'plugin "nosuch" not found'),
    ("network create -d host x", 1, 'only one instance of "host" network is allowed'),
    ("network create -d null x", 1, 'only one instance of "null" network is allowed'),
    ("network create --ipam-driver nosuch x", 1, 'plugin "nosuch" not found'),
    ("network create --subnet nonsense x", 1, "invalid subnet nonsense: invalid CIDR block"),
    ("network create --subnet 10.0.0.0/33 x", 1, "invalid subnet 10.0.0.0/33: invalid CIDR block"),
    ("network create --subnet 300.0.0.0/8 x", 1, "invalid subnet 300.0.0.0/8: invalid CIDR block"),
    ("network create --subnet 10.9.0.1/24 x", 1, "it should be 10.9.0.0/24"),
    ("network create --subnet 10.81.0.0/16 x", 1, "Pool overlaps with other one on this address"),
    ("network create --subnet 10.81.0.128/25 x", 1, "Pool overlaps with other one on this address"),
    ("network create --subnet 172.17.5.0/24 x", 1, "Pool overlaps with other one on this address"),
    ("network create --subnet 192.0.0.0/24 x", 1, "Pool overlaps with other one on this address"),
    ("network create --subnet 10.9.0.0/31 x", 1, "No available addresses on this pool"),
    ("network create --subnet fd09::/64 x", 1, "IPv6 has not been enabled for this network"),
    ("network create --subnet 10.9.0.0/24 --subnet 10.10.0.0/24 x", 1,
     "bridge driver doesn't support multiple subnets"),
    ("network create --subnet 10.9.0.0/16 --subnet 10.9.1.0/24 x", 1,
     "multiple overlapping subnet configuration is not supported"),
    ("network create --gateway 10.9.0.1 x", 1,
     "every ip-range or gateway must have a corresponding subnet"),
    ("network create --subnet 10.9.0.0/24 --gateway 10.10.0.1 x", 1,
     "no matching subnet for gateway 10.10.0.1"),
    ("network create --subnet 10.9.0.0/24 --ip-range 10.10.0.0/25 x", 1,
     "no matching subnet for range 10.10.0.0/25"),
    ("network create --subnet 10.9.0.0/24 --ip-range nonsense x", 1,
     "invalid CIDR address: nonsense"),
    ("network create --subnet 10.9.0.0/24 --ip-range 10.9.0.0/16 x", 1,
     "CIDR block is bigger than its parent subnet"),
    ("network create --subnet 10.9.0.0/24 --aux-address a=10.10.0.1 x", 1,
     "no matching subnet for aux-address 10.10.0.1"),
    (f"network create {OPTION}driver.mtu=many x", 1, 'strconv.Atoi: parsing "many"'),
    (f"network create {OPTION}driver.mtu=10 x", 1, "invalid MTU number: 10"),
    (f"network create {OPTION}bridge.enable_icc=maybe x", 1, 'strconv.ParseBool: parsing "maybe"'),
    (f"network create {OPTION}bridge.name=docker0 x", 1, "networks have same bridge name"),
    (f"network create {OPTION}bridge.name=far-too-long-a-name x", 1, "invalid bridge name"),
    (f"network create {OPTION}bridge.name=../x x", 1, "invalid bridge name"),
    (f"network create {OPTION}bridge.name=lo x", 1, "invalid bridge name"),
    (f"network create {OPTION}bridge.host_binding_ipv4=here x", 1, "value: here (nil ip)"),
    (f"network create {OPTION}bridge.name=eth1 x", 1, "invalid bridge name"),
    (f"network create {OPTION}bridge.gateway_mode_ipv4=odd x", 1, "unknown gateway mode odd"),
    # removing one
    ("network rm nosuch", 1, "network nosuch not found"),
    ("network rm bridge", 1, "bridge is a pre-defined network and cannot be removed"),
    ("network rm red", 1, "has active endpoints"),
    ("network prune -f --filter colour=red", 1, "Invalid filter 'colour'"),
    ("network ls --filter type=odd", 1, "invalid filter: 'type'='odd'"),
    # connecting
    ("network connect nosuch box", 1, "network nosuch not found"),
    ("network connect red nosuch", 1, "No such container: nosuch"),
    ("network connect red box", 1, "endpoint with name box already exists in network red"),
    ("network connect none box", 1, "cannot be connected to multiple networks with one of the"),
    ("network connect host box", 1, FIXED),
    ("network connect red hosted", 1, SHARED),
    ("network connect --ip 172.18.0.9 auto box", 1, OWN_SUBNET),
    ("network connect --ip nonsense red still", 1, "nvalid IPv4 address: nonsense"),
    ("network connect --ip 10.9.0.1 red still", 1,
     "Invalid address 10.9.0.1: It does not belong to any of this network's subnets"),
    ("network connect --ip6 fd00::9 red still", 1, OWN_SUBNET),
    ("network connect --alias a bridge box", 1, "network-scoped alias is supported only for"),
    ("network disconnect nosuch box", 1, "network nosuch not found"),
    ("network disconnect red nosuch", 1, "No such container: nosuch"),
    ("network disconnect red still", 1, "is not connected to network red"),
    ("network disconnect host hosted", 1, FIXED),
    # running
    ("run --network nosuch busybox true", 125, "network nosuch not found"),
    ("run --network container:nosuch busybox true", 125, "No such container: nosuch"),
    ("run --network container:still busybox true", 125, "cannot join network of a non running"),
    ("run --network container: busybox true", 125, "invalid container format container:<name|id>"),
    ("run --network container:box -h x busybox true", 125, "hostname and the network mode"),
    ("run --network red --ip 10.81.0.1 busybox true", 125, "Address already in use"),
    ("run --network red --ip 10.81.0.2 busybox true", 125, "Address already in use"),
    ("run --network red --ip 10.81.0.255 busybox true", 125, "Address already in use"),
    ("run --network red --ip 10.9.0.1 busybox true", 125, "It does not belong to any of this"),
    ("run --network auto --ip 172.18.0.9 busybox true", 125, OWN_SUBNET),
    ("run --network host --ip 1.2.3.4 busybox true", 125, "is supported on user defined networks"),
    ("run --network none --network-alias a busybox true", 125,
     "network-scoped aliases are only supported for user-defined networks"),
    ("run --network red --network host busybox true", 125,
     "cannot attach both user-defined and non-user-defined network-modes"),
    ("run --network red --network red busybox true", 125, "is specified multiple times"),
    ("run --network name=red,colour=blue busybox true", 125, "invalid field key colour"),
    ("run --network alias=x busybox true", 125, "network name/id is not specified"),
    ("run --network name=red,ip=10.81.0.9 --ip 10.81.0.9 busybox true", 125,
     "cannot specify both --ip and per-network IPv4 address"),
    ("run --mac-address nonsense busybox true", 125, "nonsense is not a valid mac address"),
    ("run --link nosuch:x busybox true", 125, "could not get container for nosuch"),
    ("run --network host --link box busybox true", 125,
     "host type networking can't be used with links"),
]  # fmt: skip
TABLE = [(words.replace("run ", "run --rm "), code, part) for words, code, part in TABLE]


@pytest.fixture(scope="module")
def scene(shared_engine):
    """Networks and containers; afterwards nothing else may be there."""
    succeeds("network", "create", "--subnet", "10.81.0.0/24", "red")
    succeeds("network", "create", "auto")
    succeeds("run", "-d", "--name", "box", "--network", "red", "busybox", "sleep", "1000")
    succeeds("run", "-d", "--name", "hosted", "--network", "host", "busybox", "sleep", "1000")
    succeeds("create", "--name", "still", "busybox")
    yield
    found = succeeds("ps", "-a", "--format", "{{.Names}}").split()
    succeeds("rm", "-f", *found)
    networks = succeeds("network", "ls", "--filter", "type=custom", "--format", "{{.Name}}").split()
    succeeds("network", "rm", *networks)
    assert sorted(found) == ["box", "hosted", "still"]
    assert networks == ["auto", "red"]


@pytest.fixture
def engine(shared_engine):
    """The session's engine, with the scene in it between tests."""
    return shared_engine


@pytest.mark.parametrize(("words", "code", "part"), TABLE, ids=[row[0] for row in TABLE])
def test_our_command(scene, words, code, part):
    judge(minidocker(*words.split()), code, part)


@pytest.mark.requires("docker-cli")
@pytest.mark.parametrize(("words", "code", "part"), TABLE, ids=[row[0] for row in TABLE])
def test_dockers_command(scene, engine, tmp_path, words, code, part):
    judge(docker_cli(words, engine.api.socket_path, tmp_path), code, part)


@pytest.mark.parametrize(
    ("body", "kind", "part"),
    [
        ({}, errors.InvalidArgument, "invalid name"),
        ({"Name": " "}, errors.InvalidArgument, "invalid name"),
        ({"Name": "x", "Scope": "swarm"}, errors.Unavailable, "swarm is not active"),
        ({"Name": "x", "Ingress": True}, errors.PermissionDenied, "Ingress network"),
        ({"Name": "x", "ConfigOnly": True}, errors.NotImplementedHere, "configuration-only"),
        ({"Name": "x", "IPAM": {"Config": [{"Gateway": "10.9.0.1"}]}}, errors.InvalidArgument,
         "every ip-range or gateway must have a corresponding subnet"),
        ({"Name": "x", "IPAM": {"Config": [{"Subnet": "10.9.0.0/24", "Gateway": "10.10.0.1"}]}},
         errors.InvalidArgument, "parent subnet 10.9.0.0/24 doesn't contain this address"),
        ({"Name": "x", "IPAM": {"Config": [{"Subnet": "10.9.0.0/24", "Gateway": "no"}]}},
         errors.InvalidArgument, "invalid gateway no: invalid address"),
        ({"Name": "x", "IPAM": {"Config": [{"Subnet": "10.9.0.0/24", "IPRange": "10.8.0.0/25"}]}},
         errors.InvalidArgument, "doesn't contain ip-range"),
        ({"Name": "x", "IPAM": {"Config": [
            {"Subnet": "10.9.0.0/24", "AuxiliaryAddresses": {"a": "10.8.0.1"}}]}},
         errors.InvalidArgument, "invalid auxiliary address 10.8.0.1"),
        ({"Name": 7}, errors.InvalidArgument, "Name"),
        ({"Name": "x", "IPAM": []}, errors.InvalidArgument, "IPAM"),
    ],
)  # fmt: skip
def test_what_only_the_api_can_say(scene, engine, body, kind, part):
    with pytest.raises(kind, match=part):
        engine.api.network_create(body)
    assert {one["Name"] for one in engine.api.network_list()} == {
        "bridge", "host", "none", "red", "auto",
    }  # fmt: skip


def test_what_is_built_in_says_what_is_not(engine):
    run = minidocker("network", "rm", "host")
    assert run.returncode == 1
    assert "hint: only networks of your own can" in run.stderr
