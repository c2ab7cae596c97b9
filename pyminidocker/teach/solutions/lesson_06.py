"""Lesson 06: life cycle and data."""

from __future__ import annotations

import signal
from typing import Any


def how_it_ended(code: int) -> str:
    """Return "success", "failure" or the name of the signal that ended the program."""
    if code == 0:
        return "success"
    try:
        return signal.Signals(code - 128).name
    except ValueError:
        return "failure"


def open_shop(engine: Any) -> None:
    """The shell greets, and puts /shop in its own place."""
    command = ["sh", "-c", "echo good morning; exec /shop"]
    engine.run("shop", command, name="shop", detach=True, fresh=True)


def open_clinic(engine: Any) -> None:
    """An init process in front asks every orphan how it ended."""
    engine.run("busybox", "sleep 600", name="clinic", init=True, detach=True, fresh=True)


def hang_bell(engine: Any) -> None:
    """Three restarts, and only after a failure."""
    engine.run(
        "busybox",
        ["sh", "-c", "echo ring; exit 1"],
        name="bell",
        restart="on-failure:3",
        detach=True,
        fresh=True,
    )


def open_diary(engine: Any) -> None:
    """A volume with a name keeps the notes; an init process hears SIGTERM."""
    engine.run(
        "busybox",
        "sleep 600",
        name="diary",
        volumes=["diary:/notes"],
        init=True,
        detach=True,
        fresh=True,
    )


def repair_till(engine: Any) -> None:
    """The entry script puts the program in its own place."""
    with engine.create("till") as box:
        script = box.read_file("/entry").decode()
        box.write_file("/entry", script.replace('"$@"', 'exec "$@"'), mode=0o755)
        box.commit("till")
