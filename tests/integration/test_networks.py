"""Networks made by users: who reaches whom, and what follows when containers come and go."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pyminidocker.client.container import Container
from pyminidocker.client.engine import Engine

ON = {
    "front": ("red",),
    "both": ("red", "blue"),
    "back": ("blue",),
}
NETWORKS = {"red": "10.61.0.0/24", "blue": "10.62.0.0/24"}


def make(engine: Engine, name: str, subnet: str = "", **more: object) -> str:
    body = {"Name": name, **more}
    if subnet:
        body["IPAM"] = {"Config": [{"Subnet": subnet}]}
    return str(engine.api.network_create(body)["Id"])


def start(engine: Engine, name: str, *networks: str, **wishes: object) -> Container:
    """A container that sleeps, connected to ``networks`` from its start."""
    made = engine.api.container_create(
        {
            "Image": "busybox",
            "Cmd": ["sleep", "1000"],
            "HostConfig": {"NetworkMode": networks[0] if networks else "default"},
            "NetworkingConfig": {
                "EndpointsConfig": {network: dict(wishes) for network in networks}
            },
        },
        name=name,
    )
    engine.api.container_start(made["Id"])
    return engine.container(name)


def reaches(container: Container, address: str, *, wait_s: int = 1) -> bool:
    return container.exec(["ping", "-c", "1", "-W", str(wait_s), address]).exit_code == 0


def settings(container: Container, network: str) -> dict[str, object]:
    inspected = container.api.container_inspect(container.id)
    return dict(inspected["NetworkSettings"]["Networks"][network])


def shell(container: Container, line: str) -> str:
    return str(container.exec(["sh", "-c", line]).stdout)


@pytest.fixture
def clean(engine: Engine) -> Iterator[Engine]:
    """The session's engine; containers and networks of the test are removed after it."""
    yield engine
    for container in engine.containers(all=True):
        container.remove(force=True)
    engine.api.network_prune()
    assert {one["Name"] for one in engine.api.network_list()} == {"bridge", "host", "none"}


@pytest.fixture
def trio(clean: Engine) -> dict[str, Container]:
    """Three containers on two networks, one of them on both."""
    for name, subnet in NETWORKS.items():
        make(clean, name, subnet)
    return {name: start(clean, name, *networks) for name, networks in ON.items()}


def test_who_reaches_whom_by_address_and_by_name(trio: dict[str, Container]) -> None:
    for one, container in trio.items():
        for other, target in trio.items():
            shared = set(ON[one]) & set(ON[other])
            for network in ON[other]:
                address = str(settings(target, network)["IPAddress"])
                assert reaches(container, address) == (network in shared), (one, other, network)
            assert reaches(container, other) == bool(shared), f"{one} -> {other} by name"


def test_what_a_container_on_two_networks_has(trio: dict[str, Container]) -> None:
    both = trio["both"]
    addresses = shell(both, "ip -o -4 addr show scope global")
    assert re.findall(r"(eth\d)\s+inet (\S+)", addresses) == [
        ("eth0", "10.61.0.3/24"),
        ("eth1", "10.62.0.2/24"),
    ]
    # As in Docker, the first network by name gives the default route, not the first connected.
    assert "default via 10.62.0.1 dev eth1" in shell(both, "ip route")
    hosts = shell(both, "cat /etc/hosts")
    assert hosts.endswith(f"10.61.0.3\t{both.id[:12]}\n10.62.0.2\t{both.id[:12]}\n")
    red = settings(both, "red")
    assert red["IPAddress"] == "10.61.0.3"
    assert red["IPPrefixLen"] == 24
    assert red["Gateway"] == "10.61.0.1"
    assert red["MacAddress"] == "02:42:0a:3d:00:03"
    assert red["Aliases"] == [both.id[:12]]
    inspected = both.api.network_inspect("blue")
    assert {one["Name"]: one["IPv4Address"] for one in inspected["Containers"].values()} == {
        "both": "10.62.0.2/24",
        "back": "10.62.0.3/24",
    }


def test_the_way_out_follows_priority(clean: Engine) -> None:
    for name, subnet in NETWORKS.items():
        make(clean, name, subnet)
    first = start(clean, "first", "red", GwPriority=1)
    clean.api.network_connect("blue", "first")
    assert "default via 10.61.0.1 dev eth0" in shell(first, "ip route")
    clean.api.network_disconnect("red", "first")
    assert "default via 10.62.0.1 dev eth1" in shell(first, "ip route")
    clean.api.network_disconnect("blue", "first")
    assert shell(first, "ip route") == ""
    assert shell(first, "ls /sys/class/net").split() == ["lo"]
    assert clean.api.container_inspect("first")["NetworkSettings"]["Networks"] == {}


