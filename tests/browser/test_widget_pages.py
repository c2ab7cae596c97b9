"""The views on a bare page: keys, themes, widths, names; the lessons test them in JupyterLab."""

import os
from pathlib import Path
from typing import Any

import pytest

from pyminidocker.widgets.layers.view import LayerMicroscope
from pyminidocker.widgets.namespaces.meaning import MEANINGS
from pyminidocker.widgets.namespaces.model import Fact, Subject
from pyminidocker.widgets.namespaces.reading import read_subject
from pyminidocker.widgets.namespaces.view import NamespaceLens
from tests.browser.widget_page import SIZES, look, reaches, shown

pytestmark = pytest.mark.requires("chromium")


def lens() -> NamespaceLens:
    """This process, and a container's view of it that shares time only."""
    ours = read_subject(os.getpid(), "this notebook")
    numbers = {
        m.key: n + (m.key != "time")
        for m, n in zip(MEANINGS, ours.namespaces.values(), strict=True)
    }
    facts = {m.key: Fact(f"its own {m.key}", f"its own {m.key}") for m in MEANINGS}
    web = Subject("web", os.getpid(), (os.getpid(), 1), "sleep", ours.start_ticks, numbers, facts)
    return NamespaceLens([ours, web])


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_lens_fits_and_follows_the_theme(
    bare_browser: Any, gallery: Path, theme: str, width: int
) -> None:
    look(bare_browser, lens(), gallery, "lens", theme, width)


def test_theme_changes_while_the_view_is_open(bare_browser: Any) -> None:
    with shown(bare_browser, lens()) as page:
        page.page.wait_for_selector('.md-view[data-theme="light"]')
        page.theme("dark")
        page.page.wait_for_selector('.md-view[data-theme="dark"]')


def test_lens_is_walked_by_keys(bare_browser: Any) -> None:
    view = lens()
    with shown(bare_browser, view) as page:
        rows = page.page.locator(".md-pick")
        assert rows.count() == len(MEANINGS)
        assert page.page.locator('.md-pick[tabindex="0"]').count() == 1
        page.page.locator('.md-pick[tabindex="0"]').focus()
        page.page.keyboard.press("ArrowDown")
        page.page.keyboard.press("ArrowDown")
        assert page.focused("data-key") == "net"
        assert page.focused("aria-selected") == "true"
        assert reaches(page, lambda: view.selected, "net")
        assert "localhost" in page.page.locator(".md-detail").inner_text()
        page.page.keyboard.press("End")
        assert reaches(page, lambda: view.selected, MEANINGS[-1].key)
        assert "= same" in page.page.locator(".md-detail").inner_text()
        page.page.keyboard.press("Home")
        assert reaches(page, lambda: view.selected, MEANINGS[0].key)


def test_lens_keeps_selection_and_focus_when_redrawn(bare_browser: Any) -> None:
    view = lens()
    with shown(bare_browser, view) as page:
        page.page.locator('.md-pick[data-key="uts"]').click()
        page.page.get_by_role("button", name="Read again").wait_for()
        page.page.evaluate(
            "() => window.fromPython('pictures',"
            " {wide: document.querySelector('.md-picture').innerHTML + ' '})"
        )
        assert page.focused("data-key") == "uts"
        assert (
            page.page.locator('.md-pick[aria-selected="true"]').get_attribute("data-key") == "uts"
        )


def test_cleaning_up_lets_go_of_the_model(bare_browser: Any) -> None:
    view = lens()
    with shown(bare_browser, view) as page:
        page.page.evaluate("() => { window.close_view(); }")
        before = page.page.locator(".md-message").inner_text()
        view.message = "nobody listens"
        page.sync()
        assert page.page.locator(".md-message").inner_text() == before


