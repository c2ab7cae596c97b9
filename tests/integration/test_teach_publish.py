"""Lesson 08: its checks are met by what they ask for, and by nothing less."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pyminidocker
from pyminidocker.teach import Lesson, faults, surroundings
from pyminidocker.teach.plans import checks_08
from pyminidocker.teach.solutions import lesson_08 as solutions

HERE, THERE = checks_08.HERE, checks_08.THERE
pytestmark = pytest.mark.timeout(120)


class World:
    """The lesson as its notebook leaves it before the exercises."""

    def __init__(self) -> None:
        self.lesson = Lesson("08")
        self.here = self.lesson.engine

    def afar(self) -> Any:
        venus = self.lesson.host("venus")
        pyminidocker.wire(self.here, venus, name="lesson08", subnet="192.168.79.0/24", fresh=True)
        return venus

    def met(self, check: str) -> bool:
        return bool(self.lesson.plan.check(check).examine(self.lesson).met)

    def says(self, check: str, words: str) -> bool:
        """Whether a check is not met, for this reason, and has three hints."""
        outcome = self.lesson.plan.check(check).examine(self.lesson)
        return not outcome.met and words in outcome.reason and len(outcome.hints) == 3

    def serve(self, name: str, address: str = "0.0.0.0", **options: Any) -> Any:
        box = self.here.run("busybox", "sleep 999", name=name, detach=True, fresh=True, **options)
        box.exec(["sh", "-c", f"echo {name} > /index.html; httpd -h / -p {address}:80"])
        return box


@pytest.fixture
def world(engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = World()
    yield made
    made.lesson.reset()
    assert surroundings.running_hosts(made.lesson) == []
    assert surroundings.networks(made.lesson) == []
    made.lesson.engine.close()


def test_a_front_door_is_for_the_other_host(world: World) -> None:
    world.afar()
    assert "no container called 'front'" in world.lesson.check("front").text()
    world.serve("front")
    assert world.says("front", "no port of the host leads to it")
    world.serve("front", ports=["127.0.0.1::80"])
    assert world.says("front", "the host's own loopback")
    solutions.open_front(world.here)
    assert world.met("front")
    world.here.container("front").stop(timeout_s=0)
    assert "does not run" in world.lesson.check("front").text()


def test_a_front_door_behind_which_nobody_listens(world: World) -> None:
    world.afar()
    world.serve("front", "127.0.0.1", ports=["80"])
    assert world.says("front", "gets no answer at")
    world.serve("front", ports=["81"])
    assert world.says("front", "gets no answer at")


def test_other_front_doors_count_as_well(world: World) -> None:
    """At an address of the wire alone; another server, which takes a moment to be there."""
    world.afar()
    world.serve("front", ports=[f"{HERE}:8080:80"])
    assert world.met("front")
    late = ["sh", "-c", "sleep 0.3; httpd -f -p 8000 -h /etc"]
    world.here.run("busybox", late, name="front", ports=["8000"], detach=True, fresh=True)
    assert world.met("front")


def test_a_back_door_is_for_this_machine_only(world: World) -> None:
    world.afar()
    world.serve("back")
    assert world.says("back", "no port of the host leads to it")
    world.serve("back", "127.0.0.1", ports=["127.0.0.1::80"])
    assert world.says("back", "this machine gets no answer")
    world.serve("back", ports=["80"])
    assert world.says("back", "and so does venus")
    solutions.open_back(world.here)
    assert world.met("back")


def test_a_cut_wire_makes_no_back_door(world: World) -> None:
    world.afar()
    world.serve("back", ports=["80"])
    pyminidocker.wires()[0].cut()
    assert world.says("back", "for everybody")


def test_both_doors_need_the_other_host(world: World) -> None:
    for name, solve in (("front", solutions.open_front), ("back", solutions.open_back)):
        solve(world.here)
        assert "The host venus does not run" in world.lesson.check(name).text()


def test_probe_shares_a_network_and_nothing_else(world: World) -> None:
    world.serve("app", "127.0.0.1")
    idle = {"name": "probe", "detach": True, "fresh": True}
    for network in ("bridge", "none", "host"):
        world.here.run("busybox", "sleep 999", network=network, **idle)
        assert world.says("probe", "in two network namespaces")
    solutions.start_probe(world.here)
    assert world.met("probe")
    page = world.here.container("probe").exec("wget -qO- http://127.0.0.1").strip()
    assert page == "app"


def test_the_way_out(world: World) -> None:
    world.afar()
    app = world.serve("app", ports=[f"{HERE}:8080:80"])
    assert world.met("way-out")
    assert "app" in world.lesson.break_("default_deny", "app").text()
    assert faults.find("default_deny").broken(world.lesson, "app")
    assert not app.exec(["ping", "-c", "1", "-W", "1", THERE]).ok
    assert checks_08.answers_from_afar(world.lesson, 8080), "published ports have their rule"
    assert world.says("way-out", "chain forward: policy drop")
    solutions.let_out(world.here)
    assert world.met("way-out")
    pyminidocker.wires()[0].cut()
    assert world.says("way-out", "does not answer")


def test_a_reset_repairs_the_lab(world: World) -> None:
    world.lesson.break_("default_deny", "")
    world.lesson.reset()
    assert not world.here.api.fault_look("default_deny")["IsBroken"]
