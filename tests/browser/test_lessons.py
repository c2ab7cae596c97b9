"""Each lesson in JupyterLab: open it, run all cells, use every widget by mouse and by keyboard."""

from pathlib import Path
from typing import Any

import pytest

from pyminidocker.teach.plan import Plan, load
from tests.browser.lab import Browser
from tests.browser.steps import answer, pictures, questions, text_of
from tests.notebooks.conftest import LESSONS

pytestmark = [pytest.mark.requires("chromium"), pytest.mark.timeout(300)]


def names(number: str) -> str:
    """Return the file name of lesson ``number``."""
    return next(path.name for path in LESSONS if path.name.startswith(number))


def opened(browser: Browser, number: str) -> list[dict[str, Any]]:
    """Open lesson ``number``, run all of it, and return its cells."""
    browser.strangers.clear()
    browser.complaints.clear()
    browser.open(names(number))
    return browser.run_all()


@pytest.mark.parametrize("number", [path.name[:2] for path in LESSONS])
def test_a_lesson_in_the_page(open_browser: Browser, gallery: Path, number: str) -> None:
    """Run all cells, then predict, compare and answer, as a learner who came back to do it."""
    cells = opened(open_browser, number)
    code = [cell for cell in cells if cell["type"] == "code"]
    assert [cell["count"] for cell in code] == list(range(1, len(code) + 1))
    errors = [
        (cell["source"], output)
        for cell in code
        for output in cell["outputs"]
        if output["output_type"] == "error"
    ]
    assert not errors
    pictures(open_browser, gallery, f"{number}-page")
    plan = load(number)
    predictions_are_quoted(open_browser, plan)
    every_option_replies(open_browser, plan)
    open_browser.cell("lesson.quiz()").screenshot(path=str(gallery / f"{number}-quiz.png"))
    assert open_browser.strangers == [], "a request left this machine"
    assert open_browser.complaints == []


def predictions_are_quoted(browser: Browser, plan: Plan) -> None:
    for place, question in enumerate(plan.predictions):
        reply = answer(browser, question.id, "a", by_keyboard=place == 0)
        assert "you predict a" in reply
        compared = text_of(browser.run_cell(f'lesson.compare("{question.id}"'))
        assert f"You predicted a: {question.option('a').text[:40]}" in compared


def every_option_replies(browser: Browser, plan: Plan) -> None:
    asked = (*plan.quiz, *plan.diagnoses)
    assert {one.id for one in asked} <= set(questions(browser))
    for question in asked:
        for key, option in zip(question.keys(), question.options, strict=True):
            reply = answer(browser, question.id, key, expect=option.feedback[:30])
            assert reply.startswith("→" if option.belief else "✓")
    chosen = browser.page.locator("fieldset[data-question] input:checked")
    assert chosen.count() == len(asked) + len(plan.predictions), "one group unchecked another"


def test_the_pretest_leads_to_lessons(open_browser: Browser) -> None:
    opened(open_browser, "00")
    for name in ("i01", "i06", "i08"):
        answer(open_browser, name, "a")
    shown = text_of(open_browser.run_cell("lesson.route()"))
    assert "3 of 15" in shown
    assert "Lesson 02 puts to the test" in shown


def test_hints_unfold_by_keyboard(open_browser: Browser, gallery: Path) -> None:
    opened(open_browser, "02")
    cell = open_browser.cell('lesson.check("two-pids"')
    hints = cell.locator("details")
    assert hints.count() == 3
    first = hints.nth(0).locator("> summary")
    first.focus()
    open_browser.page.keyboard.press("Enter")
    assert hints.nth(0).get_attribute("open") is not None
    assert hints.nth(1).get_attribute("open") is None
    cell.screenshot(path=str(gallery / "02-check.png"))


