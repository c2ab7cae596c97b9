"""JupyterLab and the browser, once for the session."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.lab import Browser, browser, jupyterlab
from tests.browser.widget_page import headless_chromium
from tests.notebooks.classroom import Classroom, classroom


@pytest.fixture(scope="session")
def lab_room() -> Iterator[Classroom]:
    with classroom() as opened:
        yield opened


@pytest.fixture(scope="session")
def driver() -> Iterator[Any]:
    """Playwright, which can run only once per process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def bare_browser(driver: Any) -> Iterator[Any]:
    """A browser without JupyterLab, for one widget at a time."""
    with headless_chromium(driver) as browser:
        yield browser


@pytest.fixture(scope="session")
def open_browser(lab_room: Classroom, driver: Any) -> Iterator[Browser]:
    with (
        jupyterlab(lab_room) as address,
        browser(driver, address, lab_room.home / "chromium") as opened,
    ):
        yield opened


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: a temporary directory, or MINIDOCKER_GALLERY to keep them."""
    wanted = os.environ.get("MINIDOCKER_GALLERY")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("gallery")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
