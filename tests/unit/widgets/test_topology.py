import xml.etree.ElementTree as ET
from itertools import combinations

import pytest

from pyminidocker.errors import InvalidArgument
from pyminidocker.widgets.scene import Group, Label
from pyminidocker.widgets.svg import to_svg
from pyminidocker.widgets.wiring.facts import element_facts
from pyminidocker.widgets.wiring.plan import cable_road, make_plan, mates, wire_road
from pyminidocker.widgets.wiring.reading import read_host
from pyminidocker.widgets.wiring.scene import draw_topology
from pyminidocker.widgets.wiring.view import Topology, topology
from pyminidocker.widgets.wiring.words import changes, topology_table
from tests.support.lab_documents import LAB, Lab, Quiet, crowd, handshake, pair, small


@pytest.fixture
def host():
    return read_host(small().document())


def two():
    return tuple(read_host(lab.document()) for lab in pair())


def groups(scene):
    return {item.key: item for item in scene.items if isinstance(item, Group) and item.key}


def words(items):
    for item in items:
        if isinstance(item, Group):
            yield from words(item.items)
        elif isinstance(item, Label):
            yield item.text


# ------------------------------------------------------------------------------------- the model


def test_cables_have_two_known_ends(host):
    ends = {(c.container.name, c.inner.name, host.network_of(c.bridge.name)) for c in host.cables()}
    assert ends == {
        ("web", "eth0", "bridge"), ("web", "eth1", "front"),
        ("db", "eth0", "bridge"), ("app", "eth0", "front"),
    }  # fmt: skip


def test_a_port_whose_other_end_nobody_knows_is_a_spare_one():
    lab = small()
    bridge = lab.links[2]["Index"]
    lab._add("veth0000001", "veth", Bridge=bridge, PeerIndex=2, PeerInode=99)
    host = read_host(lab.document())
    assert len(host.cables()) == 4
    assert [port.name for port in host.spare_ports()] == ["veth0000001"]
    assert ["ports", "3, 1 of them wait for containers"] in element_facts((host,))[
        "default/bridge/bridge"
    ]["rows"]


def test_a_shared_namespace_is_one_box_and_a_guest_of_the_host_has_none():
    lab = small()
    lab.containers[1]["SharedBy"] = ["helper"]
    lab.guests = ["proxy"]
    host = read_host(lab.document())
    names = {c.name: c for c in host.containers}
    assert "db + helper" in names
    assert names["proxy"].is_guest
    assert "(lab host's)" in topology_table((host,))


def test_a_document_without_a_lab_is_refused():
    document = small().document()
    document["Namespaces"] = document["Namespaces"][1:]
    with pytest.raises(ValueError, match="no lab host"):
        read_host(document)


def test_uplink_is_where_the_default_route_leads(host):
    assert host.uplink.name == "uplink"
    document = small().document()
    document["Namespaces"][0]["Routes"] = []
    assert read_host(document).uplink is None


def test_wires_are_matched_by_names_and_subnet():
    assert mates(two()) == {("a", "eth1"): (("b", "eth1"),), ("b", "eth1"): (("a", "eth1"),)}
    assert mates(two()[:1]) == {}


# ------------------------------------------------------------------------------------ the layout


def boxes(plan):
    for placed in plan.hosts:
        yield from placed.boxes.values()
        yield from placed.bridges.values()
        yield from placed.tunnels.values()
        yield from (placed.router, placed.uplink, placed.outside)
        yield from placed.wires.values()


def overlap(one, other):
    return (
        one.x < other.right - 0.01
        and other.x < one.right - 0.01
        and one.y < other.bottom - 0.01
        and other.y < one.bottom - 0.01
    )


def three_bridges():
    lab = Lab()
    bridges = [lab.bridge(name, 17 + n) for n, name in enumerate(("bridge", "front", "back"))]
    for n, bridge in enumerate(bridges):
        for c in range(4 * n):
            lab.container(f"n{n}c{c}", (bridge, f"172.{17 + n}.0.{c + 2}"))
    lab.container("all", *((b, f"172.{17 + n}.0.99") for n, b in enumerate(bridges)))
    lab.container("none")
    lab.guests = ["guest"]
    return lab


