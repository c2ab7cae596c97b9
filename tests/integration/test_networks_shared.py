"""``--network container:NAME``, links, and starts that fail in the middle of their networks."""

from collections.abc import Iterator

import pytest

from pyminidocker import errors
from pyminidocker.client.container import Container
from pyminidocker.client.engine import Engine
from tests.support.talker import until


def shell(container: Container, line: str) -> str:
    return str(container.exec(["sh", "-c", line]).stdout)


def start(engine: Engine, name: str, mode: str, **host: object) -> Container:
    body = {
        "Image": "busybox",
        "Cmd": ["sleep", "1000"],
        "HostConfig": {"NetworkMode": mode, **host},
    }
    made = engine.api.container_create(body, name=name)
    engine.api.container_start(made["Id"])
    return engine.container(name)


@pytest.fixture
def clean(engine: Engine) -> Iterator[Engine]:
    yield engine
    for container in engine.containers(all=True):
        container.remove(force=True)
    engine.api.network_prune()


def test_two_containers_one_network(clean: Engine) -> None:
    clean.api.network_create({"Name": "red"})
    target = start(clean, "target", "red")
    sharer = start(clean, "sharer", "container:target")
    inspected = clean.api.container_inspect("sharer")
    assert inspected["HostConfig"]["NetworkMode"] == f"container:{target.id}"
    assert inspected["NetworkSettings"]["Networks"] == {}
    assert inspected["Config"]["Hostname"] == target.id[:12]
    for look in ("ip addr", "cat /etc/hosts", "cat /etc/resolv.conf", "hostname",
                 "readlink /proc/self/ns/net"):  # fmt: skip
        assert shell(sharer, look) == shell(target, look), look
    assert shell(sharer, "readlink /proc/self/ns/uts") != shell(
        target, "readlink /proc/self/ns/uts"
    )
    # One reaches what the other serves by the loopback.
    serve = "nc -l -p 7 -e echo hello >/dev/null 2>&1 &"
    ready = "until grep -q ':0007 .* 0A ' /proc/net/tcp*; do usleep 10000; done"
    assert shell(target, f"{serve} {ready}") == ""
    assert shell(sharer, "nc 127.0.0.1 7 </dev/null") == "hello\n"
    # Names are served to both; what one is connected to, both are.
    assert sharer.exec(["ping", "-c", "1", "-W", "1", "target"]).exit_code == 0
    clean.api.network_create({"Name": "blue"})
    clean.api.network_connect("blue", "target")
    assert "eth1" in shell(sharer, "ip -o link")
    # A third one through the second.
    third = start(clean, "third", "container:sharer")
    assert shell(third, "ip addr; cat /etc/hosts") == shell(target, "ip addr; cat /etc/hosts")


def test_when_the_other_container_ends(clean: Engine) -> None:
    clean.api.network_create({"Name": "red"})
    target = start(clean, "target", "red")
    sharer = start(clean, "sharer", "container:target")
    address = target.ip_address
    target.stop(timeout_s=0)
    # Its address may be somebody else's, so nothing may answer under it any more; the kernel takes
    # some milliseconds for a link.
    until(lambda: shell(sharer, "ls /sys/class/net").split() == ["lo"])
    heir = start(clean, "heir", "red")
    assert heir.ip_address == address
    with pytest.raises(errors.Conflict, match="cannot join network of a non running container"):
        sharer.restart(timeout_s=0)
    target.start()
    sharer.start()
    assert shell(sharer, "ip addr") == shell(target, "ip addr")
    target.remove(force=True)
    sharer.stop(timeout_s=0)
    with pytest.raises(errors.NotFound, match=f"No such container: {target.id}"):
        sharer.start()


def test_sharing_the_host_s_network(clean: Engine) -> None:
    start(clean, "target", "host")
    sharer = start(clean, "sharer", "container:target")
    assert "docker0" in shell(sharer, "ls /sys/class/net")
    assert shell(sharer, "hostname") == shell(clean.container("target"), "hostname")


@pytest.mark.parametrize(
    ("host", "config", "text"),
    [
        ({"Links": ["target:x"]}, {}, "container type network can't be used with links"),
        ({"Dns": ["1.1.1.1"]}, {}, "dns and the network mode"),
        ({"ExtraHosts": ["a:1.2.3.4"]}, {}, "custom host-to-IP mapping and the network mode"),
        ({"PublishAllPorts": True}, {}, "port publishing and the container type network mode"),
        ({}, {"Hostname": "x"}, "hostname and the network mode"),
        ({}, {"ExposedPorts": {"80/tcp": {}}}, "port exposing and the container type network"),
        ({}, {"MacAddress": "02:00:00:00:00:01"}, "mac-address and the network mode"),
    ],
)
def test_what_sharing_does_not_go_with(clean, host, config, text):
    start(clean, "target", "bridge")
    body = {
        "Image": "busybox", **config, "HostConfig": {"NetworkMode": "container:target", **host},
    }  # fmt: skip
    with pytest.raises(errors.InvalidArgument, match=f"conflicting options: .*{text}"):
        clean.api.container_create(body, name="sharer")


