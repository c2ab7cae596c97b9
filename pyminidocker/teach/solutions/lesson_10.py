"""Lesson 10: ship the friendly app."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def open_cafe(engine: Any) -> None:
    """Another value for NAME; without a word about volumes, a volume of its own."""
    engine.run(
        "friendly_docker", name="cafe", env={"NAME": "Café"}, ports=["80"], detach=True, fresh=True
    )


def keep_visits(engine: Any, port: int) -> None:
    """A name in front of the place: the next container can say it again."""
    engine.run(
        "friendly_docker",
        name="friendly",
        ports=[f"{port}:80"],
        volumes=["visits:/data"],
        detach=True,
        fresh=True,
    )


def roll_back(deploy: Any, good: str) -> None:
    """The id in the place of the tag."""
    deploy(good)


def fix_app(engine: Any, folder: Path, deploy: Any) -> None:
    """The name in the address first, the one in the environment second."""
    program = folder / "app.py"
    asked = 'bottle.request.query["name"]'
    either = 'bottle.request.query.get("name") or os.environ.get("NAME", "World")'
    program.write_text(program.read_text().replace(asked, either))
    engine.build(folder, tag="friendly_docker", progress="quiet")
    deploy("friendly_docker")


def repair_data(engine: Any) -> None:
    """Root may give files away; any container with the volume will do."""
    engine.run("busybox", "chown -R 10001:10001 /data", volumes=["kiosk:/data"])