def switched():
    """Three lab hosts on one wire with three ends, and a fourth that is not in the picture."""
    labs = [Lab(name, LAB + 1000 * n) for n, name in enumerate("abc")]
    for n, lab in enumerate(labs, 1):
        lab.bridge("bridge", 17)
        lab.wire(
            "eth1", f"10.0.0.{n}/24", ", ".join(other.name for other in labs if other is not lab)
        )
        lab.wire("eth2", f"10.1.{n}.1/24", "d")
    return tuple(read_host(lab.document()) for lab in labs)


ALL = {
    "a switch": switched,
    "small": lambda: (read_host(small().document()),),
    "empty": lambda: (read_host(Lab().document()),),
    "three bridges": lambda: (read_host(three_bridges().document()),),
    "fifty": lambda: (read_host(crowd(50).document()),),
    "two hundred": lambda: (read_host(crowd(200).document()),),
    "two hosts": two,
}


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", ALL)
def test_nothing_overlaps_and_nothing_is_outside(name, narrow):
    hosts = ALL[name]()
    plan = make_plan(hosts, narrow=narrow)
    places = list(dict.fromkeys(boxes(plan)))  # folded containers share a place
    for one, other in combinations(places, 2):
        assert not overlap(one, other), (one, other)
    for place in places:
        assert place.x >= 0
        assert place.right <= plan.width
        assert place.bottom <= plan.height
    for points in plan.roads.values():
        assert all(0 <= x <= plan.width and 0 <= y <= plan.height for x, y in points)


@pytest.mark.parametrize("name", ALL)
def test_every_cable_ends_at_its_bridge(name):
    for placed in make_plan(ALL[name]()).hosts:
        for cable in placed.host.cables():
            x, y = placed.cables[cable.port.index][-1]
            bridge = placed.bridges[cable.bridge.index]
            assert bridge.x <= x <= bridge.right
            assert y == bridge.y


def test_cables_of_tiles_run_in_lanes_of_their_own():
    (placed,) = make_plan(ALL["fifty"]()).hosts
    ends = [points[-1][0] for points in placed.cables.values()]
    assert placed.is_tiled
    assert len(set(ends)) == 50


def test_too_many_are_folded_and_counted():
    hosts = ALL["two hundred"]()
    (placed,) = make_plan(hosts).hosts
    ((count, spot),) = placed.folded.values()
    shown = len({place for place in placed.boxes.values() if place != spot})
    assert shown + count == 200
    scene = draw_topology(hosts, still=True)
    assert f"{count} more" in words(scene.items)
    assert len(element_facts(hosts)["default/more/docker0"]["rows"]) == 200


def test_the_halves_of_a_wire_meet():
    for narrow in (False, True):
        roads = make_plan(two(), narrow=narrow).roads
        assert roads[wire_road("a", "eth1")][-1] == roads[wire_road("b", "eth1")][-1]


def test_a_wire_with_three_ends_has_one_middle():
    for narrow in (False, True):
        plan = make_plan(switched(), narrow=narrow)
        assert len({plan.roads[wire_road(name, "eth1")][-1] for name in "abc"}) == 1
        assert {peer for _, peer in plan.stubs} == {"d"}


# ----------------------------------------------------------------------------------- the picture


@pytest.mark.parametrize("name", ALL)
def test_every_element_can_be_selected_and_has_facts(name):
    hosts = ALL[name]()
    keys = set(groups(draw_topology(hosts, still=False)))
    facts = set(element_facts(hosts))
    assert keys <= facts
    for host in hosts:
        for cable in host.cables():
            assert cable_road(host, cable) in keys


def test_both_ends_of_a_cable_are_named(host):
    texts = list(words(draw_topology((host,), still=False).items))
    for cable in host.cables():
        assert cable.inner.name in texts
        assert any(
            text.rstrip("…") and cable.port.name.startswith(text.rstrip("…")) for text in texts
        )


def test_addresses_routes_switches_and_ports_are_drawn(host):
    texts = " ".join(words(draw_topology((host,), still=False).items))
    for wanted in (
        "172.17.0.2", "default via 172.17.0.1", "172.18.0.1/16", "ip_forward on", "masquerade on",
        "8080", "web:80", "uplink", "192.0.0.2",
    ):  # fmt: skip
        assert wanted in texts


