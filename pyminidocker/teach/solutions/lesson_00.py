"""Lesson 00: start here."""

from __future__ import annotations

from typing import Any


def say_something(engine: Any) -> None:
    """Print your own words from a container."""
    words = "these are my own words"
    engine.run("busybox", ["echo", words], name="mine", remove=False, fresh=True)


def greet(engine: Any) -> None:
    """Make the greeter anew, with the program's name spelt right."""
    engine.run("busybox", ["echo", "good morning"], name="greeter", remove=False, fresh=True)


def remove_ended(engine: Any, names: list[str]) -> None:
    """Remove those of the containers ``names`` that do not run."""
    for name in names:
        container = engine.container(name)
        if container.status != "running":
            container.remove()
