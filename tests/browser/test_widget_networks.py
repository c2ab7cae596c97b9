"""The packet walk and the vantage grid on a bare page: keys, themes, widths, names."""

from pathlib import Path
from typing import Any

import pytest

from pyminidocker.widgets.packetwalk.model import (
    ENDED,
    PROXIED,
    REWRITTEN,
    SEEN,
    Evidence,
    Step,
    Walk,
)
from pyminidocker.widgets.packetwalk.view import PacketWalk
from pyminidocker.widgets.vantage.tries import NO_NAME, REACHED, REFUSED, SILENT, Target, Try
from pyminidocker.widgets.vantage.view import VantageGrid
from tests.browser.widget_page import SIZES, look, reaches, save, shown

pytestmark = pytest.mark.requires("chromium")
RULE = 'masquerade: ip saddr @masqueraded oifname != @bridges counter masquerade "outside" (+1)'


def walk(*, answered: bool = True) -> Walk:
    """A container connects to the outside."""
    near, masked, far = "172.18.0.3:51056", "192.0.0.2:51056", "203.0.113.9:80"
    flow = Evidence("conntrack", f"tcp {near} to {far}; answers {far} to {masked}")
    there = (
        Step(SEEN, "default", "leaves by app eth0", near, far, note="ttl 64", at_us=0),
        Step(SEEN, "default", "enters by bridge front", near, far, note="ttl 64", at_us=1.5),
        Step(REWRITTEN, "default", "source rewritten", masked, far, was_source=near,
             evidence=(Evidence("rule", RULE), flow)),
        Step(SEEN, "default", "leaves by uplink", masked, far,
             note="forwarded by routing, ttl 63", at_us=33),
    )  # fmt: skip
    back = (
        Step(SEEN, "default", "enters by uplink", far, masked, note="ttl 64", at_us=49),
        Step(REWRITTEN, "default", "destination put back", far, near, was_destination=masked,
             note="the reverse of the way there", evidence=(flow,)),
        Step(SEEN, "default", "enters by app eth0", far, near, note="ttl 63", at_us=52),
    )  # fmt: skip
    if answered:
        return Walk("app", far, "tcp", "reached: somebody answered", True, there, back)
    end = Step(ENDED, "default", "seen no more", masked, far, note="a rule dropped it",
               evidence=(Evidence("rule", "forward: counter drop (+3)"),))  # fmt: skip
    return Walk("app", far, "tcp", "no answer: silence", False, (*there, end), ())


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_walk_fits_and_follows_the_theme(
    bare_browser: Any, gallery: Path, theme: str, width: int
) -> None:
    look(bare_browser, PacketWalk(walk()), gallery, "walk", theme, width)


def test_walk_is_stepped_by_keys_and_buttons(bare_browser: Any) -> None:
    view = PacketWalk(walk())
    with shown(bare_browser, view) as page:
        page.page.locator('.md-pick[tabindex="0"]').focus()
        page.page.keyboard.press("ArrowDown")
        page.page.keyboard.press("ArrowDown")
        assert reaches(page, lambda: view.selected, "step-3")
        detail = page.page.locator(".md-detail").inner_text()
        assert "source was" in detail
        assert "masquerade" in detail
        page.page.get_by_role("button", name="Step", exact=True).click()
        assert reaches(page, lambda: view.selected, "step-4")
        page.page.get_by_role("button", name="Step back").click()
        assert reaches(page, lambda: view.selected, "step-3")
        page.page.locator('[data-key="step-3"]').focus()
        page.page.keyboard.press("End")
        assert reaches(page, lambda: view.selected, "step-7")
        page.page.get_by_role("button", name="Play").click()
        assert reaches(page, lambda: view.selected, "step-1")
        page.page.wait_for_function(
            "() => document.querySelector('[data-key=\"step-2\"]')"
            ".getAttribute('aria-selected') === 'true'"
        )
        page.page.get_by_role("button", name="Stop").click()


def test_walk_is_made_again_from_the_page(bare_browser: Any, gallery: Path) -> None:
    view = PacketWalk(walk(), lambda: walk(answered=False))
    with shown(bare_browser, view) as page:
        page.page.get_by_role("button", name="Ask again").click()
        page.page.wait_for_function("() => true")
        view.refresh()
        page.sync()
        assert page.page.locator('[data-key="step-5"]').count() == 1
        assert "no answer" in page.page.locator(".md-message").inner_text()
        save(page, gallery, "walk-dropped")