def test_a_container_cannot_share_its_own_network(clean: Engine) -> None:
    made = clean.create("busybox", "true", name="loop")
    other = clean.create("busybox", "true", name="other", network="container:loop")
    with pytest.raises(errors.Conflict, match="cannot join network of a non running container"):
        other.start()
    with pytest.raises(errors.InvalidArgument, match=r"Invalid network mode.*container:<name\|id>"):
        clean.create("busybox", "true", network="container:")
    early = clean.create("busybox", ["sleep", "1000"], network="container:nosuch")
    with pytest.raises(errors.NotFound, match="No such container: nosuch"):
        early.start()
    nosuch = start(clean, "nosuch", "bridge")
    assert early.start().attrs["HostConfig"]["NetworkMode"] == f"container:{nosuch.id}"
    assert made.status == "created"


def test_links_on_the_default_bridge(clean: Engine) -> None:
    body = {
        "Image": "busybox", "Cmd": ["sleep", "1000"], "Env": ["PASSWORD=secret"],
        "ExposedPorts": {"5432/tcp": {}},
    }  # fmt: skip
    database = clean.api.container_create(body, name="database")["Id"]
    clean.api.container_start(database)
    web = start(clean, "web", "bridge", Links=["database:db"])
    address = clean.container("database").ip_address
    assert shell(web, "cat /etc/hosts").endswith(f"{address}\tdb {database[:12]} database\n")
    assert web.exec(["ping", "-c", "1", "-W", "1", "db"]).exit_code == 0
    env = shell(web, "tr '\\0' '\\n' </proc/1/environ").split("\n")
    assert "DB_NAME=/web/db" in env
    assert f"DB_PORT_5432_TCP=tcp://{address}:5432" in env
    assert "DB_ENV_PASSWORD=secret" in env
    assert clean.api.container_inspect("web")["HostConfig"]["Links"] == ["/database:/web/db"]
    web.stop(timeout_s=0)
    clean.container("database").stop(timeout_s=0)
    with pytest.raises(errors.Conflict, match="Cannot link to a non running container: /database"):
        web.start()
    clean.api.call("DELETE", "/containers/web/db", {"link": 1})
    web.start()
    with pytest.raises(errors.InvalidArgument, match="could not get container for nosuch"):
        start(clean, "third", "bridge", Links=["nosuch"])


def test_a_failed_start_gives_everything_back(clean: Engine) -> None:
    """The second network has no address left: the first one's must be free again."""
    clean.api.network_create({"Name": "red", "IPAM": {"Config": [{"Subnet": "10.71.0.0/24"}]}})
    clean.api.network_create({"Name": "tiny", "IPAM": {"Config": [{"Subnet": "10.72.0.0/30"}]}})
    start(clean, "only", "tiny")
    body = {
        "Image": "busybox", "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": "red"},
        "NetworkingConfig": {"EndpointsConfig": {"red": {}, "tiny": {}}},
    }  # fmt: skip
    clean.api.container_create(body, name="late")
    for _ in range(3):
        with pytest.raises(errors.Unavailable, match="no available IPv4 addresses on this network"):
            clean.api.container_start("late")
        inspected = clean.api.container_inspect("late")["NetworkSettings"]["Networks"]
        assert inspected["red"]["IPAddress"] == ""
        assert clean.api.network_inspect("red")["Containers"] == {}
    clean.container("only").remove(force=True)
    clean.api.container_start("late")
    found = clean.api.container_inspect("late")["NetworkSettings"]["Networks"]
    assert [found[name]["IPAddress"] for name in ("red", "tiny")] == ["10.71.0.2", "10.72.0.2"]
    # A connect that cannot be leaves a running container as it was.
    other = start(clean, "other", "red")
    with pytest.raises(errors.Unavailable):
        clean.api.network_connect("tiny", "other")
    assert shell(other, "ls /sys/class/net").split() == ["eth0", "lo"]
    assert list(clean.api.container_inspect("other")["NetworkSettings"]["Networks"]) == ["red"]


def test_a_name_that_is_taken_inside(clean: Engine) -> None:
    """Who made itself a link called eth1 cannot be connected, and keeps what he has."""
    clean.api.network_create({"Name": "red"})
    odd = start(clean, "odd", "bridge", CapAdd=["NET_ADMIN"])
    before = shell(odd, "ip link add eth1 type bridge; ls /sys/class/net; ip route")
    assert "eth1" in before
    with pytest.raises(errors.MiniDockerError, match="eth1"):
        clean.api.network_connect("red", "odd")
    assert shell(odd, "ls /sys/class/net; ip route") == before
    assert clean.api.network_inspect("red")["Containers"] == {}
    assert list(clean.api.container_inspect("odd")["NetworkSettings"]["Networks"]) == ["bridge"]
    shell(odd, "ip link del eth1")
    clean.api.network_connect("red", "odd")
    assert "eth1" in shell(odd, "ip -o -4 addr")
