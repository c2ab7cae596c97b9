"""Lesson 14: its checks are met by what they ask for, and by nothing less."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pyminidocker
from pyminidocker.errors import MiniDockerError, NotFound
from pyminidocker.teach import Lesson, faults, surroundings
from pyminidocker.teach.checks import Outcome, examine
from pyminidocker.teach.registry_faults import digest_of
from pyminidocker.teach.solutions import lesson_14 as solutions


class World:
    """The lesson as its notebook leaves it before each exercise."""

    def __init__(self) -> None:
        self.lesson = Lesson("14")
        self.here = self.lesson.engine
        folder = self.lesson.folder("atlas")
        (folder / "Dockerfile").write_text("FROM busybox\nCOPY maps /maps\nCOPY price /price\n")
        for version, maps in (("1", "old"), ("2", "old"), ("3", "new")):
            (folder / "maps").write_bytes(hashlib.sha256(maps.encode()).digest() * 4000)
            (folder / "price").write_text(f"{version} euro\n")
            self.here.build(folder, tag=f"atlas:{version}", progress="quiet")
        self.registry = pyminidocker.serve_registry(name="lesson14", fresh=True)
        self.moon = self.lesson.host("moon")

    def publish(self, version: str, tag: str = "") -> str:
        name = f"{self.registry.address}/atlas:{tag or version}"
        self.here.image(f"atlas:{version}").tag(name)
        return str(self.here.push(name))

    def look(self, check: str, *given: Any) -> Outcome:
        return examine(self.lesson, check, given)

    def says(self, check: str, words: str, *given: Any) -> bool:
        """Whether a check is not met, for this reason, and has three hints."""
        outcome = self.look(check, *given)
        return not outcome.met and words in outcome.reason and len(outcome.hints) == 3


@pytest.fixture
def world(engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = World()
    yield made
    made.lesson.reset()
    assert surroundings.running_hosts(made.lesson) == []
    assert surroundings.registries(made.lesson) == []
    assert surroundings.images(made.lesson, made.lesson.calls) == []
    made.lesson.engine.close()


def test_what_the_registry_says(world: World) -> None:
    assert world.says("digest", "the registry has no atlas:1".capitalize(), solutions.digest)
    one = world.publish("1")
    assert world.look("digest", solutions.digest).met
    assert world.says("digest", "right 64 digits", lambda *_: one.removeprefix("sha256:"))
    assert world.says("digest", "returned '{}'", lambda *_: "{}")
    assert world.says("to-pull", "the registry has no atlas:2".capitalize(), solutions.to_pull)
    world.publish("2")
    assert world.look("to-pull", solutions.to_pull).met
    assert world.look("digest", solutions.digest).met
    assert world.says("digest", "for the tag 2".capitalize(), lambda *_: one)

    def without_configuration(manifest: Any, have: set[str]) -> int:
        return sum(one["size"] for one in manifest["layers"] if one["digest"] not in have)

    assert world.says("to-pull", "a host that has nothing", without_configuration)
    assert "configuration" in world.look("to-pull", without_configuration).hints[2]
    assert world.says("to-pull", "a host that has everything", lambda manifest, _: (
        solutions.to_pull(manifest, set())
    ))  # fmt: skip
    world.registry.stop()
    assert world.says("to-pull", "registry of this lesson does not run", solutions.to_pull)


def test_the_image_that_was_tested(world: World) -> None:
    world.publish("1")
    world.publish("2")
    world.publish("2", tag="latest")
    fault = faults.find("moved_tag")
    assert not fault.broken(world.lesson, "atlas")
    fault.inject(world.lesson, "atlas")
    assert fault.broken(world.lesson, "atlas")
    registry, moon = world.registry, world.moon
    assert digest_of(registry, "atlas", "latest") == digest_of(registry, "atlas", "1")
    assert world.says("pinned", "no container `stall`")
    for tag, words in (("latest", "another image than version 2"), ("2", "which may be moved")):
        name = f"{registry.address}/atlas:{tag}"
        moon.pull(name)
        moon.run(name, "true", name="stall", remove=False, fresh=True)
        assert world.says("pinned", words)
    solutions.pin(moon, registry)
    assert world.look("pinned").met
    fault.repair(world.lesson, "atlas")
    assert not fault.broken(world.lesson, "atlas")
    assert world.look("pinned").met, "the tag does not matter"


def test_a_flipped_bit_is_refused_and_mended(world: World) -> None:
    fault = faults.find("flipped_byte")
    with pytest.raises(NotFound):
        fault.inject(world.lesson, "atlas:3")
    world.publish("3")
    fault.inject(world.lesson, "atlas:3")
    fault.inject(world.lesson, "atlas:3")  # twice is not undoing it
    assert fault.broken(world.lesson, "atlas:3")
    name = f"{world.registry.address}/atlas:3"
    with pytest.raises(MiniDockerError, match="layer verification failed"):
        world.moon.pull(name)
    with pytest.raises(NotFound):
        world.moon.image(name).id  # noqa: B018 - asks the engine
    assert world.says("whole", "still not what its digest says")
    world.here.push(name)
    assert world.says("whole", "still not what its digest says")
    layer = max(
        world.registry.root.rglob("data"), key=lambda path: path.stat().st_size
    ).parent.name  # the largest, which the fault has taken as well
    solutions.mend(world.registry, world.here, f"sha256:{layer}")
    assert world.look("whole").met
    assert not fault.broken(world.lesson, "atlas:3")
    fault.inject(world.lesson, "atlas:3")
    fault.repair(world.lesson, "atlas:3")
    assert not fault.broken(world.lesson, "atlas:3")


def test_pruning_takes_what_a_broken_pull_left(world: World) -> None:
    world.publish("3")
    faults.find("flipped_byte").inject(world.lesson, "atlas:3")
    with pytest.raises(MiniDockerError):
        world.moon.pull(f"{world.registry.address}/atlas:3")
    assert world.moon.api.image_prune()["SpaceReclaimed"] > 500
    assert world.moon.api.image_prune()["SpaceReclaimed"] == 0