def test_connecting_while_it_runs(trio: dict[str, Container]) -> None:
    front, back = trio["front"], trio["back"]
    api = front.api
    assert not reaches(front, "back")
    api.network_connect("blue", "front", {"IPAMConfig": {"IPv4Address": "10.62.0.77"}})
    assert settings(front, "blue")["IPAddress"] == "10.62.0.77"
    assert settings(front, "blue")["IPAMConfig"] == {"IPv4Address": "10.62.0.77"}
    assert reaches(front, "back")
    assert reaches(back, "front")
    assert f"10.62.0.77\t{front.id[:12]}\n" in shell(front, "cat /etc/hosts")
    shell(front, "echo 1.2.3.4 mine >> /etc/hosts")
    api.network_disconnect("red", "front")
    assert not reaches(front, str(settings(trio["both"], "red")["IPAddress"]))
    assert reaches(front, "both")  # by its other network
    hosts = shell(front, "cat /etc/hosts")
    assert "10.61.0." not in hosts
    assert hosts.endswith(f"10.62.0.77\t{front.id[:12]}\n1.2.3.4 mine\n")
    # What was changed while it ran is there after a restart, on a fresh interface.
    front.restart(timeout_s=0)
    assert re.findall(r"(eth\d)\s+inet (\S+)", shell(front, "ip -o -4 addr show scope global")) == [
        ("eth0", "10.62.0.77/24")
    ]
    assert reaches(front, "back")


def test_connecting_while_it_does_not_run(clean: Engine) -> None:
    make(clean, "red", "10.61.0.0/24")
    made = clean.create("busybox", ["sleep", "1000"], name="later")
    clean.api.network_connect("red", "later", {"Aliases": ["soon"]})
    assert settings(made, "red")["IPAddress"] == ""
    made.start()
    assert shell(made, "ls /sys/class/net").split() == ["eth0", "eth1", "lo"]
    assert reaches(made, "soon")
    made.stop(timeout_s=0)
    clean.api.network_disconnect("bridge", "later")
    made.start()
    assert "10.61.0.2/24" in shell(made, "ip -o -4 addr show eth0")
    assert shell(made, "ls /sys/class/net").split() == ["eth0", "lo"]


def test_connect_and_disconnect_under_traffic(trio: dict[str, Container]) -> None:
    """A stream through one network loses nothing while the other comes and goes."""
    both, back = trio["both"], trio["back"]
    api = both.api
    size = 256 << 20
    receive = f"nc -l -p 9 -e sh -c 'head -c {size} | wc -c > /some; mv /some /got'"
    assert both.exec(["sh", "-c", f"({receive}) >/dev/null 2>&1 &"]).exit_code == 0
    shell(both, "until grep -q ':0009 .* 0A ' /proc/net/tcp*; do usleep 10000; done")
    address = settings(both, "blue")["IPAddress"]
    send = f"head -c {size} /dev/zero | nc {address} 9"
    assert back.exec(["sh", "-c", f"({send}) >/dev/null 2>&1 &"]).exit_code == 0
    for _ in range(10):
        api.network_disconnect("red", "both")
        api.network_connect("red", "both")
    assert shell(both, "until [ -e /got ]; do usleep 10000; done; cat /got") == f"{size}\n"
    assert reaches(both, "front")
    assert api.network_inspect("red")["Containers"].keys() == {both.id, trio["front"].id}


def test_a_stream_ends_with_the_network_and_its_address_is_free_again(
    clean: Engine, trio: dict[str, Container]
) -> None:
    both, back = trio["both"], trio["back"]
    address = str(settings(both, "blue")["IPAddress"])
    both.api.network_disconnect("blue", "both")
    assert not reaches(back, address)
    heir = start(clean, "heir", "blue")
    assert settings(heir, "blue")["IPAddress"] == address
    # The kernel has just asked in vain who has this address, and asks again once a second.
    assert reaches(back, "heir", wait_s=5)


def test_networks_without_a_way_out_and_without_talk(clean: Engine) -> None:
    make(clean, "inner", "10.63.0.0/24", Internal=True)
    icc = {"com.docker.network.bridge.enable_icc": "false"}
    make(clean, "quiet", "10.64.0.0/24", Options=icc)
    one, two = start(clean, "one", "inner"), start(clean, "two", "inner")
    assert "default" not in shell(one, "ip route")
    assert settings(one, "inner")["Gateway"] == ""
    assert reaches(one, "two")
    assert reaches(two, "one")
    lonely, other = start(clean, "lonely", "quiet"), start(clean, "other", "quiet")
    assert not reaches(lonely, str(settings(other, "quiet")["IPAddress"]))
    assert reaches(lonely, "10.64.0.1")
    assert "default via 10.64.0.1" in shell(lonely, "ip route")


