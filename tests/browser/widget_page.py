"""One widget on a bare page: its real script and styles, connected to the real Python object.

JupyterLab is not needed to see whether keys move a selection, a theme is followed or a narrow cell
overflows; without it such a test takes a tenth of a second.  The page's model stands in for the
comm: what the script sets or sends reaches the widget's traits and message handlers, and traits
that Python sets are pushed back by ``sync``.
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.lab import CHROMIUM_FLAGS, chromium

PAPER = {"light": "#ffffff", "dark": "#111111"}  # JupyterLab's own
DOCUMENT = """<!doctype html><html lang="en">
<head><meta charset="utf-8"><title>widget</title>
<style>body { margin: 0; padding: 12px; } %s</style></head>
<body><main id="cell"></main></body></html>"""
CONNECT = """
async ([source, state]) => {
  const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const listeners = {};
  const tell = (name, ...args) => (listeners[name] ?? []).forEach((call) => call(...args));
  const model = {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      window.setInPython(name, value);
      tell(`change:${name}`);
    },
    save_changes() {},
    on: (name, call) => (listeners[name] ??= []).push(call),
    off: (name, call) => (listeners[name] = (listeners[name] ?? []).filter((one) => one !== call)),
    send: (content) => window.sendToPython(content),
  };
  window.fromPython = (name, value) => {
    if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
    state[name] = value;
    tell(`change:${name}`);
  };
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  window.message = (content, buffers) =>
    tell("msg:custom", content, buffers.map((text) => new DataView(bytes(text).buffer)));
  window.close_view = await module.default.render({ model, el: document.getElementById("cell") });
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}
"""


class WidgetPage:
    """A widget in a browser.

    Attributes:
        page: playwright's page.
        complaints: errors the page reported.
    """

    def __init__(self, page: Any, widget: Any, *, theme: str, width: int) -> None:
        self.page, self.widget = page, widget
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.set_viewport_size({"width": width, "height": 1000})
        page.expose_function("setInPython", lambda name, value: widget.set_state({name: value}))
        page.expose_function("sendToPython", lambda content: widget._handle_custom_msg(content, []))
        page.set_content(DOCUMENT % widget._css)
        self.theme(theme)
        script = widget._esm
        source = script if isinstance(script, str) else script.read_text()
        page.evaluate(CONNECT, [str(source), self._state()])

    def _state(self) -> dict[str, Any]:
        names = self.widget.trait_names(sync=True)
        own = [name for name in names if not name.startswith("_")]
        state = self.widget.get_state(own)
        return {name: value for name, value in state.items() if name not in ("layout", "comm")}

    def theme(self, name: str) -> None:
        """Paint the page as JupyterLab's light or dark theme does."""
        self.page.evaluate(
            "(paper) => { document.body.style.background = paper;"
            " document.body.style.setProperty('--jp-layout-color0', paper); }",
            PAPER[name],
        )

    def sync(self) -> None:
        """Push the widget's traits to the page."""
        for name, value in self._state().items():
            self.page.evaluate("([name, value]) => window.fromPython(name, value)", [name, value])

    def message(self, content: dict[str, Any], data: bytes) -> None:
        """Deliver a custom message with one buffer."""
        text = base64.b64encode(data).decode()
        self.page.evaluate("([content, text]) => window.message(content, [text])", [content, text])

    def focused(self, attribute: str) -> str:
        """Return an attribute of the focused element."""
        return str(self.page.evaluate(f"document.activeElement.getAttribute('{attribute}')"))

    def nameless(self) -> list[str]:
        """Return controls that a screen reader could not name."""
        return list(
            self.page.evaluate(
                """() => [...document.querySelectorAll('button, input, select, section, [role]')]
                .filter((e) => !['status', 'presentation'].includes(e.getAttribute('role')))
                .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim()))
                .map((e) => e.outerHTML.slice(0, 80))"""
            )
        )

    def overflow_px(self) -> int:
        """Return by how much the page is wider than its window."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )


# How each widget is looked at: (theme, width of the cell in pixels).
SIZES = [("light", 960), ("dark", 960), ("light", 380), ("dark", 380)]


@contextmanager
def headless_chromium(driver: Any) -> Iterator[Any]:
    """Start a browser that leaves nothing behind."""
    browser = driver.chromium.launch(executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS)
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def shown(
    browser: Any, widget: Any, *, theme: str = "light", width: int = 960
) -> Iterator[WidgetPage]:
    """Show ``widget`` on a page of its own."""
    page = browser.new_page()
    try:
        opened = WidgetPage(page, widget, theme=theme, width=width)
        yield opened
        assert not opened.complaints
    finally:
        page.close()
        widget.close()


def reaches(page: WidgetPage, read: Callable[[], object], wanted: object) -> bool:
    """Wait until the page's news has reached the widget in Python; it travels by itself."""
    for _ in range(250):
        if read() == wanted:
            return True
        page.page.wait_for_timeout(20)
    return read() == wanted


def save(page: WidgetPage, gallery: Path, name: str) -> None:
    """Save a picture of the whole page."""
    page.page.screenshot(path=str(gallery / f"{name}.png"), full_page=True)


def look(browser: Any, widget: Any, gallery: Path, name: str, theme: str, width: int) -> None:
    """Show a widget at a width in a theme: nothing overflows, nothing is without a name."""
    with shown(browser, widget, theme=theme, width=width) as page:
        page.page.wait_for_selector(f'.md-view[data-theme="{theme}"]')
        assert page.overflow_px() <= 0
        assert page.nameless() == []
        save(page, gallery, f"{name}-{theme}-{width}")
