"""Lesson 06: its checks are met by what they ask for, and by nothing less."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyminidocker.teach import Lesson, cleanup, faults
from pyminidocker.teach.plans import checks_06 as checks
from pyminidocker.teach.solutions import lesson_06 as solutions

pytestmark = [pytest.mark.timeout(120), pytest.mark.requires("static-busybox")]
SHOP = (
    "#!/bin/sh\ntrap 'echo closed; exit 0' TERM\necho open\nwhile :; do sleep 0.1 & wait $!; done\n"
)


class World:
    """The lesson as its notebook leaves it before the exercises."""

    def __init__(self) -> None:
        self.lesson = Lesson("06")
        self.engine = self.lesson.engine
        with self.engine.create("busybox", ["/shop"]) as box:
            box.write_file("/shop", SHOP, mode=0o755)
            box.commit("shop")

    def run(self, image: str, command: Any, name: str, **options: Any) -> Any:
        return self.engine.run(image, command, name=name, detach=True, fresh=True, **options)

    def met(self, check: str, *given: Any) -> bool:
        return bool(self.lesson.plan.check(check).examine(self.lesson, *given).met)

    def says(self, check: str, words: str, *given: Any) -> bool:
        """Whether a check is not met, for this reason, and has three hints."""
        outcome = self.lesson.plan.check(check).examine(self.lesson, *given)
        return not outcome.met and words in outcome.reason and len(outcome.hints) == 3


@pytest.fixture
def world(engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = World()
    yield made
    made.lesson.reset()
    assert cleanup.volumes(made.lesson) == []
    assert cleanup.containers(made.lesson) == {}
    made.lesson.engine.close()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda code: "success", "For the code 1"),
        (lambda code: "failure" if code else "success", "For the code 137"),
        (lambda code: "success" if not code else f"signal {code - 128}", "For the code 1"),
    ],
)
def test_an_end_has_one_of_three_kinds(
    world: World, function: Callable[[int], str], words: str
) -> None:
    assert world.says("ended", words, function)
    assert world.met("ended", solutions.how_it_ended)


def test_the_shop_greets_and_still_hears(world: World) -> None:
    assert "no container called 'shop'" in world.lesson.check("polite").text()
    world.run("shop", ["/shop"], "shop")
    assert world.says("polite", "without a good morning")
    world.run("shop", ["sh", "-c", "echo good morning; /shop; echo bye"], "shop")
    assert world.says("polite", "did not: after 2 s it was killed")
    in_front = ["sh", "-c", "echo good morning; /shop; echo bye"]
    world.run("shop", in_front, "shop", init=True)
    assert world.says("polite", "without the line `closed`")
    solutions.open_shop(world.engine)
    assert world.met("polite")
    assert world.met("polite")  # it has stopped the shop, and opens it again


def test_the_clinic_keeps_no_zombies(world: World) -> None:
    box = world.run("busybox", "sleep 600", "clinic")
    assert world.says("reaped", "3 zombies")
    assert checks.processes(box) == (["sleep"], ["sleep"] * 3)
    solutions.open_clinic(world.engine)
    assert world.met("reaped")
    world.run("busybox", "true", "clinic").wait()
    assert "ends as soon as it is started" in world.lesson.check("reaped").text()


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("no", "the restart policy 'no'"),
        ("on-failure", "any number of"),
        ("on-failure:4", "4 times"),
    ],
)
def test_the_bell_rings_four_times(world: World, policy: str, words: str) -> None:
    world.run("busybox", ["sh", "-c", "echo ring; exit 1"], "bell", restart=policy)
    assert world.says("bell", words)


def test_a_bell_that_works_is_not_brought_back(world: World) -> None:
    world.run("busybox", ["sh", "-c", "echo ring"], "bell", restart="on-failure:3")
    assert world.says("bell", "1 rings")
    solutions.hang_bell(world.engine)
    assert world.met("bell")


def _diary(world: World, **options: Any) -> Callable[[Any], None]:
    def open_diary(_engine: Any) -> None:
        world.run("busybox", "sleep 600", "diary", **options)

    return open_diary


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"init": True}, "Nothing can be written"),
        ({"volumes": ["diary:/notes"]}, "killed after 2 s"),
        ({"init": True, "volumes": ["/notes"]}, "has not got what was written"),
        ({"init": True, "tmpfs": {"/notes": ""}}, "has not got what was written"),
    ],
)
def test_a_diary_is_kept(world: World, options: dict[str, Any], words: str) -> None:
    assert world.says("kept", words, _diary(world, **options))


def test_two_places_keep_a_diary(world: World) -> None:
    desk = world.lesson.folder("desk")
    assert world.met("kept", _diary(world, init=True, volumes=[f"{desk}:/notes"]))
    assert world.met("kept", solutions.open_diary)


def test_the_till_closes_when_its_program_hears(world: World) -> None:
    fault = faults.find("deaf_entry")
    fault.inject(world.lesson, "till")
    assert fault.broken(world.lesson, "till")
    assert world.says("till", "killed after 2 s")
    entry = "#!/bin/sh\ntrap 'exit 3' TERM\n\"$@\" & wait $!\n"  # hears, and does not tell
    with world.engine.create("till") as box:
        box.write_file("/entry", entry, mode=0o755)
        box.commit("till")
    assert world.says("till", "with exit code 3, and wrote no sum")
    assert fault.broken(world.lesson, "till")
    fault.inject(world.lesson, "till")
    solutions.repair_till(world.engine)
    assert world.met("till")
    assert not fault.broken(world.lesson, "till")
    fault.inject(world.lesson, "till")
    fault.repair(world.lesson, "till")
    assert world.met("till")
