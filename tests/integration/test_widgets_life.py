"""The life of a container, read from the events of a real engine."""

import os
import signal
import threading
from collections.abc import Callable

import pytest

from pyminidocker.client.engine import Engine
from pyminidocker.errors import NotFound

pytest.importorskip("anywidget")
from pyminidocker.widgets import lifecycle
from pyminidocker.widgets.life.view import Lifecycle


def reaches(view: Lifecycle, holds: Callable[[Lifecycle], bool], timeout_s: float = 10.0) -> bool:
    """Wait until what the view was told makes ``holds`` true."""
    told = threading.Event()

    def look(_change: object = None) -> None:
        if holds(view):
            told.set()

    view.observe(look, names=["state", "happenings", "busy"])
    look()
    try:
        return told.wait(timeout_s)
    finally:
        view.unobserve_all()


def test_life_is_told_from_its_beginning(engine: Engine) -> None:
    with engine.create("busybox", ["sh", "-c", "exit 3"], name="short") as box:
        box.start()
        box.wait()
        view = lifecycle("short", engine=engine, live=False)
        assert view.life.path() == "created → running → exited (3)"
        assert view.life.is_complete
        twin = view.text()
        view.close()
        again = lifecycle(box, live=False)
        assert again.text() == twin
        again.close()


def test_view_follows_without_being_asked(engine: Engine) -> None:
    box = engine.create("busybox", ["sh", "-c", "exit 1"], name="loop", restart="on-failure:2")
    view = lifecycle(box)
    assert view.state == "created"
    box.start()
    assert reaches(view, lambda one: one.state == "exited")
    assert view.life.path() == (
        "created → running → restarting (1) → running → restarting (1) → running → exited (1)"
    )
    assert view.life.seconds(view.life.stays[-1].since)["restarting"] >= 0.3  # 100 and 200 ms
    box.remove()
    assert reaches(view, lambda one: one.state == "removed")
    assert view._feed is not None
    assert view._feed.join()
    view.close()


def test_buttons_act_and_what_is_shown_agrees_with_inspect(engine: Engine) -> None:
    with engine.run("busybox", ["sleep", "1000"], detach=True, name="slow") as box:
        view = lifecycle(box)
        view._on_message(view, {"do": "kill"}, [])
        assert reaches(view, lambda one: one.state == "exited" and not one.busy)
        assert view.life.stays[-1].signals == ("SIGKILL",)
        assert box.status == "exited"
        view._on_message(view, {"do": "start"}, [])
        assert reaches(view, lambda one: one.state == "running" and not one.busy)
        assert box.status == "running"
        view.close()


def test_policies_and_wishes_are_told_as_the_engine_took_them(engine: Engine) -> None:
    """What the diagram derives from events is what ``inspect`` says, end after end."""
    with engine.run(
        "busybox", ["sleep", "1000"], detach=True, name="kept", restart="always"
    ) as box:
        view = lifecycle(box)
        box.kill("SIGTERM")  # ignored by process 1, and yet a wish
        box.kill()
        box.wait()
        assert (view.refresh().state, box.status) == ("exited", "exited")
        box.start()
        os.kill(box.pid, signal.SIGKILL)  # by somebody else: the policy holds
        assert reaches(view, lambda one: one.life.restarts == 1 and one.state == "running")
        assert box.reload().attrs["RestartCount"] == 1
        view.close()


def test_an_unknown_container_is_refused(engine: Engine) -> None:
    with pytest.raises(NotFound):
        lifecycle("nobody", engine=engine)
