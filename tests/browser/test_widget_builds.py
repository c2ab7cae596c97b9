"""The build tree and the argv calculator on a bare page: keys, themes, widths, names."""

from pathlib import Path
from typing import Any

import pytest

from pyminidocker.oci.image_spec import RunConfig
from pyminidocker.widgets.argv.model import Observed
from pyminidocker.widgets.argv.view import ArgvCalculator, calculation
from pyminidocker.widgets.buildtree.view import BuildTree, build_tree
from tests.browser.widget_page import SIZES, look, reaches, save, shown
from tests.support.build_records import build

pytestmark = pytest.mark.requires("chromium")


def rebuilt() -> BuildTree:
    """The second of two builds, with predictions."""
    tree = build_tree(build())
    tree.predict({"COPY app.py": False, "builder 2/3": True, "3.1": False})
    for record in build(changed="3.3"):
        tree(record)
    return tree


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_tree_fits_and_follows_the_theme(
    bare_browser: Any, gallery: Path, theme: str, width: int
) -> None:
    view = rebuilt()
    view.selected = "3.3"
    look(bare_browser, view, gallery, "build", theme, width)


def test_tree_is_walked_by_keys(bare_browser: Any) -> None:
    view = rebuilt()
    with shown(bare_browser, view) as page:
        page.page.locator('.md-pick[tabindex="0"]').focus()
        page.page.keyboard.press("End")
        assert reaches(page, lambda: view.selected, "3.5")
        page.page.keyboard.press("ArrowUp")
        page.page.keyboard.press("ArrowUp")
        assert reaches(page, lambda: view.selected, "3.3")
        detail = page.page.locator(".md-detail").inner_text()
        assert "Why: content of app.py changed." in detail
        assert "The build before: carried out, 3.4kB" in detail
        assert "Your prediction was right." in detail
        assert "working on 3.3" in detail


def test_tree_takes_predictions_for_the_next_build(bare_browser: Any, gallery: Path) -> None:
    view = build_tree(build())
    with shown(bare_browser, view) as page:
        page.page.locator('[data-key="3.3"]').click()
        assert reaches(page, lambda: view.selected, "3.3")
        page.page.keyboard.press("Enter")
        assert reaches(page, lambda: view.run.steps["3.3"].next_guess, True)
        page.sync()
        button = page.page.get_by_role("button", name="Prediction for the next build: cached")
        button.click()
        assert reaches(page, lambda: view.run.steps["3.3"].next_guess, False)
        page.sync()
        save(page, gallery, "build-predicted")
        for record in build(changed="3.3"):
            view(record)
        page.sync()
        assert "Your prediction was right." in page.page.locator(".md-detail").inner_text()
        assert "1 of 1 predictions were right" in page.page.locator(".md-message").inner_text()


def test_tree_grows_while_a_build_goes_on(bare_browser: Any, gallery: Path) -> None:
    view = build_tree()
    records = build(failing="1.3")
    with shown(bare_browser, view) as page:
        for record in records[:5]:
            view(record)
        view._show()
        page.sync()
        assert page.page.locator(".md-pick").count() == 10
        assert page.page.locator(".md-message").inner_text() == "Building ..."
        save(page, gallery, "build-growing")
        for record in records[5:]:
            view(record)
        view.selected = "1.3"
        page.sync()
        assert "1 failed" in page.page.locator(".md-message").inner_text()
        assert ">> 3 | RUN pip wheel" in page.page.locator(".md-detail").inner_text()
        save(page, gallery, "build-failed")


# ------------------------------------------------------------------------------ argv calculator


class NoEngine:
    """Nothing is tried here for real; tests/integration does."""

    api = None


def calculator() -> ArgvCalculator:
    sum_ = calculation('["say", "hello"]', '["world"]', "moon", RunConfig(cmd=["sh"]))
    heard = Observed(("say", "hello", "moon"), "say", ("/bin/sh", "/bin/say", "hello", "moon"), (),
                     "I was given: [hello] [moon]", heard=True)  # fmt: skip
    missed = Observed(("sh", "-c", "say hello; true", "moon"), "sh", ("sh", "-c", "say; true"),
                      ("say",), "I was given: [hello]", heard=False)  # fmt: skip
    broken = Observed(("moon",), error='exec: "moon": executable file not found in $PATH')
    sum_.seen = {("exec", "exec"): heard, ("shell", "exec"): missed, ("none", "exec"): broken}
    return ArgvCalculator(NoEngine(), "busybox", sum_)


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_calculator_fits_and_follows_the_theme(
    bare_browser: Any, gallery: Path, theme: str, width: int
) -> None:
    look(bare_browser, calculator(), gallery, "argv", theme, width)


def test_calculator_is_walked_by_keys(bare_browser: Any) -> None:
    view = calculator()
    with shown(bare_browser, view) as page:
        assert page.page.locator('[data-key="exec-exec"]').get_attribute("aria-selected") == "true"
        page.page.locator('.md-pick[tabindex="0"]').focus()
        page.page.keyboard.press("ArrowRight")
        assert reaches(page, lambda: view.chosen, "shell-exec")
        page.sync()
        assert "does not pass it" in str(page.page.locator("svg").text_content())
        assert page.focused("data-key") == "shell-exec"
        page.page.keyboard.press("ArrowDown")
        assert reaches(page, lambda: view.chosen, "shell-shell")


def test_calculator_takes_what_is_written(bare_browser: Any, gallery: Path) -> None:
    view = calculator()
    with shown(bare_browser, view) as page:
        field = page.page.get_by_role("textbox", name="CMD")
        field.fill("echo hi && date")
        field.press("Enter")
        assert reaches(page, lambda: view.sum.chosen, ("exec", "shell"))
        page.page.get_by_role("textbox", name="run IMAGE").fill("")
        page.page.get_by_role("textbox", name="run IMAGE").press("Tab")
        assert reaches(page, lambda: view.argv[-1], "echo hi && date")
        page.sync()
        assert (
            page.page.get_by_role("textbox", name="ENTRYPOINT").input_value() == '["say", "hello"]'
        )
        assert page.overflow_px() <= 0
        save(page, gallery, "argv-written")