def test_the_lens_explains_what_is_selected(open_browser: Browser, gallery: Path) -> None:
    open_browser.open(names("02"))
    open_browser.run_until('namespace_lens("notebook", "nap"')
    cell = open_browser.cell('namespace_lens("notebook", "nap"')
    cell.scroll_into_view_if_needed()
    detail = cell.locator(".md-detail")
    for kind in ("net", "time", "user"):
        cell.locator(f'[role="option"][data-key="{kind}"]').click()
        open_browser.page.wait_for_function(
            "([element, kind]) => element.textContent.includes(kind)",
            arg=[detail.element_handle(), kind],
        )
    open_browser.page.keyboard.press("ArrowUp")
    cell.screenshot(path=str(gallery / "02-lens.png"))


def test_the_microscope_brings_the_secret_back(open_browser: Browser, gallery: Path) -> None:
    open_browser.open(names("05"))
    open_browser.run_until('layer_microscope("secret:added"')
    cell = open_browser.cell('layer_microscope("secret:added"')
    cell.scroll_into_view_if_needed()
    cell.locator('[role="option"][data-path="/root/token"]').click()
    cell.locator(".md-resurrect").click()
    cell.locator(".md-file").get_by_text("correct horse").wait_for()
    cell.screenshot(path=str(gallery / "05-microscope.png"))


def test_the_puzzle_is_solved_with_the_keyboard(open_browser: Browser, gallery: Path) -> None:
    opened(open_browser, "05")
    cell = open_browser.cell("ordering = lesson.puzzle")
    cell.scroll_into_view_if_needed()
    before = text_of(open_browser.run_cell('lesson.check("three-layers"'))
    assert "NOT YET" in before
    page = open_browser.page
    for _ in range(2):  # paint goes from the bottom to the top
        cell.locator('[data-name="paint"] button[data-move="up"]').focus()
        page.keyboard.press("Enter")
    cell.locator('[data-name="build"] button[data-move="down"]').focus()
    page.keyboard.press("Enter")
    assert "build is now 1 of 3" in str(cell.locator(".say").text_content())
    cell.screenshot(path=str(gallery / "05-puzzle.png"))
    assert "MET" in text_of(open_browser.run_cell('lesson.check("three-layers"'))


def test_the_build_tree_judges_predictions(open_browser: Browser, gallery: Path) -> None:
    open_browser.open(names("10"))
    open_browser.run_until("tree = build_tree")
    cell = open_browser.cell("tree = build_tree")
    cell.scroll_into_view_if_needed()
    step = cell.locator('[role="option"]', has_text="COPY app.py").first
    step.click()
    guess = cell.locator(".md-guess")
    for said in ("cached", "carried out"):
        open_browser.page.keyboard.press("Enter")
        guess.get_by_text(f"next build: {said}").wait_for()
    open_browser.run_cell('tag="friendly_docker", progress=tree')
    cell.locator(".md-detail").get_by_text("Your prediction was right.").wait_for()
    assert "as you said" in str(step.text_content())
    cell.screenshot(path=str(gallery / "10-build-tree.png"))
    open_browser.run_source("lesson.leave_no_trace()")


def test_the_terminal_takes_typing(open_browser: Browser, gallery: Path) -> None:
    open_browser.strangers.clear()
    open_browser.open(names("00"))
    open_browser.run_until("terminal = engine.terminal")
    cell = open_browser.cell("terminal = engine.terminal")
    cell.scroll_into_view_if_needed()
    cell.locator(".xterm-screen").click()
    page = open_browser.page
    page.keyboard.type("echo typed in the $((40 + 2))nd cell\n", delay=5)
    cell.locator(".xterm-rows").get_by_text("typed in the 42nd cell").wait_for()
    cell.screenshot(path=str(gallery / "00-terminal.png"))
    page.keyboard.type("exit 3\n", delay=5)
    open_browser.run_source("assert terminal.wait(20) == 3")
    assert open_browser.strangers == []


def test_dark_and_narrow(open_browser: Browser, gallery: Path) -> None:
    opened(open_browser, "02")
    open_browser.theme("JupyterLab Dark")
    open_browser.page.set_viewport_size({"width": 700, "height": 1000})
    pictures(open_browser, gallery, "02-dark")
    open_browser.page.set_viewport_size({"width": 1280, "height": 1000})
    open_browser.theme("JupyterLab Light")