def test_what_is_broken_says_so():
    lab = small()
    lab.switches["ip_forward"] = False
    lab.containers[1]["Links"][1]["Up"] = False
    lab.networks[1]["Internal"] = True
    hosts = (read_host(lab.document()),)
    texts = " ".join(words(draw_topology(hosts, still=False).items))
    assert "ip_forward OFF" in texts
    assert "down" in texts
    assert "internal: no way out" in texts
    twin = topology_table(hosts)
    assert "ip_forward: off" in twin
    assert "no carrier" in twin


def test_isolated_ports_are_marked():
    lab = Lab()
    quiet = lab.bridge("quiet", 21)
    lab.container("one", (quiet, "172.21.0.2"), Isolated=True)
    host = read_host(lab.document())
    assert "isolated" in words(draw_topology((host,), still=True).items)
    assert "isolated" in topology_table((host,))


def test_saved_forms_hold_no_random_names(host):
    for saved in (to_svg(draw_topology((host,), still=True)), topology_table((host,))):
        for link in host.lab.links:
            if link.name.startswith(("veth", "br-")):
                assert link.name not in saved
    live = to_svg(draw_topology((host,), still=False))
    assert any(link.name in live for link in host.lab.links if link.name.startswith("veth"))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("still", [False, True])
def test_picture_is_valid_and_described(name, still):
    scene = draw_topology(ALL[name](), still=still)
    ET.fromstring(to_svg(scene))
    assert scene.desc.endswith(".")
    assert "lab host" in scene.title


def test_description_names_who_is_on_which_bridge(host):
    desc = draw_topology((host,), still=True).desc
    assert "on docker0: web 172.17.0.2, db 172.17.0.3" in desc
    assert "on front: web 172.18.0.2, app 172.18.0.3" in desc


# ------------------------------------------------------------------------------------- the words


def test_changes_are_said_in_words(host):
    lab = small()
    lab.container("new", (lab.links[2]["Index"], "172.17.0.9"))
    lab.switches["masquerade"] = False
    said = changes((host,), (read_host(lab.document()),))
    assert "New: container new, cable from new eth0 to docker0." in said
    assert "Switched: masquerade is OFF." in said
    assert changes((read_host(lab.document()),), (host,)).startswith("Gone: container new")
    assert changes((host,), (host,)) == ""


def test_twin_of_a_cable(host):
    twin = topology_table((host,))
    row = next(line for line in twin.splitlines() if line.startswith("app "))
    assert row.split()[1:4] == ["eth0", "172.18.0.3/16", "172.18.0.1"]
    assert "veth… on front" in row
    assert "published 8080/tcp -> web:80" in twin


# -------------------------------------------------------------------------------------- the view


def test_view_follows_the_kernel():
    source = Quiet(small())
    view = Topology([source], live=False)
    before = view.pictures
    view.refresh()
    assert view.pictures == before
    source.lab.container("late", (source.lab.links[2]["Index"], "172.17.0.8"))
    view.refresh()
    assert "late" in view.pictures["wide"]
    assert "container late" in view.message
    assert "default/container/late" in view.details
    view.close()


def test_selection_survives_until_its_element_goes():
    source = Quiet(small())
    view = Topology([source], live=False)
    view.selected = "default/container/app"
    view.refresh()
    assert view.selected == "default/container/app"
    source.lab.containers = source.lab.containers[:2]
    view.refresh()
    assert view.selected in view.details
    view.close()


def test_saved_output_has_picture_text_and_alternative():
    view = Topology([Quiet(small())], live=False)
    data, metadata = view._repr_mimebundle_()
    assert data["text/plain"] == str(view) == view.text()
    assert "on docker0: web" in metadata["image/png"]["alt"]
    view.close()


def test_packets_reach_the_page_and_the_table():
    source = Quiet(small())
    view = Topology([source], live=False)
    sent = []
    view.send = lambda content, buffers=None: sent.append(content)
    view._take([("default", packet) for packet in handshake(source.lab, "web", "db")])
    (message,) = sent
    assert message["seen"] == len(message["sights"]) == len(view.packets)
    assert "web eth0 to docker0" in view.packet_table()
    assert view.packet_table(2).count("\n") == 1
    view.close()


def test_more_than_three_hosts_are_refused():
    with pytest.raises(InvalidArgument, match="1 to 3"):
        topology(*"abcd")
