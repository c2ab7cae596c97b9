import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from pyminidocker.widgets.packetwalk.ask import merged
from pyminidocker.widgets.packetwalk.model import ENDED, PROXIED, REWRITTEN, SEEN, steady
from pyminidocker.widgets.packetwalk.packets import Ends
from pyminidocker.widgets.packetwalk.records import Flow, Records, counted
from pyminidocker.widgets.packetwalk.scene import draw_walk
from pyminidocker.widgets.packetwalk.trace import Tracer
from pyminidocker.widgets.packetwalk.view import PacketWalk
from pyminidocker.widgets.packetwalk.words import step_details, walk_table
from pyminidocker.widgets.scene import Group
from pyminidocker.widgets.svg import to_svg
from pyminidocker.widgets.wiring.model import Rule
from pyminidocker.widgets.wiring.reading import read_host
from tests.support.lab_documents import pair, ping, seen, small, tcp, vxlan

MASQUERADE = Rule(
    "masquerade", "oifname != @bridges counter masquerade", "lab's address", 3, 180, 1
)
DNAT = Rule("published", "tcp dport 8080 counter dnat ip to 172.17.0.2:80", "web", 0, 0, 2)


def later(rule, more=1):
    return Rule(rule.chain, rule.text, rule.comment, rule.packets + more, 0, rule.handle)


def records(labs, events, **more):
    hosts = tuple(read_host(lab.document()) for lab in labs)
    names = [host.name for host in hosts]
    given = {"before": dict.fromkeys(names, ()), "after": dict.fromkeys(names, ()), "flows": {}}
    return Records(hosts=hosts, events=events, **{**given, **more})


def kinds(steps):
    return [step.kind for step in steps]


# ------------------------------------------------------------------------------- to the outside


def outward(*, flows=True, answered=True, rules=True):
    """A container connects to the outside: masquerade rewrites its address."""
    lab = small()
    port = lab.port_of("db")
    inode = lab.containers[1]["Inode"]
    near, far = "172.17.0.3:40000", "203.0.113.9:80"
    masked = "192.0.0.2:40000"
    way = [
        ("eth0", "out", tcp(near, far, "SYN"), inode),
        (port, "in", tcp(near, far, "SYN"), 0),
        ("docker0", "in", tcp(near, far, "SYN"), 0),
        ("uplink", "out", tcp(masked, far, "SYN", ttl=63), 0),
    ]
    if answered:
        way += [
            ("uplink", "in", tcp(far, masked, "SYN", "ACK"), 0),
            ("docker0", "out", tcp(far, near, "SYN", "ACK", ttl=63), 0),
            (port, "out", tcp(far, near, "SYN", "ACK", ttl=63), 0),
            ("eth0", "in", tcp(far, near, "SYN", "ACK", ttl=63), inode),
        ]
    way.append((port, "in", tcp(near, far, "ACK"), 0))  # not a part of either packet
    events = [
        ("default", seen(lab, link, direction, 1000 + n * 1e-5, packet, inside))
        for n, (link, direction, packet, inside) in enumerate(way)
    ]
    entry = Flow(
        "tcp",
        Ends("172.17.0.3", 40000, "203.0.113.9", 80),
        Ends("203.0.113.9", 80, "192.0.0.2", 40000),
    )
    made = records(
        (lab,),
        events,
        before={"default": (MASQUERADE,)},
        after={"default": (later(MASQUERADE) if rules else MASQUERADE,)},
        flows={"default": (entry,) if flows else ()},
        from_ips=frozenset({"172.17.0.3"}),
    )
    return Tracer(made, "tcp").walk("db", "203.0.113.9:80", "reached: yes", succeeded=answered)


def test_the_first_packet_is_followed_with_what_rewrote_it():
    walk = outward()
    assert kinds(walk.there) == [SEEN, SEEN, SEEN, REWRITTEN, SEEN]
    rewriting = walk.there[3]
    assert rewriting.place == "source rewritten"
    assert (rewriting.was_source, rewriting.source) == ("172.17.0.3:40000", "192.0.0.2:40000")
    assert rewriting.was_destination == ""
    proofs = {proof.kind: proof.text for proof in rewriting.evidence}
    assert proofs["rule"] == (
        'masquerade: oifname != @bridges counter masquerade "lab\'s address" (+1)'
    )
    assert "answers 203.0.113.9:80 to 192.0.0.2:40000" in proofs["conntrack"]


def test_places_have_the_names_of_people():
    assert [step.place for step in outward().there if step.kind == SEEN] == [
        "leaves by db eth0",
        "enters by port of db on docker0",
        "enters by bridge docker0",
        "leaves by uplink",
    ]


def test_routing_shows_in_the_time_to_live():
    walk = outward()
    assert "forwarded by routing, ttl 63" in walk.there[-1].note
    assert "forwarded" not in walk.there[1].note


