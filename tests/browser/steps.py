"""What a learner does with a lesson's widgets, by mouse and by keyboard."""

from typing import Any

from tests.browser.lab import Browser


def answer(browser: Browser, question: str, key: str, *, by_keyboard: bool = False) -> str:
    """Choose option ``key`` of ``question``, press its button, and return the reply."""
    field = browser.page.locator(f'fieldset[data-question="{question}"]').first
    field.scroll_into_view_if_needed()
    radio = field.locator(f'input[value="{key}"]')
    if by_keyboard:
        _choose_by_arrows(browser, field, key)
        browser.page.keyboard.press("Tab")
        browser.page.keyboard.press("Enter")
    else:
        radio.check()
        field.locator("button").click()
    reply = field.locator(".say")
    reply.filter(has_text=" ").wait_for()
    browser.page.wait_for_function(
        "(element) => element.textContent.trim().length > 0", arg=reply.element_handle()
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
