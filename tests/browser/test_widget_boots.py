"""Boot phases on a bare page: keys, themes, widths, names."""

from pathlib import Path
from typing import Any

import pytest

from pyminidocker.widgets.bootphases.model import bar
from pyminidocker.widgets.bootphases.view import BootPhases, boot_phases
from tests.browser.widget_page import SIZES, look, reaches, shown

pytestmark = pytest.mark.requires("chromium")


def boots() -> BootPhases:
    machine = (
        ("hypervisor", 0.2), ("firmware", 0.5), ("kernel", 1.9), ("init", 0.08), ("shell", 0.03),
    )  # fmt: skip
    container = (("create", 0.0021), ("start", 0.0028), ("answer", 0.0016))
    recorded = bar("virtual machine, recorded", machine, "recorded on another machine in May")
    return boot_phases(recorded, ("container", container), ("process", (("process", 0.0007),)))


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_boots_fit_and_follow_the_theme(
    bare_browser: Any, gallery: Path, theme: str, width: int
) -> None:
    look(bare_browser, boots(), gallery, "boots", theme, width)


def test_parts_are_walked_by_keys(bare_browser: Any) -> None:
    view = boots()
    with shown(bare_browser, view) as page:
        page.page.locator('.md-pick[tabindex="0"]').focus()
        page.page.keyboard.press("ArrowRight")
        page.page.keyboard.press("ArrowRight")
        assert reaches(page, lambda: view.selected, "0-2")
        detail = page.page.locator(".md-detail").inner_text()
        assert "virtual machine, recorded: kernel" in detail
        assert "1.9 s, 70% of 2.71 s." in detail
        assert "recorded on another machine in May" in detail
        page.page.keyboard.press("End")
        assert reaches(page, lambda: view.selected, "2-0")
        assert "the copy becomes the program" in page.page.locator(".md-detail").inner_text()
