"""A snapshot tells what the kernel has."""

import msgspec

from pyminidocker.network.lab import LabNetwork
from pyminidocker.network.plans import AddressPlan, BridgePlan
from pyminidocker.network.topology import Address, Route, take_snapshot
from tests.support.netlab import World, in_world


@in_world
def test_snapshot_shows_bridge_cable_and_tables(world: World) -> None:
    lab = LabNetwork()
    lab.setup_lab()
    lab.setup_bridge(BridgePlan("docker0", "172.17.0.0/16", "172.17.0.1"))
    netns = world.new_netns()
    prepared = lab.prepare_endpoint(netns)
    plan = lab.plan_endpoint(prepared, AddressPlan("172.17.0.2", 16, "172.17.0.1"))
    world.play(netns, plan)
    with world.listen(world.lab, ("172.17.0.1", 80)):
        world.connect(netns, ("172.17.0.1", 80)).close()

    outer = take_snapshot()
    inner = take_snapshot(netns, world.lab)
    assert msgspec.json.encode([outer, inner])

    links = {link.name: link for link in outer.links}
    assert set(links) == {"lo", "uplink", "docker0", prepared.host_link}
    assert links["lo"].kind == "loopback"
    bridge, port = links["docker0"], links[prepared.host_link]
    assert (bridge.kind, bridge.mac, bridge.mtu_bytes) == ("bridge", "02:42:ac:11:00:01", 1500)
    assert bridge.is_up
    assert bridge.bridge_index == 0
    assert (port.kind, port.port_state, port.bridge_index) == ("veth", "forwarding", bridge.index)
    assert port.peer_nsid >= 0

    (eth0,) = [link for link in inner.links if link.name == "eth0"]
    assert (eth0.peer_index, port.peer_index) == (port.index, eth0.index)
    assert eth0.has_carrier
    assert Address(bridge.index, "172.17.0.1", 16) in outer.addresses
    assert inner.addresses == [Address(eth0.index, "172.17.0.2", 16)]
    assert set(inner.routes) == {
        Route("default", "172.17.0.1", eth0.index, ""),
        Route("172.17.0.0/16", "", eth0.index, "172.17.0.2"),
    }
    (known,) = inner.neighbours
    assert (known.ip, known.mac) == ("172.17.0.1", bridge.mac)
    found = {(entry.mac, entry.is_own) for entry in outer.learned if entry.port_index == port.index}
    assert found == {("02:42:ac:11:00:02", False), (port.mac, True)}