def test_mtu_mac_and_static_addresses(clean: Engine) -> None:
    make(clean, "small", "10.65.0.0/24", Options={"com.docker.network.driver.mtu": "1400"})
    wish = {"IPAMConfig": {"IPv4Address": "10.65.0.200"}, "MacAddress": "02:00:00:00:00:07"}
    one = start(clean, "one", "small", **wish)
    link = shell(one, "ip link show eth0; ip -o -4 addr show eth0")
    assert "mtu 1400" in link
    assert "02:00:00:00:00:07" in link
    assert "10.65.0.200/24" in link
    one.restart(timeout_s=0)
    assert settings(one, "small")["IPAddress"] == "10.65.0.200"
    assert settings(one, "small")["MacAddress"] == "02:00:00:00:00:07"


def test_ipv6(clean: Engine) -> None:
    make(
        clean, "six", EnableIPv6=True,
        IPAM={"Config": [{"Subnet": "10.66.0.0/24"}, {"Subnet": "fd66::/64"}]},
    )  # fmt: skip
    one, two = start(clean, "one", "six"), start(clean, "two", "six")
    assert reaches(one, "fd66::3")
    assert reaches(two, "fd66::2")
    assert "default via fd66::1 dev eth0" in shell(one, "ip -6 route")
    assert f"fd66::2\t{one.id[:12]}\n" in shell(one, "cat /etc/hosts")
    found = settings(one, "six")
    assert found["GlobalIPv6Address"] == "fd66::2"
    assert found["GlobalIPv6PrefixLen"] == 64
    assert found["IPv6Gateway"] == "fd66::1"
    inspected = clean.api.network_inspect("six")
    assert inspected["EnableIPv6"] is True
    assert inspected["Containers"][two.id]["IPv6Address"] == "fd66::3/64"
    make(clean, "auto", EnableIPv6=True)
    pools = clean.api.network_inspect("auto")["IPAM"]["Config"]
    assert re.fullmatch(r"fd[0-9a-f]{2}:.*::/64", pools[1]["Subnet"])


def test_many_at_once(clean: Engine) -> None:
    """Starts, connects and disconnects that overlap: no address is had twice, none is lost."""
    for name, subnet in NETWORKS.items():
        make(clean, name, subnet)

    def live(number: int) -> None:
        one = start(clean, f"many-{number}", "red")
        clean.api.network_connect("blue", one.id)
        if number % 3 == 0:
            one.restart(timeout_s=0)
        if number % 3 == 1:
            clean.api.network_disconnect("red", one.id)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(live, range(24)))
    for name, count in (("red", 16), ("blue", 24)):
        members = clean.api.network_inspect(name)["Containers"].values()
        addresses = {one["IPv4Address"] for one in members}
        assert len(addresses) == len(members) == count, name
    first = clean.container("many-1")
    assert all(reaches(first, f"many-{number}", wait_s=5) for number in range(24))
    for container in clean.containers():
        container.remove(force=True)
    heir = start(clean, "heir", "red", "blue")
    found = [settings(heir, name)["IPAddress"] for name in ("red", "blue")]
    assert found == ["10.61.0.2", "10.62.0.2"]


def test_subnets_that_nobody_chose_and_ranges(clean: Engine) -> None:
    made = [make(clean, name) for name in ("a", "b", "c")]
    found = [clean.api.network_inspect(one)["IPAM"]["Config"][0]["Subnet"] for one in made]
    assert found == ["172.18.0.0/16", "172.19.0.0/16", "172.20.0.0/16"]
    clean.api.network_remove("b")
    again = make(clean, "b2")
    config = clean.api.network_inspect(again)["IPAM"]["Config"]
    assert config == [{"Subnet": "172.19.0.0/16", "Gateway": "172.19.0.1"}]
    pool = {
        "Subnet": "10.67.0.0/16",
        "IPRange": "10.67.5.0/24",
        "Gateway": "10.67.5.254",
        "AuxiliaryAddresses": {"printer": "10.67.5.1"},
    }
    make(clean, "ranged", IPAM={"Config": [pool]})
    assert clean.api.network_inspect("ranged")["IPAM"]["Config"] == [pool]
    # As in Docker, 10.67.5.0 is an address like any other of 10.67.0.0/16.
    assert settings(start(clean, "one", "ranged"), "ranged")["IPAddress"] == "10.67.5.0"
    assert settings(start(clean, "two", "ranged"), "ranged")["IPAddress"] == "10.67.5.2"


def test_a_network_that_was_made_again_is_another(clean: Engine) -> None:
    from pyminidocker import errors

    make(clean, "red")
    one = start(clean, "one", "red")
    one.stop(timeout_s=0)
    clean.api.network_remove("red")
    make(clean, "red")
    with pytest.raises(errors.NotFound, match=r"network [0-9a-f]{64} not found"):
        one.start()
    clean.api.network_disconnect("red", "one", force=True)
    clean.api.network_connect("red", "one")
    one.start()
    assert "eth0" in shell(one, "ip -o -4 addr show")
