"""Lesson 10: its checks are met by what they ask for, and by nothing less."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyminidocker.teach import Lesson, cleanup, faults
from pyminidocker.teach.solutions import lesson_10 as solutions
from pyminidocker.teach.web import fetch
from tests.conftest import CHECKOUT
from tests.support.talker import P

SOURCE = CHECKOUT / "assets" / "apps" / "friendly"
PORT = P + 62
TAG = "friendly_docker"
ENVIRON = 'os.environ.get("NAME", "World")'
pytestmark = [pytest.mark.timeout(120), pytest.mark.requires("static-busybox")]


class World:
    """The lesson as its notebook leaves it before the exercises."""

    def __init__(self) -> None:
        self.lesson = Lesson("10")
        self.engine = self.lesson.engine
        self.good = self.engine.build(SOURCE, tag=TAG, progress="quiet").image.id

    def run(self, image: str = TAG, name: str = "friendly", **options: Any) -> Any:
        options = {"ports": [f"{PORT}:80"], **options}
        return self.engine.run(image, name=name, detach=True, fresh=True, **options)

    def deploy(self, image: str) -> Any:
        return self.run(image, volumes=["visits:/data"])

    def edited(self) -> Path:
        """Build the version that wants a name, under the same tag."""
        folder = self.lesson.folder("friendly")
        for file in ("Dockerfile", "app.py", "requirements.txt", "wheels/bottle"):
            for found in SOURCE.glob(f"{file}*"):
                target = folder / found.relative_to(SOURCE)
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(found.read_bytes())
        program = folder / "app.py"
        asked = program.read_text().replace(ENVIRON, 'bottle.request.query["name"]')
        program.write_text(asked)
        self.engine.build(folder, tag=TAG, progress="quiet")
        return folder

    def met(self, check: str) -> bool:
        return bool(self.lesson.plan.check(check).examine(self.lesson).met)

    def says(self, check: str, words: str) -> bool:
        """Whether a check is not met, for this reason, and has three hints."""
        outcome = self.lesson.plan.check(check).examine(self.lesson)
        return not outcome.met and words in outcome.reason and len(outcome.hints) == 3


def cached(world: World) -> set[str]:
    """Return the ids of the build cache's records."""
    return {record["Id"] for record in world.lesson.calls.build_cache()}


@pytest.fixture
def world(engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = World()
    others = cached(made)  # what other tests of the engine have built
    yield made
    made.lesson.reset()
    assert cleanup.volumes(made.lesson) == []
    assert cached(made) <= others
    made.lesson.engine.close()


def test_a_cafe_is_the_same_image_with_another_name(world: World) -> None:
    assert "no container called 'cafe'" in world.lesson.check("cafe").text()
    world.run()
    world.engine.run("busybox", "httpd -f", name="cafe", ports=["80"], detach=True, fresh=True)
    assert world.says("cafe", "another image")
    world.run(name="cafe", ports=["80"])
    assert world.says("cafe", "says “Hello World!”")
    shared = world.engine.container("friendly").attrs["Mounts"][0]["Name"]
    world.run(name="cafe", ports=["80"], env={"NAME": "Café"}, volumes=[f"{shared}:/data"])
    assert world.says("cafe", "the same volume")
    solutions.open_cafe(world.engine)
    assert world.met("cafe")


def test_visits_are_kept_in_a_volume_with_a_name(world: World) -> None:
    world.run()
    assert world.says("keep", "nobody gave a name")
    world.run(volumes=["visits:/elsewhere"])
    assert world.says("keep", "nobody gave a name")
    solutions.keep_visits(world.engine, PORT)
    assert world.met("keep")
    world.run(volumes=["visits:/data"], env={"DATA": "/tmp"})
    fetch(PORT)
    assert world.says("keep", "the volume has 2"), "its own layer survives a restart, too"


def test_rolling_back_and_fixing(world: World) -> None:
    world.deploy(TAG)
    folder = world.edited()
    world.deploy(TAG)
    assert world.says("rolled-back", "still answers with status 500")
    assert world.says("fixed", "Without a name in the address, `friendly` answers with status 500")
    world.engine.image(world.good).tag("yesterday")
    world.deploy("yesterday")
    assert world.says("rolled-back", "was started as yesterday")
    world.run(world.good)
    assert world.says("rolled-back", "begun to count anew")
    solutions.roll_back(world.deploy, world.good)
    assert world.met("rolled-back")
    assert world.says("fixed", "does not run the image")
    world.engine.build(SOURCE, tag=TAG, progress="quiet")  # back to the start is no fix
    world.deploy(TAG)
    assert world.says("fixed", "does not greet Ada")
    solutions.fix_app(world.engine, folder, world.deploy)
    assert world.met("fixed")
    world.run(TAG)
    assert world.says("fixed", "begun to count anew")
    world.engine.api.image_remove("yesterday")


def test_foreign_files_are_given_back(world: World) -> None:
    kiosk = world.run(name="kiosk", volumes=["kiosk:/data"])
    fault = faults.find("foreign_files")
    assert not fault.broken(world.lesson, "kiosk")
    fault.inject(world.lesson, "kiosk")
    assert (fetch(PORT).status, fetch(PORT, "/healthz").status) == (500, 200)
    assert fault.broken(world.lesson, "kiosk")
    assert world.says("well", "belong to root")
    fault.inject(world.lesson, "kiosk")  # the cell is run again
    fault.repair(world.lesson, "kiosk")
    assert world.met("well")
    fault.inject(world.lesson, "kiosk")
    kiosk.remove(force=True)
    assert fault.broken(world.lesson, "kiosk")
    world.run(name="kiosk", volumes=["visits:/data"])
    assert world.says("well", "from the beginning")
    world.run(name="kiosk", volumes=["kiosk:/data"])
    solutions.repair_data(world.engine)
    assert world.met("well")
