"""Lesson 13: its checks are met by what they ask for, and by nothing less."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyminidocker.errors import NotFound
from pyminidocker.teach import Lesson, checks, cleanup, faults
from pyminidocker.teach.plans.checks_13 import KEEPS
from pyminidocker.teach.snapshot_faults import PROGRAM
from pyminidocker.teach.solutions import lesson_13 as solutions

pytestmark = pytest.mark.requires("static-busybox")

BY_HAND = (
    "echo 'soup 4' >/etc/prices; echo 'bread 2' >>/etc/prices; echo Eva >/tmp/note;"
    "echo 'soup, paid' >/data/receipt-1"
)
PRICES = ["sh", "-c", "echo 'soup 4' >/etc/prices; echo 'bread 2' >>/etc/prices; sleep 1000"]


class World:
    """The lesson as its notebook leaves it before the exercises."""

    def __init__(self) -> None:
        self.lesson = Lesson("13")
        self.engine = self.lesson.engine

    def till(self) -> Any:
        made = self.engine.run(
            "busybox",
            "sleep 1000",
            name="till",
            detach=True,
            fresh=True,
            env={"CURRENCY": "euro"},
            volumes=["receipts:/data"],
        )
        made.exec(["sh", "-c", BY_HAND])
        return made

    def met(self, check: str, *given: Any) -> bool:
        return bool(checks.examine(self.lesson, check, given).met)

    def says(self, check: str, words: str, *given: Any) -> bool:
        """Whether a check is not met, for this reason, and has three hints."""
        outcome = checks.examine(self.lesson, check, given)
        assert words in outcome.reason, outcome.reason
        return not outcome.met and len(outcome.hints) == 3


@pytest.fixture
def world(engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = World()
    yield made
    made.lesson.reset()
    assert cleanup.volumes(made.lesson) == []
    made.lesson.engine.close()


def test_a_commit_that_does_something_else(world: World) -> None:
    assert world.says("ready", "There is no image `till:ready` yet")
    till = world.till()
    till.commit("till:ready")
    assert world.says("ready", "does not end by itself; its command is ['sleep', '1000']")
    till.commit("till:ready", changes=["CMD echo nothing"])
    assert world.says("ready", "prints 'nothing\\n'")
    with world.engine.create("busybox", "true") as other:
        other.commit("till:ready", changes=["CMD cat /etc/prices"])
    assert world.says("ready", "does not have the prices")
    solutions.make_ready(till)
    assert world.met("ready")


def test_a_recipe_instead_of_a_commit(world: World) -> None:
    assert world.says("recipe", "There is no image `till:recipe`")
    till, folder = world.till(), world.lesson.folder("recipe")
    cmd = 'CMD ["cat", "/etc/prices"]'
    till.commit("till:recipe", changes=[cmd])
    assert world.says("recipe", "Eva's note")
    with world.engine.run("busybox", PRICES, detach=True) as plain:
        plain.exec("true")
        plain.commit("till:recipe", changes=[cmd])
        assert world.says("recipe", "does not know CURRENCY=euro")
    world.engine.build(text="FROM busybox\nCMD echo x\n", tag="till:recipe", progress="quiet")
    assert world.says("recipe", "prints 'x\\n', not the prices")
    with world.engine.create("busybox", "sleep 1", env={"CURRENCY": "euro"}) as quiet:
        quiet.write_file("/etc/prices", "soup 4\nbread 2\n")
        quiet.commit("till:recipe", changes=["CMD cat $(echo L2V0Yy9wcmljZXM= | base64 -d)"])
    assert world.says("recipe", "does not say where the prices come from")
    solutions.write_recipe(world.engine, folder)
    assert world.met("recipe")


def test_what_comes_back_after_the_fire(world: World) -> None:
    engine, safe = world.engine, world.lesson.folder("safe")
    till = world.till()
    till.commit("till:kept")
    engine.save("till:kept", path=safe / "image.tar")
    till.export(safe / "tree.tar")
    engine.volume("receipts").backup(safe / "receipts.tar")
    till.remove(force=True)
    engine.volume("receipts").remove()
    engine.image("till:kept").remove(force=True)
    assert world.says("back", "There is no container called 'till'")

    def start(image: str, command: str | None = None, **options: Any) -> None:
        engine.run(image, command, name="till", detach=True, fresh=True, **options)

    start("busybox", "sleep 1000")
    assert world.says("back", "its prices are not there")
    engine.import_image(safe / "tree.tar", "till:flat")
    start("till:flat", "sleep 1000")
    assert world.says("back", "does not know CURRENCY=euro")
    engine.load(safe / "image.tar")
    start("till:kept")
    assert world.says("back", "has nothing at /data")
    start("till:kept", volumes=["receipts:/data"])
    assert world.says("back", "not the receipt of before the fire")
    engine.container("till").remove(force=True)
    solutions.bring_back(engine, safe)
    assert world.met("back")
    engine.container("till").stop(0)
    assert world.says("back", "does not run")


def test_choosing_a_kind_of_snapshot(world: World) -> None:
    assert world.met("choose", solutions.choose)
    assert world.says("choose", "your function returns None", lambda _needed: None)
    assert world.says("choose", "returns 'photo'", lambda _needed: "photo")
    assert world.says("choose", "which does not keep", lambda _needed: "save")

    def generous(needed: set[str]) -> str:
        return next((kind for kind, kept in KEEPS.items() if needed <= kept), "pause")

    assert world.says("choose", "'pause', which does not keep travels", generous)


def test_books_that_contradict_each_other(world: World) -> None:
    engine, fault = world.engine, faults.find("torn_copy")
    assert world.says("whole", "no such volume")
    engine.volume("copy")
    assert world.says("whole", "has no orders and no total")
    volumes = ["ledger:/data"]
    ledger = engine.run(
        "busybox", ["sh", "-c", PROGRAM], name="ledger", detach=True, volumes=volumes
    )
    fault.inject(world.lesson, "copy")
    assert fault.broken(world.lesson, "copy")
    assert world.says("whole", "the total does not say how many orders there are")
    engine.run(
        "busybox", ["sh", "-c", "echo 1 >/d/total; echo mine >/d/orders"], volumes=["copy:/d"]
    )
    assert world.says("whole", "is not a copy of the ledger")
    solutions.copy_again(engine, world.lesson.folder("safe"))
    assert not fault.broken(world.lesson, "copy")
    assert world.met("whole")
    fault.inject(world.lesson, "copy")
    fault.repair(world.lesson, "copy")
    assert world.met("whole")
    ledger.stop(0)
    assert world.says("whole", "does not run")
    ledger.start()
    assert world.met("whole")
    ledger.remove(force=True)
    assert world.says("whole", "the ledger is gone")
    with pytest.raises(NotFound):
        fault.inject(world.lesson, "copy")
