"""The terminal's page side: output, keys, the way out, the end."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyminidocker.widgets.terminal.view import Terminal
from tests.browser.widget_page import WidgetPage, save, shown

pytestmark = pytest.mark.requires("chromium")


class Wire:
    """A process and its stream in one: what the page types can be read from ``far``."""

    title = "sh in web"

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.sizes: list[tuple[int, int]] = []

    def start(self, rows: int, cols: int) -> "Wire":
        self.sizes.append((rows, cols))
        return self

    def resize(self, rows: int, cols: int) -> None:
        self.sizes.append((rows, cols))

    def exit_code(self) -> int:
        return 130

    def end(self) -> None:
        self.far.close()

    def receive(self) -> bytes:
        return self.near.recv(65536)

    def send(self, data: bytes) -> None:
        self.near.sendall(data)

    def close_stdin(self) -> None:
        self.near.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.near.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.far.close()


@pytest.fixture
def terminal(bare_browser: Any, wire: Wire) -> Iterator[WidgetPage]:
    widget = Terminal(wire)
    replays: list[dict[str, Any]] = []
    widget.send = lambda content, buffers=None: replays.append(content)
    with shown(bare_browser, widget) as page:
        while not replays:  # the page says when it is ready
            page.page.wait_for_timeout(20)
        page.message(replays[0], b"/ # ")
        yield page


def screen(page: WidgetPage, words: str) -> None:
    """Wait until the terminal shows ``words``."""
    page.page.wait_for_function(
        "(words) => document.querySelector('.xterm-rows').textContent"
        ".replaceAll('\\u00a0', ' ').includes(words)",
        arg=words,
    )


def test_output_is_shown_and_the_size_told(terminal: WidgetPage, wire: Wire, gallery: Path) -> None:
    screen(terminal, "/ #")
    terminal.message({"do": "output"}, b"ls\r\n\x1b[1;34mbin\x1b[0m  etc\r\n")
    screen(terminal, "bin  etc")
    rows, cols = wire.sizes[-1]
    assert rows > 10
    assert cols > 60
    assert terminal.overflow_px() <= 0
    assert terminal.nameless() == []
    save(terminal, gallery, "terminal")


def test_keys_reach_the_process_and_f6_leads_out(terminal: WidgetPage, wire: Wire) -> None:
    terminal.page.locator(".xterm-helper-textarea").focus()
    terminal.page.keyboard.type("dd")
    terminal.page.keyboard.press("Tab")
    terminal.page.keyboard.press("Control+c")
    wire.far.settimeout(5)
    typed = b""
    while len(typed) < 4:
        terminal.page.wait_for_timeout(20)  # lets the page's calls into Python run
        typed += wire.far.recv(16)
    assert typed == b"dd\t\x03"
    terminal.page.keyboard.press("F6")
    assert terminal.page.evaluate("document.activeElement.textContent") == "End"


def test_end_is_said_in_words(terminal: WidgetPage, wire: Wire) -> None:
    assert terminal.page.locator(".md-state").inner_text() == "running"
    wire.far.close()
    assert terminal.widget.wait(5) == 130
    terminal.sync()
    assert terminal.page.locator(".md-state").inner_text() == "ended, exit code 130 (Ctrl-C)"
    assert terminal.page.get_by_role("button", name="End").is_disabled()


def test_screen_reader_mode_brings_the_lines_into_the_page(terminal: WidgetPage) -> None:
    terminal.page.get_by_role("button", name="Screen reader").click()
    assert terminal.widget.screen_reader is True
    terminal.page.wait_for_selector(".xterm-accessibility")


def test_terminal_follows_the_theme(terminal: WidgetPage) -> None:
    terminal.theme("dark")
    terminal.page.wait_for_selector('.md-view[data-theme="dark"]')
    colour = "getComputedStyle(document.querySelector('.xterm-rows')).color"
    terminal.page.wait_for_function(f"() => {colour} === 'rgb(232, 237, 242)'")
