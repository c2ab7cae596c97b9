"""What a learner does with a lesson's widgets, by mouse and by keyboard."""

from pathlib import Path
from typing import Any

from tests.browser.lab import Browser


def answer(
    browser: Browser, question: str, key: str, *, by_keyboard: bool = False, expect: str = ""
) -> str:
    """Choose option ``key`` of ``question``, press its button, and return the reply.

    Args:
        browser: with the lesson open.
        question: its id.
        key: a, b, c ...
        by_keyboard: with Space, arrows, Tab and Enter only.
        expect: how the reply begins, after its symbol; any reply when empty.
    """
    field = browser.page.locator(f'fieldset[data-question="{question}"]').first
    field.scroll_into_view_if_needed()
    if by_keyboard:
        _choose_by_arrows(browser, field, key)
        browser.page.keyboard.press("Tab")
        browser.page.keyboard.press("Enter")
    else:
        field.locator(f'input[value="{key}"]').check()
        field.locator("button").click()
    reply = field.locator(".say")
    browser.page.wait_for_function(
        "([element, text]) => element.textContent.trim().length > 0"
        " && element.textContent.includes(text)",
        arg=[reply.element_handle(), expect.replace("`", "")],
    )
    return str(reply.text_content()).strip()


def _choose_by_arrows(browser: Browser, field: Any, key: str) -> None:
    first = field.locator("input").first
    first.focus()
    browser.page.keyboard.press("Space")
    for _ in range("abcdefgh".index(key)):
        browser.page.keyboard.press("ArrowDown")
    assert field.locator(f'input[value="{key}"]').is_checked()


def questions(browser: Browser) -> list[str]:
    """Return the ids of all questions in the open lesson, in order."""
    return list(
        browser.page.eval_on_selector_all(
            "fieldset[data-question]", "(all) => all.map((one) => one.dataset.question)"
        )
    )


def text_of(outputs: list[dict[str, Any]]) -> str:
    """Return what outputs say, as plain text."""
    parts = []
    for output in outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        parts.append("".join(text) if isinstance(text, list) else text)
    return "\n".join(parts)


def pictures(browser: Browser, folder: Path, name: str) -> None:
    """Save pictures of the whole notebook, one window after the other: NAME-01.png ..."""
    scroller = browser.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer")
    height, window = scroller.evaluate("(one) => [one.scrollHeight, one.clientHeight]")
    for number, top in enumerate(range(0, int(height), int(window) - 60), start=1):
        scroller.evaluate("(one, top) => one.scrollTo(0, top)", top)
        scroller.screenshot(path=str(folder / f"{name}-{number:02}.png"))
