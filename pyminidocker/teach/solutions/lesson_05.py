"""Lesson 05: images and layers."""

from __future__ import annotations

from typing import Any

from pyminidocker import connect
from pyminidocker.errors import NotFound


def recover(image: str, path: str) -> bytes | None:
    """Return file ``path`` from any layer of ``image`` that holds it, or None."""
    engine = connect()
    for number in range(len(engine.api.layers(image))):
        try:
            return engine.api.layer_file(image, number, path)
        except NotFound:
            continue
    return None


def make_clean(engine: Any) -> None:
    """Write the report on top of the base image, where the token never was."""
    report = 'echo "all is well" > /srv/report'
    with engine.create("busybox", ["sh", "-c", f"mkdir -p /srv && {report}"]) as box:
        box.start()
        box.wait()
        box.commit("secret:clean", message="the report, without the token")


def copied_up(image: str, container: str) -> int:
    """Return how many bytes ``container`` copied up from ``image``."""
    summary = connect().compare(image, container)["Summary"]
    return int(summary["CopiedUpBytes"])


def stack_layers(engine: Any, ordering: Any) -> None:
    """First the house, then nothing, then a red door."""
    del engine
    ordering.order = ["build", "strip", "paint"]


def repair_greeter(engine: Any) -> None:
    """Give the name ``greeter`` back to the image that works."""
    engine.image("greeter:good").tag("greeter")
