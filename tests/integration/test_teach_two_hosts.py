"""Lesson 15: its checks are met by what they ask for, and by nothing less."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pyminidocker
from pyminidocker.errors import NotFound
from pyminidocker.teach import Lesson, faults, surroundings
from pyminidocker.teach.by_hand import ByHand
from pyminidocker.teach.checks import Outcome
from pyminidocker.teach.solutions import lesson_15 as solutions

MODE = "com.docker.network.bridge.gateway_mode_ipv4"
WIRE = {"name": "lesson15", "subnet": "192.168.78.0/24", "fresh": True}


class World:
    """The lesson as its notebook leaves it before each exercise."""

    def __init__(self) -> None:
        self.lesson = Lesson("15")
        self.here = self.lesson.engine
        self.mars = self.lesson.host("mars")
        self.wire = pyminidocker.wire(self.here, self.mars, **WIRE)

    def look(self, check: str, *given: Any) -> Outcome:
        return self.lesson.plan.check(check).examine(self.lesson, *given)

    def says(self, check: str, words: str) -> bool:
        """Whether a check is not met, for this reason, and has three hints."""
        outcome = self.look(check)
        return not outcome.met and words in outcome.reason and len(outcome.hints) == 3

    def routed(self, mode: str = "nat-unprotected") -> None:
        self.mars.create_network("crater", subnet="10.15.2.0/24", options={MODE: mode}, fresh=True)
        self.idle(self.mars, "web", "crater")
        self.here.add_route("10.15.2.0/24", via="192.168.78.2")
        self.here.create_network("meadow", subnet="10.15.3.0/24", masquerade=False, fresh=True)
        self.idle(self.here, "guest", "meadow")

    def spanned(self) -> None:
        pyminidocker.overlay("span", self.here, self.mars, vni=42, fresh=True)
        self.idle(self.here, "phone", "span")
        shop = self.idle(self.mars, "shop", "span")
        shop.exec(["sh", "-c", "head -c 2000000 /dev/zero > /data; httpd -h /"])

    @staticmethod
    def idle(engine: Any, name: str, network: str) -> Any:
        return engine.run(
            "busybox", "sleep 999", name=name, network=network, detach=True, fresh=True
        )


@pytest.fixture
def world(engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = World()
    yield made
    made.lesson.reset()
    assert surroundings.running_hosts(made.lesson) == []
    assert surroundings.networks(made.lesson) == []
    assert list(pyminidocker.wires()) == []
    made.lesson.engine.close()


def test_the_way_back(world: World) -> None:
    world.routed()
    assert world.says("way-back", "knows no way to 10.15.3.0/24")
    world.mars.add_route("10.15.3.0/24", via="192.168.78.77")
    assert world.says("way-back", "to 192.168.78.77")
    solutions.make_way_back(world.mars)
    assert world.look("way-back").met
    world.here.remove_route("10.15.2.0/24")
    assert world.says("way-back", "gets no answer")
    world.wire.cut()
    assert "no wire to another host" in world.lesson.check("way-back").text()


def test_the_way_back_is_not_another_sender(world: World) -> None:
    world.routed()
    world.here.create_network("meadow", subnet="10.15.3.0/24", fresh=True)
    world.idle(world.here, "guest", "meadow")
    assert world.says("way-back", "hides its containers")


def test_a_protected_network_stays_closed(world: World) -> None:
    world.routed(mode="nat")
    solutions.make_way_back(world.mars)
    assert world.says("way-back", "knows the way back")


def test_unpacking(world: World) -> None:
    world.spanned()
    assert world.look("unpack", solutions.unpack).met

    def outer_twice(packet: dict[str, Any]) -> tuple[str, int, str]:
        there = packet["Ip"]["Destination"]
        return there, packet["Vxlan"]["Vni"], there

    assert not world.look("unpack", outer_twice).met
    first = world.look("unpack", lambda _: ("192.168.78.2", 42, "10.99.0.128"))
    assert not first.met, "an answer that fits one direction only"
    assert not world.look("unpack", lambda _: None).met


def test_names_across(world: World) -> None:
    world.spanned()
    assert world.says("across", "no container `cafe` on mars")
    cafe = world.idle(world.here, "cafe", "span")
    assert world.says("across", "on your own host")
    cafe.remove(force=True)
    world.idle(world.mars, "cafe", "bridge")
    assert world.says("across", "not on the network span")
    solutions.open_cafe(world.mars)
    assert world.look("across").met
    world.wire.cut()
    assert world.says("across", "no answer by that name")


def test_the_narrow_wire(world: World) -> None:
    world.spanned()
    fault = faults.find("standstill")
    assert not fault.broken(world.lesson, "shop")
    assert world.look("download").met
    assert "shop" in world.lesson.break_("standstill", "shop").text()
    assert fault.broken(world.lesson, "shop")
    shop = world.mars.container("shop").ip
    assert world.here.container("phone").exec(["ping", "-c", "1", "-W", "1", shop]).ok
    assert world.says("download", "long packets do not get across")
    solutions.let_it_pass(world.wire)
    assert world.look("download").met
    world.lesson.break_("standstill", "shop")
    fault.repair(world.lesson, "shop")
    assert not fault.broken(world.lesson, "shop")


def test_shorter_packets_are_a_cure_as_well(world: World) -> None:
    """The wire stays narrow; what TCP agrees on fits through it."""
    world.spanned()
    world.lesson.break_("standstill", "shop")
    inside = ByHand(world.here.api.netlink("phone"), "phone")
    inside.link("set", index=inside.link_lookup(ifname="eth0")[0], mtu=1350)
    inside.close()
    assert faults.find("standstill").broken(world.lesson, "shop")
    assert world.look("download").met


def test_two_halves(world: World) -> None:
    world.spanned()
    world.lesson.break_("wrong_vni", "span")
    assert world.says("meet", "another number")
    solutions.join_halves(world.here, world.mars)
    assert world.look("meet").met
    pyminidocker.wires()[0].cut()
    assert world.says("meet", "no wire between")
    pyminidocker.wire(world.here, world.mars, **WIRE)
    assert world.look("meet").met
    world.mars.api.fault_inject("wrong_vni", "span")
    assert world.says("meet", "right on your host")


def test_two_halves_may_agree_on_another_number(world: World) -> None:
    world.spanned()
    world.lesson.break_("wrong_vni", "span")
    world.mars.api.fault_inject("wrong_vni", "span")
    assert world.look("meet").met


def test_an_overlay_is_made_anew_under_its_containers(world: World) -> None:
    """A cell that makes it may be run again."""
    world.spanned()
    world.spanned()
    assert world.look("unpack", solutions.unpack).met


def test_without_the_other_host(engine: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    lesson = Lesson("15")
    for check in ("across", "download", "meet"):
        assert "mars does not run" in lesson.check(check).text()
    with pytest.raises(NotFound, match="no wire to another host"):
        lesson.break_("standstill", "shop")
    lesson.engine.close()
