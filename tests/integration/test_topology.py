"""The picture of the lab, judged by what was asked of the engine; and that changes are told."""

import json
import socket
import threading

import pytest

from pyminidocker.client.engine_client import EngineClient
from tests.support.command_line import minidocker

SUBNET = "10.77.0.0/24"


@pytest.fixture
def network(engine):
    network = engine.create_network("topo-net", subnet=SUBNET)
    yield network
    network.remove()


@pytest.fixture
def boxes(engine, network):
    """One container on two networks, one that shares its namespace, one on the lab's, one alone."""
    made = []

    def run(name, **options):
        made.append(engine.run("busybox", "sleep 600", detach=True, name=name, **options))
        return made[-1]

    try:
        web = run("topo-web", network="topo-net")
        engine.network("bridge").connect("topo-web")
        run("topo-side", network="container:topo-web")
        run("topo-host", network="host")
        run("topo-none", network="none")
        yield web
    finally:
        for box in reversed(made):
            box.remove(force=True)


def by_name(document):
    return {one["Name"]: one for one in document["Namespaces"]}


def test_namespaces_cables_and_bridges(engine, network, boxes):
    document = engine.api.topology()
    lab, spaces = document["Namespaces"][0], by_name(document)
    assert lab["Kind"] == "lab"
    assert lab["SharedBy"] == ["topo-host"]
    web = spaces["topo-web"]
    assert (web["Kind"], web["ContainerId"], web["SharedBy"]) == (
        "container", boxes.id, ["topo-side"],
    )  # fmt: skip
    assert {"topo-side", "topo-host"}.isdisjoint(spaces)
    assert [link["Name"] for link in spaces["topo-none"]["Links"]] == ["lo"]
    bridges = {one["Name"]: one["Bridge"] for one in document["Networks"]}
    links = {link["Name"]: link for link in lab["Links"]}
    by_index = {link["Index"]: link for link in lab["Links"]}
    for name, subnet in (("bridge", "172.17.0."), ("topo-net", "10.77.0.")):
        bridge = links[bridges[name]]
        assert bridge["Kind"] == "bridge"
        (address,) = [
            one["Ip"] for one in lab["Addresses"] if one["LinkIndex"] == bridge["Index"]
            and "." in one["Ip"]
        ]  # fmt: skip
        assert address == f"{subnet}1"
        (cable,) = [
            link for link in lab["Links"]
            if link["Bridge"] == bridge["Index"] and link["PeerInode"] == web["Inode"]
        ]  # fmt: skip
        (far,) = [link for link in web["Links"] if link["Index"] == cable["PeerIndex"]]
        assert (far["PeerInode"], far["PeerIndex"]) == (lab["Inode"], cable["Index"])
        assert by_index[far["PeerIndex"]] is cable
        (inner,) = [one["Ip"] for one in web["Addresses"] if one["LinkIndex"] == far["Index"]]
        assert inner.startswith(subnet)
    spare = [link for link in lab["Links"] if link["Spare"]]
    assert all(link["PeerInode"] == 0 and link["Bridge"] for link in spare)
    defaults = [one for one in web["Routes"] if one["Destination"] == "default"]
    assert len(defaults) == 1
    (told,) = [one for one in document["Networks"] if one["Name"] == "topo-net"]
    assert told["Subnets"] == [SUBNET]


def test_rules_and_switches(engine):
    document = engine.api.topology()
    assert document["Switches"] == {"ip_forward": True, "masquerade": True}
    assert document["Rules"]
    assert {"Chain", "Hook", "Text", "Comment", "Packets", "Bytes", "Handle"} == set(
        document["Rules"][0]
    )


class Listener:
    """Somebody who listens for changes, in a thread."""

    def __init__(self) -> None:
        self.client = EngineClient()
        self.heard = threading.Semaphore(0)
        self.response = self.client.open("GET", "/minidocker/topology/changes")
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()
        assert self.heard.acquire(timeout=5), "the first is told at once"

    def _listen(self) -> None:
        try:
            for _ in self.response.json_lines():
                self.heard.release()
        except Exception:  # noqa: BLE001 - hung up
            return

    def drain(self) -> None:
        """Wait until it has been quiet for a while."""
        while self.heard.acquire(timeout=0.7):
            pass

    def close(self) -> None:
        self.response.connection.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.response.close()
        self.client.close()


@pytest.fixture
def listener(engine):
    listener = Listener()
    listener.drain()
    yield listener
    listener.close()


def test_changes_are_told(engine, listener):
    box = engine.run("busybox", "sleep 600", detach=True, name="topo-new", privileged=True)
    try:
        assert listener.heard.acquire(timeout=5), "a start"
        listener.drain()
        box.exec("ip link set lo mtu 20000")
        assert listener.heard.acquire(timeout=5), "a link inside a container"
        listener.drain()
        box.exec("ip route add 198.51.100.0/24 dev eth0")
        assert listener.heard.acquire(timeout=5), "a route inside a container"
        listener.drain()
    finally:
        box.remove(force=True)
    assert listener.heard.acquire(timeout=5), "an end"


def test_command_line(engine, network, boxes):
    run = minidocker("network", "topology")
    assert run.returncode == 0, run.stderr
    assert "bridge of network topo-net" in run.stdout
    assert "cable to eth0 of topo-web, topo-side" in run.stdout
    assert "container topo-none" in run.stdout
    assert "switches: ip_forward on, masquerade on" in run.stdout
    document = json.loads(minidocker("network", "topology", "--format", "json").stdout)
    assert set(by_name(document)) >= {"topo-web", "topo-none"}
    run = minidocker("network", "topology", "--format", "gif")
    assert run.returncode == 125


def test_a_published_port_leads_where_its_connections_go(engine):
    """Not to the first network by name, but to the one that leads outside."""
    with (
        engine.create_network("aside", internal=True) as aside,
        engine.create_network("street") as street,
        engine.run("busybox", "sleep 60", name="shop", network=["aside", "street"],
                   ports={"80/tcp": None}, detach=True) as shop,
    ):  # fmt: skip
        del aside
        where = next(one.ip for one in shop.networks if one.network == street.name)
        published = engine.api.topology()["Published"]
        assert {one["Ip"] for one in published} == {where}
        rule = next(rule for rule in engine.rules() if rule["Chain"] == "published")
        assert f"dnat ip to {where}:80" in rule["Text"]