def test_walk_of_the_machine_says_that_there_are_two_connections(
    bare_browser: Any, gallery: Path
) -> None:
    ours, theirs = ("127.0.0.1:50000", "127.0.0.1:8080"), ("172.18.0.1:41000", "172.18.0.2:80")
    there = (
        Step(SEEN, "the machine", "leaves our socket", *ours, at_us=-1),
        Step(PROXIED, "host agent", "a second connection", *theirs,
             was_source=ours[0], was_destination=ours[1],
             note="bytes are copied, no packet is rewritten"),
        Step(SEEN, "default", "leaves by bridge front", *theirs, note="ttl 64", at_us=0),
        Step(SEEN, "default", "leaves by port of web on front", *theirs, note="ttl 64", at_us=1),
    )  # fmt: skip
    made = Walk("the machine", "127.0.0.1:8080", "tcp", "reached: yes", True, there, ())
    with shown(bare_browser, PacketWalk(made)) as page:
        label = page.page.locator('[data-key="step-2"]').get_attribute("aria-label")
        assert "bytes are copied" in label
        save(page, gallery, "walk-published")


# --------------------------------------------------------------------------------- vantage grid


class Point:
    """A place that answers as it is told."""

    def __init__(self, label: str, *outcomes: Try) -> None:
        self.label, self.outcomes = label, list(outcomes)

    def attempt(self, _target: Target) -> Try:
        return self.outcomes.pop(0)


def grid() -> VantageGrid:
    hello, silent = Try(REACHED, said="hello from web"), Try(SILENT, words="nc: timed out")
    refused = Try(REFUSED, words="Connection refused")
    unknown = Try(NO_NAME, words="nc: bad address 'web'")
    points = [
        Point("the machine", unknown, silent, hello),
        Point("web", hello, hello, refused),
        Point("other", unknown, silent, refused),
    ]
    targets = [Target("web", 80), Target("172.18.0.2", 80), Target("127.0.0.1", 8080)]
    return VantageGrid(points, targets)


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_grid_fits_and_follows_the_theme(
    bare_browser: Any, gallery: Path, theme: str, width: int
) -> None:
    view = grid()
    view.predict({("the machine", "web:80"): True, ("web", "web:80"): True})
    view.fill()
    look(bare_browser, view, gallery, "grid", theme, width)


def test_grid_takes_predictions_by_keyboard(bare_browser: Any, gallery: Path) -> None:
    view = grid()
    with shown(bare_browser, view) as page:
        page.page.locator('.md-pick[tabindex="0"]').focus()
        page.page.keyboard.press("Enter")
        page.sync()
        assert reaches(page, lambda: view.grid.cell(0, 0).guess, True)
        assert page.focused("data-key") == "0-0"
        page.page.keyboard.press("ArrowRight")
        page.page.keyboard.press("ArrowDown")
        assert page.focused("data-key") == "1-1"
        assert reaches(page, lambda: view.selected, "1-1")
        page.page.keyboard.press(" ")
        page.sync()
        page.page.keyboard.press("Enter")
        page.sync()
        assert reaches(page, lambda: view.grid.cell(1, 1).guess, False)
        assert "You predict: not reached." in page.page.locator(".md-detail").inner_text()
        save(page, gallery, "grid-predicted")


def test_grid_is_filled_from_the_page(bare_browser: Any) -> None:
    view = grid()
    with shown(bare_browser, view) as page:
        page.page.locator('[data-key="1-2"]').click()
        page.sync()
        page.page.get_by_role("button", name="Try all").click()
        page.page.wait_for_function("() => true")
        with view._filling:
            page.sync()
        assert reaches(page, view.grid.tried, 9)
        detail = page.page.locator(".md-detail").inner_text()
        assert "nobody listens there" in detail
        assert "Connection refused" in detail
        assert "You predicted otherwise." in detail
        assert "3 of 9 ways lead there" in page.page.locator(".md-message").inner_text()
        page.page.get_by_role("button", name="Start over").click()
        page.page.wait_for_function("() => true")
        page.sync()
        assert reaches(page, view.grid.tried, 0)
