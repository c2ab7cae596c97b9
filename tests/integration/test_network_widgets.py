"""The network widgets on the kernel's own state: real bridges, packets, rules and connections."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pyminidocker.client.container import Container
from pyminidocker.client.engine import Engine
from pyminidocker.client.engine_client import EngineClient
from pyminidocker.errors import InvalidArgument, NotFound, Unavailable

pytest.importorskip("anywidget")
import pyminidocker
from pyminidocker.widgets import packet_walk, topology, vantage_grid
from pyminidocker.widgets.wiring.view import Topology
from tests.support import hosts
from tests.support.hosts import web
from tests.support.talker import P

PORT = P + 99


class Room:
    """A small network: web and app on ``front``, db on the default bridge."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        engine.api.network_create(
            {"Name": "front", "IPAM": {"Config": [{"Subnet": "10.77.0.0/24"}]}}
        )
        self.web = web(engine, "web", "--network", "front", "-p", f"{PORT}:80")
        self.app = engine.run("busybox", "sleep 1000", detach=True, name="app", network="front")
        self.db = engine.run("busybox", "sleep 1000", detach=True, name="db")

    def clean(self) -> None:
        for container in (self.web, self.app, self.db):
            container.remove(force=True)
        self.engine.api.network_remove("front")


@pytest.fixture
def room(engine: Engine) -> Iterator[Room]:
    made = Room(engine)
    yield made
    made.clean()


@pytest.fixture
def live(room: Room) -> Iterator[Topology]:
    view = topology(room.engine)
    yield view
    feed = view._feed
    view.close()
    assert feed is None or feed.join(), [t for t in feed._threads if t.is_alive()]


def wait_for(view: Topology, *traits: str, until: Any) -> None:
    """Wait until a trait's change makes ``until()`` true."""
    there = threading.Event()

    def look(_change: Any = None) -> None:
        if until():
            there.set()

    view.observe(look, list(traits))
    look()
    assert there.wait(20)
    view.unobserve(look, list(traits))


def packets(view: Topology, run: Any, *, until: Any) -> None:
    """Run something while the view listens, until ``until()`` about its packets is true."""
    there, take = threading.Event(), view._take

    def taking(batch: Any) -> None:
        take(batch)
        if until():
            there.set()

    view._feed._batch = taking
    run()
    assert there.wait(20), view.packet_table()


def test_topology_says_what_the_kernel_has(room: Room, live: Topology) -> None:
    (host,) = live.hosts
    ends = {(c.container.name, c.inner.ip, host.network_of(c.bridge.name)) for c in host.cables()}
    assert ends == {
        ("web", room.web.ip, "front"), ("app", room.app.ip, "front"), ("db", room.db.ip, "bridge"),
    }  # fmt: skip
    twin = live.text()
    assert "10.77.0.1" in twin
    assert f"published {PORT}/tcp -> web:80" in twin
    assert "ip_forward: on" in twin
    assert host.uplink is not None
    assert "masquerade" in str(live.details[f"{host.name}/router/NAT"])


def test_topology_is_the_same_on_every_run(room: Room) -> None:
    first, again = topology(room.engine, live=False), topology(room.engine, live=False)
    assert str(first) == str(again)
    assert first.png() == again.png()
    first.close()
    again.close()


def test_topology_follows_connect_and_disconnect(room: Room, live: Topology) -> None:
    room.engine.api.network_connect("front", room.db.id)
    wait_for(live, "message", until=lambda: "cable from db eth1 to front" in live.message)
    assert len(live.hosts[0].cables()) == 4
    room.engine.api.network_disconnect("front", room.db.id)
    wait_for(live, "message", until=lambda: "Gone: cable from db eth1" in live.message)
    assert "db/eth1" not in str(live.roads)


def test_topology_shows_packets_on_their_way(room: Room, live: Topology) -> None:
    def pongs() -> list[Any]:
        return [s for s in live.packets if s.label == "pong" and "app" in s.where]

    packets(
        live,
        lambda: room.app.exec(["ping", "-c", "1", "-W", "2", room.web.ip]),
        until=lambda: len(pongs()) == 1,
    )
    ways = [s.where for s in live.packets if s.label in ("ping", "pong")]
    assert ways == [
        "app eth0 to front", "front to web eth0", "web eth0 to front", "front to app eth0",
    ]  # fmt: skip


