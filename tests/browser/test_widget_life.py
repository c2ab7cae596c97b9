"""The life of a container on a bare page: keys, buttons, the clock, themes, widths, names."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyminidocker.widgets.life.feed import Biographer
from pyminidocker.widgets.life.view import Lifecycle
from tests.browser.widget_page import SIZES, look, reaches, shown

pytestmark = pytest.mark.requires("chromium")


def event(action: str, second: float, **facts: str) -> dict[str, Any]:
    return {"Action": action, "timeNano": int(second * 1e9), "Actor": {"Attributes": facts}}


def past(at: float) -> list[dict[str, Any]]:
    """What the engine remembers, beginning at a time in seconds since the epoch."""
    return [{**one, "timeNano": one["timeNano"] + int(at * 1e9)} for one in PAST]


PAST = [
    event("create", 1), event("start", 1.2), event("die", 3, exitCode="1"), event("start", 3.1),
    event("pause", 8), event("unpause", 9), event("kill", 10, signal="15"),
    event("kill", 20, signal="9"), event("die", 20.05, exitCode="137"),
]  # fmt: skip


class Api:
    """An engine with one container, which has lived, and does what it is told."""

    def __init__(self) -> None:
        self.past, self.called = past(time.time() - 25), list[str]()
        self.state: dict[str, Any] = {"Status": "exited", "ExitCode": 137, "FinishedAt": ""}

    def container_inspect(self, _ref: str) -> dict[str, Any]:
        policy = {"Name": "on-failure", "MaximumRetryCount": 3}
        return {
            "Name": "/loop", "State": self.state, "Config": {},
            "HostConfig": {"RestartPolicy": policy},
        }  # fmt: skip

    def events(self, **_: Any) -> Iterator[dict[str, Any]]:
        return iter(self.past)

    def call(self, method: str, path: str) -> None:
        self.called.append(f"{method} {path}")
        self.past.append(event("start", time.time()))
        self.state = {"Status": "running", "ExitCode": 0, "FinishedAt": ""}

    def close(self) -> None:
        """Nothing to close."""


def life() -> tuple[Lifecycle, Api]:
    api = Api()
    return Lifecycle(Biographer(api, "id"), live=False), api


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_diagram_fits_and_follows_the_theme(
    bare_browser: Any, gallery: Path, theme: str, width: int
) -> None:
    view, _ = life()
    look(bare_browser, view, gallery, "life", theme, width)


def test_states_are_walked_by_keys_and_explained(bare_browser: Any) -> None:
    view, _ = life()
    with shown(bare_browser, view) as page:
        detail = page.page.locator(".md-detail")
        assert "after SIGTERM, then SIGKILL" in detail.inner_text()
        page.page.locator('.md-pick[tabindex="0"]').focus()
        page.page.keyboard.press("Home")
        assert reaches(page, lambda: view.selected, "created")
        page.page.keyboard.press("ArrowRight")
        assert reaches(page, lambda: view.selected, "running")
        assert "visited 3 times" in detail.inner_text()
        assert "docker stop" in detail.inner_text()


def test_buttons_do_what_the_state_allows_and_a_clock_runs(bare_browser: Any) -> None:
    view, api = life()
    with shown(bare_browser, view) as page:
        names = page.page.locator(".md-verbs button")
        assert names.all_inner_texts() == ["Start", "Remove"]
        page.page.get_by_role("button", name="Remove").click()
        assert names.all_inner_texts()[-1] == "Remove for good?"
        assert api.called == []
        page.page.get_by_role("button", name="Start").click()
        assert reaches(page, lambda: view.state, "running")
        page.sync()
        assert api.called == ["POST /containers/id/start"]
        assert names.all_inner_texts() == ["Stop", "Kill", "Pause", "Restart"]
        now = page.page.locator(".md-seconds.md-is-now")
        before = now.inner_text()
        assert reaches(page, lambda: now.inner_text() != before, True)
        words = page.page.locator(".md-detail").inner_text()
        assert words.startswith("running")
        assert "somebody started it" in page.page.locator("ol").inner_text()