class Answers:
    """The engine's answers about two small stacks."""

    def compare(self, a: str, b: str) -> dict[str, Any]:
        fields = {"Type": "file", "Layer": 1, "SizeA": 0, "SizeB": 0, "ModeA": 0, "ModeB": 0}
        none = {"CopiedUp": 0, "Whiteout": False, "Opaque": False}
        entries = [
            {**fields, **none, "Path": "/app.py", "Kind": "added", "SizeB": 900},
            {
                **fields,
                **none,
                "Path": "/big",
                "Kind": "changed",
                "SizeA": 4,
                "SizeB": 5,
                "CopiedUp": 4,
            },
            {**fields, **none, "Path": "/secret", "Kind": "deleted", "SizeA": 7, "Whiteout": True},
            *(
                {**fields, **none, "Path": f"/lib/{i:04}", "Kind": "added", "SizeB": i}
                for i in range(450)
            ),
        ]
        entries.sort(key=lambda entry: str(entry["Path"]))
        return {
            "A": a,
            "B": b,
            "Entries": entries,
            "Summary": {"CopiedUpBytes": 4, "WastedBytes": 11},
        }

    def layers(self, ref: str) -> list[dict[str, Any]]:
        base = {"ChainId": "c1", "Size": 1000, "CreatedBy": "ADD base /"}
        own = {"ChainId": "", "Size": 30, "CreatedBy": f"container {ref}"}
        return [base, own] if ref == "web" else [base]

    def layer_file(self, _ref: str, _layer: int, _path: str) -> bytes:
        return b"<b>key</b>\n"

    def image_list(self) -> list[dict[str, Any]]:
        return [{"Id": "x", "RepoTags": ["base:latest"]}]

    def container_list(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Names": ["/web"]}]


def microscope() -> LayerMicroscope:
    return LayerMicroscope(Answers(), "base", "web")


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_microscope_fits_and_follows_the_theme(
    bare_browser: Any, gallery: Path, theme: str, width: int
) -> None:
    look(bare_browser, microscope(), gallery, "microscope", theme, width)


def test_microscope_filters_and_searches(bare_browser: Any) -> None:
    with shown(bare_browser, microscope()) as page:
        rows = page.page.locator(".md-row")
        assert rows.count() == 200
        page.page.get_by_role("button", name="Show 200 more").click()
        assert rows.count() == 400
        page.page.get_by_role("button", name="− 1 deleted").click()
        assert rows.all_inner_texts()[0].split("\n")[1] == "/secret"
        assert rows.count() == 1
        page.page.get_by_role("button", name="all 453").click()
        page.page.get_by_role("searchbox").fill("APP")
        assert rows.count() == 1
        assert "1 of 453 paths" in page.page.locator(".md-tail").inner_text()
        page.page.get_by_role("searchbox").fill("nothing like it")
        assert rows.count() == 0
        assert "No path fits" in page.page.locator(".md-tail").inner_text()


def test_microscope_shows_one_layer(bare_browser: Any) -> None:
    with shown(bare_browser, microscope()) as page:
        page.page.locator('.md-pick[data-key="layer-1"]').click()
        assert "No path fits in layer 1" in page.page.locator(".md-tail").inner_text()
        page.page.keyboard.press("Enter")
        assert "453 of 453 paths" in page.page.locator(".md-tail").inner_text()


def test_microscope_resurrects_by_keyboard_and_shows_text_as_text(bare_browser: Any) -> None:
    view = microscope()
    with shown(bare_browser, view) as page:
        page.page.get_by_role("button", name="− 1 deleted").focus()
        page.page.keyboard.press("Enter")
        page.page.locator(".md-row").focus()
        page.page.keyboard.press("Enter")
        page.page.keyboard.press("Tab")
        assert (
            page.page.evaluate("document.activeElement.textContent") == "Resurrect the deleted file"
        )
        page.page.keyboard.press("Enter")
        page.page.wait_for_function("() => true")
        page.sync()
        assert page.page.locator(".md-file pre").inner_text().strip() == "<b>key</b>"
        assert "read from layer 1 of web" in page.page.locator(".md-file").inner_text()


def test_microscope_compares_others(bare_browser: Any) -> None:
    view = microscope()
    with shown(bare_browser, view) as page:
        page.page.get_by_role("combobox", name="to").select_option("base:latest")
        page.page.wait_for_function("() => true")
        assert reaches(page, lambda: view.model.b, "base:latest")
        page.sync()
        assert page.page.locator(".md-pick").count() == 1