def test_the_answer_is_put_back_by_the_table_of_connections():
    walk = outward()
    assert kinds(walk.back) == [SEEN, REWRITTEN, SEEN, SEEN, SEEN]
    undone = walk.back[1]
    assert undone.place == "destination put back"
    assert [proof.kind for proof in undone.evidence] == ["conntrack"]
    assert undone.note == "the reverse of the way there"
    assert walk.back[-1].place == "enters by db eth0"


def test_without_the_table_the_captures_still_show_it():
    walk = outward(flows=False)
    assert walk.back[1].evidence == ()
    assert walk.back[1].note == "the reverse of the way there"


def test_a_rewriting_that_no_counter_explains_says_so():
    walk = outward(flows=False, rules=False)
    assert walk.there[3].evidence == ()
    assert "no rule that counted explains it" in walk.there[3].note
    assert walk.counted == ()


def test_what_is_beyond_the_uplink_is_said_and_not_drawn():
    walk = outward()
    assert any("host agent" in note for note in walk.notes)
    assert not [step for step in walk.there if step.host == "host agent"]


def test_no_answer_ends_where_it_was_seen_last():
    walk = outward(answered=False)
    assert walk.back == ()
    assert walk.there[-1].kind == ENDED
    assert walk.there[-1].note == "here it was seen last; nothing answered"


def test_times_count_from_the_first_sight():
    walk = outward()
    assert walk.there[0].at_us == 0
    assert walk.there[1].at_us == pytest.approx(10, abs=0.5)
    assert walk.there[3].at_us == -1  # nobody looked at a clock there


# ------------------------------------------------------------------------------------ other ways


def test_a_dropped_packet_names_the_rule():
    lab = small()
    packet = tcp("172.17.0.3:40000", "172.18.0.3:80", "SYN")
    port = lab.port_of("db")
    way = [(port, "in"), ("docker0", "in")] * 3  # sent three times
    events = [
        ("default", seen(lab, link, direction, 1000.0 + n, packet))
        for n, (link, direction) in enumerate(way)
    ]
    drop = Rule(
        "forward", "iifname @bridges oifname @bridges counter drop", "between networks", 0, 0
    )
    made = records(
        (lab,),
        events,
        before={"default": (drop,)},
        after={"default": (later(drop, 3),)},
        from_ips=frozenset({"172.17.0.3"}),
    )
    walk = Tracer(made, "tcp").walk("db", "172.18.0.3:80", "no answer: silence", succeeded=False)
    assert kinds(walk.there) == [SEEN, SEEN, ENDED]
    assert "between networks" in walk.there[-1].evidence[0].text
    assert walk.there[-1].note == "a rule dropped it"
    assert walk.notes == ("It was sent again 2 times, because nothing came back.",)


def test_the_machine_reaches_a_published_port_by_two_connections():
    lab = small()
    asked = Ends("127.0.0.1", 50000, "127.0.0.1", 8080)
    inner = tcp("172.17.0.1:41000", "172.17.0.2:80", "SYN")
    other = tcp("172.17.0.1:41001", "172.17.0.2:9", "SYN")
    events = [
        ("default", seen(lab, "docker0", "out", 999.0, other)),
        ("default", seen(lab, "docker0", "out", 1000.0, inner)),
        ("default", seen(lab, lab.port_of("web"), "out", 1000.1, inner)),
    ]
    walk = Tracer(records((lab,), events, asked=asked), "tcp").walk(
        "the machine", "127.0.0.1:8080", "reached: yes", succeeded=True
    )
    assert kinds(walk.there) == [SEEN, PROXIED, SEEN, SEEN]
    assert walk.there[0].host == "the machine"
    assert walk.there[1].was_destination == "127.0.0.1:8080"
    assert walk.there[1].destination == "172.17.0.2:80"
    assert "bytes are copied" in walk.there[1].note


def test_an_overlay_packs_and_the_other_host_unpacks():
    a, b = pair()
    inner = ping("172.20.0.2", "172.20.0.3")
    outer = vxlan("10.0.0.1", "10.0.0.2", 42, inner)
    events = [
        ("a", seen(a, a.port_of("c1"), "in", 1.0, inner)),
        ("a", seen(a, "vx-42", "out", 1.1, inner)),
        ("a", seen(a, "eth1", "out", 1.2, outer)),
        ("b", seen(b, "eth1", "in", 1.3, outer)),
        ("b", seen(b, "vx-42", "in", 1.4, inner)),
        ("b", seen(b, b.port_of("c2"), "out", 1.5, inner)),
    ]
    made = records((a, b), events, from_ips=frozenset({"172.20.0.2"}))
    walk = Tracer(made, "ping").walk("c1", "c2", "reached: yes", succeeded=True)
    assert kinds(walk.there) == [SEEN] * 6  # packed, but not rewritten
    assert walk.there[2].outer == ("10.0.0.1", "10.0.0.2", 42)
    assert walk.there[4].outer is None
    assert "packed into UDP, 10.0.0.1 to 10.0.0.2, VNI 42" in walk_table(walk)
    for narrow in (False, True):
        ET.fromstring(to_svg(draw_walk(walk, still=True, narrow=narrow)))
    assert "b: enters by tunnel VXLAN 42" in walk_table(walk)


