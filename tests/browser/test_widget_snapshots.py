"""The table of snapshots on a bare page: keys, themes, widths, names."""

from pathlib import Path
from typing import Any

import pytest

from pyminidocker.widgets.snapshots import view as views
from pyminidocker.widgets.snapshots.model import COLUMNS, KEPT, LOST, ROWS, Cost, Outcome
from pyminidocker.widgets.snapshots.trial import Result, untried
from pyminidocker.widgets.snapshots.view import SnapshotTable
from tests.browser.widget_page import SIZES, look, reaches, shown

pytestmark = pytest.mark.requires("chromium")


def result(_engine: Any, row: str) -> Result:
    """What a trial finds: every kind keeps what its place in the list says."""
    if row == "checkpoint":
        return untried("CRIU does not work on this host"), Cost()
    kinds = [KEPT if at % (list(ROWS).index(row) + 2) else LOST for at in range(len(COLUMNS))]
    found = {
        column: Outcome(kind, f"/srv/mark of {row}")
        for column, kind in zip(COLUMNS, kinds, strict=True)
    }
    return found, Cost(0.164, 0.315, 83_400_000)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> SnapshotTable:
    monkeypatch.setattr(views, "attempt", result)
    return SnapshotTable(None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("theme", "width"), SIZES)
def test_table_fits_and_follows_the_theme(
    bare_browser: Any, gallery: Path, table: SnapshotTable, theme: str, width: int
) -> None:
    table.predict({("commit", "volume"): False, ("pause", "files"): True}).fill()
    look(bare_browser, table, gallery, "snapshots", theme, width)


def test_table_takes_predictions_by_keyboard_and_is_filled_from_the_page(
    bare_browser: Any, table: SnapshotTable
) -> None:
    with shown(bare_browser, table) as page:
        page.page.locator('.md-pick[tabindex="0"]').focus()
        page.page.keyboard.press("ArrowRight")
        page.page.keyboard.press("ArrowDown")
        assert page.focused("data-key") == "export/volume"
        page.page.keyboard.press("Enter")
        page.sync()
        assert reaches(page, lambda: table.table.cell("export", "volume").guess, True)
        assert "You predict: kept." in page.page.locator(".md-detail").inner_text()
        page.page.get_by_role("button", name="Try all").click()
        assert reaches(page, lambda: table.table.cell("vm", "files").outcome is not None, True)
        page.sync()
        detail = page.page.locator(".md-detail").inner_text()
        assert "/srv/mark of export" in detail
        assert "164 ms and 315 ms, 83.4MB" in detail
