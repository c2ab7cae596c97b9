"""One JupyterLab and one headless Chromium for all browser tests.

Clicking "Run All" as soon as the page looks ready is a race that loses runs without a word, and the
page's own busy indicator is no evidence either.  So JupyterLab exposes its application object, and
the test waits in the page for the promises that JupyterLab itself waits for.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.notebooks.classroom import CHECKOUT, Classroom

# Off-screen cells stay in the page, so that selectors find them; no news, no update checks.
OVERRIDES = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--font-render-hinting=none",
]
OPEN = """
async (path) => {
  const app = window.jupyterapp;
  await app.restored;
  const panel = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  app.shell.activateById(panel.id);
  app.shell.collapseLeft();
  window.lesson = panel;
  return panel.content.widgets.length;
}
"""
# A reply may overtake the outputs before it; an empty request behind them is done after them.
SETTLE = """
  await window.lesson.sessionContext.session.kernel.requestExecute(
    {code: '', silent: true, store_history: false}).done;
"""
RUN_ALL = f"""
async () => {{
  await window.jupyterapp.commands.execute('notebook:run-all-cells');
  {SETTLE}
}}
"""
CELLS = """
() => window.lesson.content.widgets.map((cell) => ({
  type: cell.model.type,
  source: cell.model.sharedModel.getSource(),
  count: cell.model.executionCount ?? null,
  outputs: cell.model.outputs ? cell.model.outputs.toJSON() : [],
}))
"""
RUN_ONE = f"""
async (number) => {{
  const notebook = window.lesson.content;
  notebook.activeCellIndex = number;
  notebook.deselectAll();
  await window.jupyterapp.commands.execute('notebook:run-cell');
  {SETTLE}
}}
"""
RUN_SOURCE = """
async (code) => {
  const kernel = window.lesson.sessionContext.session.kernel;
  return (await kernel.requestExecute({code}).done).content;
}
"""


def chromium() -> str | None:
    """Return the browser's path, or None when there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if (found := shutil.which(name)) is not None:
            return found
    return None


@contextmanager
def jupyterlab(room: Classroom) -> Iterator[str]:
    """Run JupyterLab on a copy of the course in ``room`` and yield its address."""
    course = room.home / "course"
    for part in ("notebooks", "assets", "docs"):
        shutil.copytree(CHECKOUT / part, course / part)
    settings = room.home / "lab-settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(OVERRIDES))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (room.home / "lab.log").open("wb")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"),
            *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
            *("--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"),
            *(f"--ServerApp.root_dir={course}", "--LabApp.expose_app_in_browser=True"),
            *(f"--LabApp.app_settings_dir={settings}", "--LabApp.news_url="),
            *(["--allow-root"] if os.getuid() == 0 else []),
        ],
        env=room.env,
        cwd=course,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(f"{address}/api", server, room.home / "lab.log")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


def _wait_until_up(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"JupyterLab did not come up:\n{log.read_text()[-3000:]}")


def end_sessions(address: str) -> None:
    """End the kernels of all notebooks: JupyterLab would connect to the old ones again."""
    with urllib.request.urlopen(f"{address}/api/sessions", timeout=10) as answer:
        sessions = json.load(answer)
    for session in sessions:
        end = urllib.request.Request(f"{address}/api/sessions/{session['id']}", method="DELETE")
        urllib.request.urlopen(end, timeout=30).close()


class Browser:
    """A page in which one lesson at a time is open.

    Attributes:
        page: playwright's page.
        strangers: requests that tried to leave this machine.
        complaints: error messages of the page's console.
    """

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.strangers: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._look_at)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _look_at(self, request: Any) -> None:
        target = urlsplit(request.url)
        if target.scheme in {"http", "https", "ws", "wss"} and target.hostname != "127.0.0.1":
            self.strangers.append(request.url)

    def open(self, notebook: str) -> int:
        """Open a lesson with a fresh kernel; return its number of cells."""
        end_sessions(self.address)
        self.page.goto(f"{self.address}/lab?reset")
        self.page.wait_for_function("() => window.jupyterapp !== undefined", timeout=60_000)
        return int(self.page.evaluate(OPEN, f"notebooks/{notebook}"))

    def run_all(self) -> list[dict[str, Any]]:
        """Run all cells, wait until the last one is done, and return the cells as they are then."""
        self.page.evaluate(RUN_ALL)
        return self.cells()

    def cells(self) -> list[dict[str, Any]]:
        """Return type, source, execution count and outputs of all cells."""
        return list(self.page.evaluate(CELLS))

    def cell(self, text: str) -> Any:
        """Return the (only) code cell whose source holds ``text``, as a locator."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(self._place(text))

    def run_cell(self, text: str) -> list[dict[str, Any]]:
        """Run the cell whose source holds ``text`` once more; return its outputs."""
        number = self._place(text)
        self.page.evaluate(RUN_ONE, number)
        return list(self.cells()[number]["outputs"])

    def run_until(self, text: str) -> None:
        """Run the cells from the top up to and with the one that holds ``text``."""
        for number, cell in enumerate(self.cells()[: self._place(text) + 1]):
            if cell["type"] == "code":
                self.page.evaluate(RUN_ONE, number)

    def run_source(self, source: str) -> None:
        """Run ``source`` in the lesson's kernel, without a cell; an exception fails."""
        reply = self.page.evaluate(RUN_SOURCE, source)
        assert reply["status"] == "ok", reply

    def theme(self, name: str) -> None:
        """Switch JupyterLab to theme ``name``."""
        self.page.evaluate(
            """async (theme) => {
              await window.jupyterapp.commands.execute('apputils:change-theme', {theme});
            }""",
            name,
        )
        dark = "false" if "Dark" in name else "true"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{dark}"]', state="attached")

    def _place(self, text: str) -> int:
        return next(
            number
            for number, cell in enumerate(self.cells())
            if cell["type"] == "code" and text in cell["source"]
        )


@contextmanager
def browser(driver: Any, address: str, profile: Path) -> Iterator[Browser]:
    """Start Chromium and yield a page that is connected to nothing yet.

    Args:
        driver: playwright, which one session can start only once.
        address: JupyterLab's.
        profile: a directory for Chromium.
    """
    context = driver.chromium.launch_persistent_context(
        str(profile),
        executable_path=chromium(),
        headless=True,
        args=CHROMIUM_FLAGS,
        viewport={"width": 1280, "height": 1000},
        reduced_motion="reduce",
    )
    try:
        page = context.pages[0] if context.pages else context.new_page()
        page.set_default_timeout(30_000)
        yield Browser(page, address)
    finally:
        context.close()
