"""What an overlay network's options say, and which VXLAN device follows from the wires."""

import pytest

from pyminidocker.engine.overlay import Overlays, read_options
from pyminidocker.engine.records import NetworkRecord
from pyminidocker.engine.wires import Plug, PlugRequest, Wires
from pyminidocker.errors import Conflict, InvalidArgument


class Lab:
    """Notes what is asked of the lab's network."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []

    def __getattr__(self, name):
        return lambda *words: self.calls.append((name, *words))

    def taken(self) -> list[tuple]:
        calls, self.calls = self.calls, []
        return calls


class Engine:
    def __init__(self) -> None:
        self.lab_network = Lab()
        self.records: list[NetworkRecord] = []
        self.problems: list[str] = []
        self.report = self.problems.append
        self.is_stopping = False
        self.networks = self
        self.wires = Wires(self)
        self.overlays = Overlays(self)

    def list(self, filters=None):
        wanted = (filters or {}).get("driver")
        return [record for record in self.records if not wanted or record.driver in wanted]

    def network(self, **options: str) -> NetworkRecord:
        record = NetworkRecord(
            str(len(self.records)) * 64, "multi", "overlay", 0.0, bridge="br-1", options=options
        )
        record.subnet = "10.99.0.0/24"
        self.overlays.prepare(record)
        self.records.append(record)
        return record

    def plug(self, link: str, address: str, subnet: str, mtu: int = 1500) -> None:
        self.wires._plugs[link] = Plug(link, address, subnet, mtu, "", "")
        self.overlays.refresh()


@pytest.mark.parametrize(
    ("options", "vni", "peers"),
    [
        ({}, 0, []),
        ({"vni": "42", "peers": "10.0.0.1"}, 42, ["10.0.0.1"]),
        ({"peers": " 10.0.0.1, 10.0.0.2 ,,10.0.0.1"}, 0, ["10.0.0.1", "10.0.0.2"]),
        ({"com.docker.network.driver.overlay.vxlanid_list": "4097,4098"}, 4097, []),
        ({"peers": "fd00::2"}, 0, ["fd00::2"]),
    ],
)
def test_options(options, vni, peers):
    said = read_options(options)
    assert (said.vni, said.peers) == (vni, peers)


@pytest.mark.parametrize(
    "options", [{"vni": "0"}, {"vni": "-1"}, {"vni": "x"}, {"vni": "16777216"}, {"peers": "b"}]
)
def test_options_that_make_no_sense(options):
    with pytest.raises(InvalidArgument):
        read_options(options)


def test_numbers_are_given_out_once():
    engine = Engine()
    assert [engine.network().vni for _ in range(2)] == [4096, 4097]
    assert engine.network(vni="42").vni == 42
    with pytest.raises(Conflict, match="network multi of this host has VXLAN network identifier"):
        engine.network(vni="4097")


def test_the_mtu_is_what_the_narrowest_wire_leaves():
    engine = Engine()
    assert engine.network(peers="10.0.1.2").mtu_bytes == 1450  # no wire yet
    engine.records.clear()
    engine.plug("eth1", "10.0.1.1/24", "10.0.1.0/24", 9000)
    engine.plug("eth2", "10.0.2.1/24", "10.0.2.0/24", 1400)
    engine.plug("eth3", "fd00::1/64", "fd00::/64", 1400)
    for peers, mtu in (("10.0.1.2", 8950), ("10.0.1.2,10.0.2.2", 1350), ("fd00::2", 1330)):
        assert engine.network(peers=peers).mtu_bytes == mtu
        engine.records.clear()
    record = engine.network(**{"peers": "10.0.1.2", "com.docker.network.driver.mtu": "1500"})
    assert record.mtu_bytes == 1500


def test_the_device_follows_the_wires():
    engine = Engine()
    record = engine.network(vni="42", peers="10.0.1.2,10.0.2.2")
    engine.overlays.up(record)
    assert engine.lab_network.taken() == []
    assert engine.overlays.name_servers(record) == []
    engine.plug("eth1", "10.0.1.1/24", "10.0.1.0/24")
    assert engine.lab_network.taken() == [
        ("make_vxlan", "vx-42", 42, "10.0.1.1", ("10.0.1.2",), "br-1", 1450)
    ]
    engine.overlays.refresh()
    assert engine.lab_network.taken() == []
    assert engine.overlays.name_servers(record) == ["10.99.0.255"]
    engine.plug("eth2", "10.0.2.1/24", "10.0.2.0/24")
    assert engine.lab_network.taken() == [
        ("remove_link", "vx-42"),
        ("make_vxlan", "vx-42", 42, "", ("10.0.1.2", "10.0.2.2"), "br-1", 1450),
    ]
    engine.wires.unplug("eth1")
    assert engine.lab_network.taken() == [
        ("remove_plug", "eth1"),
        ("remove_link", "vx-42"),
        ("make_vxlan", "vx-42", 42, "10.0.2.1", ("10.0.2.2",), "br-1", 1450),
    ]
    engine.overlays.down(record)
    assert engine.lab_network.taken() == [("remove_link", "vx-42")]


def test_a_route_leads_to_more_peers_by_the_same_wire():
    engine = Engine()
    record = engine.network(vni="42", peers="10.0.1.2,10.0.9.2", peer_gateways="10.99.0.129")
    engine.plug("eth1", "10.0.1.1/24", "10.0.1.0/24")
    engine.lab_network.taken()
    engine.wires.add_route("10.0.9.0/24", "10.0.1.2")
    assert engine.lab_network.taken() == [
        ("add_route", "10.0.9.0/24", "10.0.1.2"),
        ("set_remotes", "vx-42", ("10.0.1.2", "10.0.9.2")),
    ]
    assert engine.overlays.name_servers(record) == ["10.99.0.129"]


def test_a_device_that_cannot_be_made_is_reported_not_fatal():
    engine = Engine()
    engine.network(vni="42", peers="10.0.1.2")

    def refuse(*_):
        raise Conflict("another device of that VNI")

    engine.lab_network.make_vxlan = refuse
    engine.plug("eth1", "10.0.1.1/24", "10.0.1.0/24")
    assert engine.problems == [
        "network multi does not reach other hosts: another device of that VNI"
    ]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("10.0.1.0/24", "not a host's in 10.0.1.0/24"),
        ("10.0.1.255/24", "not a host's in 10.0.1.0/24"),
        ("10.0.1.1/32", "no room for another host"),
        ("10.0.1.1", "invalid wire address"),
        ("0.0.0.1/0", "no room for another host"),
        ("", "invalid wire address"),
    ],
)
def test_addresses_no_plug_can_have(address, message):
    with pytest.raises(InvalidArgument, match=message):
        Engine().wires.check(PlugRequest(address))


def test_addresses_a_plug_can_have():
    wires = Engine().wires
    assert wires.check(PlugRequest("10.0.1.1/24")) == "10.0.1.0/24"
    assert wires.check(PlugRequest("10.0.1.0/31")) == "10.0.1.0/31"  # RFC 3021
    assert wires.check(PlugRequest("fd00::1/64")) == "fd00::/64"