def test_a_question_to_all_goes_to_all(room: Room, live: Topology) -> None:
    third = room.engine.run("busybox", "sleep 1000", detach=True, name="third", network="front")
    try:
        wait_for(live, "message", until=lambda: "container third" in live.message)

        def asked() -> set[str]:
            return {s.where for s in live.packets if s.label == "who has .99?"}

        def all_were() -> bool:
            return {
                "front to web eth0",
                "front to third eth0",
                "bridge front to routing",
            } <= asked()

        packets(
            live,
            lambda: room.app.exec(["ping", "-c", "1", "-W", "1", "10.77.0.99"]),
            until=all_were,
        )
        assert "front to db eth0" not in asked()
        first = next(s for s in live.packets if s.where == "front to web eth0" and "who" in s.label)
        copies = {s.where for s in live.packets if s.burst == first.burst}
        assert copies >= {"front to web eth0", "front to third eth0"}
    finally:
        third.remove(force=True)


def test_only_one_picture_follows_at_a_time(room: Room, live: Topology) -> None:
    newer = topology(room.engine)
    assert not live.live
    assert "newer picture" in live.message
    feed = newer._feed
    newer.close()
    assert feed.join()


def test_a_silent_engine_is_said(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    view = topology(room.engine, live=False)
    monkeypatch.setattr(view._sources[view.hosts[0].name]._api, "topology", _gone)
    view._refresh_quietly()
    assert "no such thing" in view.message
    view.close()


def _gone() -> None:
    raise NotFound("no such thing")


# ----------------------------------------------------------------------------------- packet walk


def places(steps: Any) -> list[str]:
    return [step.place for step in steps if step.kind == "seen"]


def test_walk_to_a_neighbour(room: Room) -> None:
    view = packet_walk("app", "web:80", engine=room.engine)
    walk = view.walk
    assert walk.succeeded
    assert "web@" in walk.outcome
    assert places(walk.there) == [
        "leaves by app eth0", "enters by port of app on front",
        "leaves by port of web on front", "enters by web eth0",
    ]  # fmt: skip
    assert places(walk.back) == [
        "leaves by web eth0", "enters by port of web on front",
        "leaves by port of app on front", "enters by app eth0",
    ]  # fmt: skip
    assert walk.rewrites() == 0
    view.close()


def test_walk_to_the_outside_shows_masquerade_with_its_rule(room: Room) -> None:
    view = packet_walk(room.app, "192.0.2.1:9", engine=room.engine)
    (rewriting,) = [step for step in view.walk.there if step.kind == "rewritten"]
    assert rewriting.place == "source rewritten"
    assert rewriting.was_source.startswith(room.app.ip)
    kinds = {proof.kind: proof.text for proof in rewriting.evidence}
    assert "masquerade" in kinds["rule"]
    assert kinds["rule"].endswith("(+1)")
    assert room.app.ip in kinds["conntrack"]
    assert places(view.walk.there)[-1] == "leaves by uplink"
    assert any("host agent" in note for note in view.walk.notes)
    view.close()


def test_walk_without_masquerade_ends(room: Room) -> None:
    api = room.engine.api
    api.call("POST", "/minidocker/switches", None, {"masquerade": False})
    try:
        view = packet_walk("app", "192.0.2.1:9", engine=room.engine)
        assert view.walk.rewrites() == 0
        assert not view.walk.succeeded
        view.close()
    finally:
        api.call("POST", "/minidocker/switches", None, {"masquerade": True})


def test_walk_between_networks_ends_at_a_rule(room: Room) -> None:
    view = packet_walk("db", f"{room.web.ip}:80", engine=room.engine)
    end = view.walk.there[-1]
    assert (end.kind, end.note) == ("ended", "a rule dropped it")
    assert any("drop" in proof.text for proof in end.evidence)
    assert not view.walk.succeeded
    view.close()


def test_walk_from_the_machine_to_a_published_port(room: Room) -> None:
    view = packet_walk("machine", f"127.0.0.1:{PORT}", engine=room.engine)
    kinds = [step.kind for step in view.walk.there]
    assert kinds[:2] == ["seen", "proxied"]
    assert view.walk.there[1].destination == f"{room.web.ip}:80"
    assert places(view.walk.there)[-1] == "enters by web eth0"
    assert view.walk.succeeded
    view.close()


def test_walk_to_a_published_port_from_inside_is_rewritten_twice(room: Room) -> None:
    view = packet_walk("db", f"172.17.0.1:{PORT}", engine=room.engine)
    found = [step for step in view.walk.there if step.kind == "rewritten"]
    assert [step.place for step in found] == ["destination rewritten", "source rewritten"]
    assert "dnat" in found[0].evidence[0].text
    assert "masquerade" in found[1].evidence[0].text
    (undone,) = [step for step in view.walk.back if step.kind == "rewritten"]
    assert undone.place == "source and destination put back"
    assert view.walk.succeeded
    view.close()


def test_walk_says_the_same_on_every_run(room: Room) -> None:
    view = packet_walk("app", "web:80", engine=room.engine)
    first = (str(view), view.png())
    view.refresh()
    assert (str(view), view.png()) == first
    view.close()


def test_walk_of_what_is_not_there(room: Room) -> None:
    with pytest.raises(NotFound):
        packet_walk("nobody", "web:80", engine=room.engine)
    with pytest.raises(InvalidArgument, match="cannot ping"):
        packet_walk("machine", "web", engine=room.engine)


# ---------------------------------------------------------------------------------- vantage grid


def test_grid_tells_the_reasons_apart(room: Room) -> None:
    view = vantage_grid(
        ["machine", "lab", "app", "db"],
        ["web:80", f"{room.web.ip}:80", f"{room.web.ip}:81", f"127.0.0.1:{PORT}"],
        engine=room.engine,
        predictions={("app", "web:80"): True, ("db", "web:80"): True},
        fill=True,
    )
    words = {
        row: [view.grid.cell(r, c).word for c in range(4)] for r, row in enumerate(view.grid.rows)
    }
    lab = view.grid.rows[1]
    assert words["the machine"][0] == "no name"
    assert words["the machine"][3] == "yes"
    assert words[lab][:3] == ["no name", "yes", "refused"]
    assert words["app"] == ["yes", "yes", "refused", "refused"]
    assert words["db"] == ["no name", "no answer", "no answer", "refused"]
    assert "web@" in view.grid.cell(2, 0).outcome.said
    assert view.grid.cell(2, 0).verdict == "right"
    assert view.grid.cell(3, 0).verdict == "wrong"
    assert "1 of 2 predictions were right" in view.text()
    view.close()


def test_grid_tries_with_python_where_there_is_no_busybox(room: Room) -> None:
    snake = room.engine.run(
        "python", ["python3", "-c", "input()"], detach=True, name="snake", network="front",
        stdin_open=True,
    )  # fmt: skip
    try:
        view = vantage_grid([snake], ["web:80", "web:81", "nobody:80"], engine=room.engine)
        view.fill()
        assert [view.grid.cell(0, c).word for c in range(3)] == ["yes", "refused", "no name"]
        view.close()
    finally:
        snake.remove(force=True)


# ------------------------------------------------------------------------------------- two hosts


@pytest.fixture(scope="module")
def two(engine_home: Any) -> Iterator[list[Engine]]:
    with hosts.running("a", "b") as engines:
        yield engines


@pytest.fixture
def over(two: list[Engine]) -> Iterator[tuple[Engine, Engine, Container, Container]]:
    a, b = two
    a.wire(b)
    pyminidocker.overlay("multi", a, b, subnet="10.99.0.0/24", vni=42)
    left = a.run("busybox", "sleep 1000", detach=True, name="left", network="multi")
    right = web(b, "right", "--network", "multi")
    yield a, b, left, right
    hosts.clean(a, b)


def test_two_hosts_in_one_picture(over: tuple[Engine, Engine, Container, Container]) -> None:
    a, b, _, _ = over
    view = topology(a, b, live=False)
    roads = view.roads["wide"]
    assert roads["a/wire/eth1"][-1] == roads["b/wire/eth1"][-1]
    assert "tunnel VXLAN 42 on multi" in view.text()
    view.close()


def test_a_picture_does_not_start_the_engine_that_was_stopped(engine_home: Any) -> None:
    """A lesson's end stops its further hosts while their picture is still on the page."""
    with hosts.running("gone") as (gone,):
        view = topology(gone)
        gone.shutdown()
        with pytest.raises(Unavailable):
            view.refresh()
        view.close()
        with pytest.raises(Unavailable):
            EngineClient("gone", autostart=False).ping()


def test_walk_over_an_overlay_is_packed_and_unpacked(
    over: tuple[Engine, Engine, Container, Container],
) -> None:
    a, b, left, _ = over
    view = packet_walk(left, "right:80", b, engine=a)
    there = view.walk.there
    assert [step.host for step in there] == ["a"] * 4 + ["b"] * 4
    assert [bool(step.outer) for step in there] == [False] * 3 + [True] * 2 + [False] * 3
    assert there[3].outer[2] == 42
    assert len({(step.source, step.destination) for step in there}) == 1
    assert view.walk.succeeded
    view.close()


def test_grid_over_two_hosts(over: tuple[Engine, Engine, Container, Container]) -> None:
    a, b, _, _ = over
    view = vantage_grid(["left", ("b", (b, "right"))], ["right:80", "left"], engine=a, fill=True)
    assert [view.grid.cell(r, c).word for r in range(2) for c in range(2)] == ["yes"] * 4
    assert view.grid.rows == ("left", "b")
    view.close()