def test_an_icmp_error_is_the_answer():
    lab = small()
    asked = ping("172.17.0.3", "203.0.113.9")
    port = lab.port_of("db")
    error = ping("172.17.0.1", "172.17.0.3", "host unreachable")
    error["Icmp"]["Quoted"] = asked
    events = [
        ("default", seen(lab, port, "in", 1.0, asked)),
        ("default", seen(lab, port, "out", 1.1, error)),
    ]
    made = records((lab,), events, from_ips=frozenset({"172.17.0.3"}))
    walk = Tracer(made, "ping").walk("db", "203.0.113.9", "unreachable: no way", succeeded=False)
    assert kinds(walk.there) == [SEEN]
    assert walk.back[0].source == "172.17.0.1"
    assert walk.notes == ("An ICMP error came from 172.17.0.1: host unreachable.",)


def test_nothing_seen_is_nothing_drawn():
    walk = Tracer(records((small(),), [], from_ips=frozenset({"1.1.1.1"})), "tcp").walk(
        "x", "y:80", "no answer: silence", succeeded=False
    )
    assert walk.steps == ()
    assert walk.notes == ("No packet of this request was seen in any lab host.",)
    ET.fromstring(to_svg(draw_walk(walk, still=True)))


def test_only_counters_that_went_up_count():
    assert counted((MASQUERADE, DNAT), (later(MASQUERADE, 2), DNAT)) == [(later(MASQUERADE, 2), 2)]
    assert counted((), (DNAT,)) == []


def test_at_the_same_time_a_frame_leaves_before_it_enters():
    lab = small()
    packet = tcp("172.17.0.3:40000", "172.17.0.2:80", "SYN")

    def at(link, direction, time):
        return "default", seen(lab, link, direction, time, packet)

    inside = [at("eth0", "out", 1.0), at("eth0", "in", 2.0)]
    outside = [at("p1", "in", 1.0), at("p2", "out", 1.0), at("p1", "out", 2.0)]
    order = [(e["Link"], e["Direction"]) for _, e in merged([outside, inside])]
    assert order == [
        ("eth0", "out"), ("p1", "in"), ("p2", "out"), ("p1", "out"), ("eth0", "in"),
    ]  # fmt: skip


# ----------------------------------------------------------------------------- picture and words


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("still", [False, True])
def test_picture_has_a_station_for_every_step(narrow, still):
    walk = outward()
    scene = draw_walk(walk, still=still, narrow=narrow)
    ET.fromstring(to_svg(scene))
    keys = [item.key for item in scene.items if isinstance(item, Group)]
    assert keys == [f"step-{n}" for n in range(1, len(walk.steps) + 1)] == list(step_details(walk))
    frames = [item.frame for item in scene.items if isinstance(item, Group)]
    assert all(one[1] + one[3] <= other[1] + 0.01 for one, other in pairwise(frames))


def test_saved_forms_hold_no_ports_of_the_moment():
    walk = outward()
    for saved in (
        walk_table(walk),
        to_svg(draw_walk(walk, still=True)),
        draw_walk(walk, still=True).desc,
    ):
        assert "40000" not in saved.replace("aria-label", "")
        assert "µs" not in saved
    assert "40000" in to_svg(draw_walk(walk, still=False), live="option")


def test_ports_people_chose_stay():
    assert steady("172.17.0.2:80 to 10.0.0.1:8080, 127.0.0.1:30080") == (
        "172.17.0.2:80 to 10.0.0.1:8080, 127.0.0.1:30080"
    )
    assert steady("172.17.0.2:32768 and 1.1.1.1:60999") == "172.17.0.2:* and 1.1.1.1:*"


def test_twin_says_what_the_picture_says():
    twin = walk_table(outward())
    assert re.search(r"there +4 +source rewritten +192\.0\.0\.2:\* +203\.0\.113\.9:80", twin)
    assert "source was 172.17.0.3:*" in twin
    assert "4: rule: masquerade" in twin
    assert "addresses were rewritten 2 times" in twin


def test_view_asks_again():
    asked = []

    def again():
        asked.append(1)
        return outward(answered=False)

    view = PacketWalk(outward(), again)
    view.selected = "step-10"
    view.refresh()
    assert asked == [1]
    assert view.selected == "step-1"
    assert not view.busy
    assert "seen no more" in str(view)
    data, metadata = view._repr_mimebundle_()
    assert data["image/png"]
    assert "Way of the SYN" in metadata["image/png"]["alt"]
    view.close()
