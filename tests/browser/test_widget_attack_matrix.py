"""The attack matrix on a bare page: keys, themes, widths, names."""

from pathlib import Path
from typing import Any

import pytest

from pyminidocker.attacks import LEVELS, Attempt, find
from pyminidocker.widgets.attackmatrix import view as views
from pyminidocker.widgets.attackmatrix.view import AttackMatrix
from tests.browser.widget_page import SIZES, look, reaches, shown

pytestmark = pytest.mark.requires("chromium")
ROWS = ("host-path", "user-namespace", "set-user-id", "uevent-helper", "call-home")


def sweep(_engine: Any, attacks: Any, levels: Any, tell: Any) -> None:
    order = [one.name for one in LEVELS]
    for one in levels:
        for number, attack in enumerate(attacks):
            outcome = "succeeded" if order.index(one.name) < number else "stopped"
            if attack.id == "uevent-helper":
                outcome = "untried"
            tell(Attempt(attack.id, one.name, outcome, f"open of {attack.id}: EPERM"))


@pytest.fixture
def matrix(monkeypatch: pytest.MonkeyPatch) -> AttackMatrix:
    monkeypatch.setattr(views, "sweep", sweep)
    return AttackMatrix(None, tuple(find(name) for name in ROWS))  # type: ignore[arg-type]


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_matrix_fits_and_follows_the_theme(
    bare_browser: Any, gallery: Path, matrix: AttackMatrix, theme: str, width: int
) -> None:
    matrix.predict({("host-path", "none"): True, ("call-home", "strict"): False}).fill()
    look(bare_browser, matrix, gallery, "attack-matrix", theme, width)


def test_matrix_takes_predictions_by_keyboard_and_is_filled_from_the_page(
    bare_browser: Any, matrix: AttackMatrix
) -> None:
    with shown(bare_browser, matrix) as page:
        page.page.locator('.md-pick[tabindex="0"]').focus()
        page.page.keyboard.press("ArrowRight")
        page.page.keyboard.press("ArrowDown")
        assert page.focused("data-key") == "user-namespace/capabilities"
        page.page.keyboard.press("Enter")
        page.sync()
        assert reaches(page, lambda: matrix.grid.cell("user-namespace", "capabilities").guess, True)
        assert "You predict: it gets through." in page.page.locator(".md-detail").inner_text()
        page.page.get_by_role("button", name="Try all").click()
        assert reaches(
            page, lambda: matrix.grid.cell("call-home", "strict").outcome is not None, True
        )
        page.sync()
        detail = page.page.locator(".md-detail").inner_text()
        assert "open of user-namespace: EPERM" in detail
        assert "docker run --security-opt seccomp=unconfined" in detail
