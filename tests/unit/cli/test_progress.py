"""Progress in terminals, notebooks and files."""

import io

import pytest

from pyminidocker.cli import progress
from pyminidocker.cli.progress import NOTEBOOK, PLAIN, TERMINAL, Progress, bar, follow
from pyminidocker.errors import MiniDockerError


def step(name: str, text: str, current: int = 0, total: int = 0) -> dict:
    numbers = {"current": current, "total": total} if total else {}
    return {"id": name, "status": text, "progressDetail": numbers}


PULL = [
    {"id": "1", "status": "Pulling from app"},
    step("aaa", "Pulling fs layer"),
    step("bbb", "Pulling fs layer"),
    step("bbb", "Downloading", 50, 100),
    step("aaa", "Downloading", 10, 200),
    step("bbb", "Download complete"),
    step("bbb", "Pull complete"),
    step("aaa", "Pull complete"),
    {"status": "Digest: sha256:0"},
]


def shown(mode: str, records: list[dict] = PULL) -> str:
    out = io.StringIO()
    with Progress(out, mode=mode, verb="Pulling") as one:
        for record in records:
            one.show(record)
    return out.getvalue()


def screen(text: str) -> list[str]:
    """Return what a terminal shows in the end, for the few sequences that are used."""
    rows, row = [""], 0
    while text:
        if text.startswith("\x1b["):
            end = next(
                i for i, letter in enumerate(text) if letter in "AB" or text[i : i + 1] == "K"
            )
            count = text[2:end]
            row += {"A": -1, "B": 1, "K": 0}[text[end]] * int(count or 1)
            if text[end] == "K":
                rows[row] = ""
            text = text[end + 1 :]
            continue
        letter, text = text[0], text[1:]
        if letter == "\n":
            row += 1
            rows += [""] * (row + 1 - len(rows))
        elif letter != "\r":
            rows[row] += letter
    return [line.rstrip() for line in rows]


def test_plain_has_a_line_per_change_and_no_bars():
    assert shown(PLAIN).splitlines() == [
        "1: Pulling from app",
        "aaa: Pulling fs layer", "bbb: Pulling fs layer",
        "bbb: Download complete", "bbb: Pull complete", "aaa: Pull complete",
        "Digest: sha256:0",
    ]  # fmt: skip


def test_a_terminal_has_a_line_per_layer():
    text = shown(TERMINAL)
    assert screen(text) == [
        "1: Pulling from app", "aaa: Pull complete", "bbb: Pull complete", "Digest: sha256:0", "",
    ]  # fmt: skip
    assert "bbb: Downloading [" in text
    assert "50B/100B" in text


def test_a_notebook_has_the_last_words_in_order():
    assert shown(NOTEBOOK).splitlines() == [
        "1: Pulling from app", "aaa: Pull complete", "bbb: Pull complete", "Digest: sha256:0",
    ]  # fmt: skip


def test_a_notebooks_bar_is_wiped_away(monkeypatch):
    now = iter(range(1000))
    monkeypatch.setattr(progress, "monotonic", lambda: float(next(now)))
    text = shown(NOTEBOOK)
    assert "Pulling 0/2 [" in text
    assert "\x1b" not in text
    assert [line.rpartition("\r")[2] for line in text.split("\n")] == [
        "1: Pulling from app", "aaa: Pull complete", "bbb: Pull complete", "Digest: sha256:0", "",
    ]  # fmt: skip


@pytest.mark.parametrize("mode", [TERMINAL, NOTEBOOK, PLAIN])
def test_errors_are_raised(mode):
    error = {"errorDetail": {"message": "no"}, "error": "no", "hint": "try"}
    with pytest.raises(MiniDockerError, match="no") as caught:
        shown(mode, [*PULL[:4], error])
    assert caught.value.hint == "try"


def test_follow_keeps_what_is_no_text(capsys):
    records = [*PULL, {"progressDetail": {}, "aux": {"Digest": "sha256:0"}}]
    assert follow(records, quiet=True) == [{"Digest": "sha256:0"}]
    assert capsys.readouterr().out == ""
    assert follow(records) == [{"Digest": "sha256:0"}]
    assert capsys.readouterr().out.startswith("1: Pulling from app\n")


def test_streams_pass_as_they_are():
    records = [{"stream": "Step 1/2 : "}, {"stream": "FROM x\n"}]
    for mode in (TERMINAL, NOTEBOOK, PLAIN):
        assert shown(mode, records) == "Step 1/2 : FROM x\n"


def test_bars():
    assert bar(0, 0) == ""
    assert bar(5, 0).strip() == "5B"
    assert bar(50, 100) == f"[{'=' * 25}>{' ' * 25}]      50B/100B"
    assert bar(100, 100).startswith(f"[{'=' * 50}>]")
    assert bar(150, 100).strip() == "150B"
    assert bar(50, 100, 20) == "     50B/100B"
    assert len(bar(1, 3, 40)) <= 40


def test_where_it_goes(monkeypatch):
    class Screen(io.StringIO):
        def fileno(self) -> int:
            return 1

    monkeypatch.setattr("os.isatty", lambda _fd: True)
    for name in ("JPY_PARENT_PID", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert progress.mode_of(Screen()) == TERMINAL
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    assert progress.mode_of(Screen()) == NOTEBOOK
    monkeypatch.setenv("NO_COLOR", "1")
    assert progress.mode_of(Screen()) == PLAIN
    assert progress.mode_of(io.StringIO()) == PLAIN
