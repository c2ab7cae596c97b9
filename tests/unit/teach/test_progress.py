"""The progress file: local, safe to write, safe to lose."""

import json
import os
from pathlib import Path

import pytest

from pyminidocker.teach.cards import Card, Fold, code_spans
from pyminidocker.teach.progress import Progress, default_path


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "course" / "progress.json")


def test_what_is_noted_is_read_back(progress: Progress) -> None:
    progress.note_answer("02", "host-view", "a", "hidden-from-host")
    progress.note_met("02", "two-pids")
    again = Progress(progress.path).read()
    assert again["answers"]["02/host-view"] == {"key": "a", "belief": "hidden-from-host"}
    assert "02/two-pids" in again["met"]


def test_the_last_answer_counts_and_once_met_stays_met(progress: Progress) -> None:
    progress.note_answer("02", "host-view", "a", "hidden-from-host")
    progress.note_answer("02", "host-view", "c", "")
    assert progress.read()["answers"]["02/host-view"]["key"] == "c"
    progress.note_met("02", "two-pids")
    day = progress.read()["met"]["02/two-pids"]
    progress.note_met("02", "two-pids")
    assert progress.read()["met"]["02/two-pids"] == day


def test_reset_forgets_one_lesson_or_all(progress: Progress) -> None:
    progress.note_met("02", "two-pids")
    progress.note_met("05", "recover")
    progress.reset("02")
    assert list(progress.read()["met"]) == ["05/recover"]
    progress.reset()
    assert not progress.path.exists()
    assert progress.read()["met"] == {}


def test_a_broken_file_is_set_aside_and_not_lost(progress: Progress) -> None:
    progress.path.parent.mkdir(parents=True)
    progress.path.write_text("{ half a file")
    assert progress.read()["answers"] == {}
    kept = [path for path in progress.path.parent.iterdir() if "unreadable" in path.name]
    assert [path.read_text() for path in kept] == ["{ half a file"]


def test_a_file_of_another_format_is_set_aside(progress: Progress) -> None:
    progress.path.parent.mkdir(parents=True)
    progress.path.write_text(json.dumps({"format": 99}))
    assert progress.read()["met"] == {}
    progress.note_met("02", "two-pids")
    assert len(list(progress.path.parent.iterdir())) == 2


def test_export_copies_everything(progress: Progress, tmp_path: Path) -> None:
    progress.note_met("02", "two-pids")
    copy = progress.export(tmp_path / "mine.json")
    assert json.loads(copy.read_text())["met"].keys() == {"02/two-pids"}


def test_show_counts_objectives_and_names_beliefs(progress: Progress) -> None:
    progress.note_met("02", "two-pids")
    progress.note_answer("02", "kernel", "a", "own-kernel")
    text = progress.show().text()
    assert "1 of 4 objectives" in text
    assert "boots a kernel" in text
    assert repr(progress) == text


def test_the_file_lies_where_xdg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert os.fspath(default_path()) == "/somewhere/minidocker-course/progress.json"


def test_a_card_says_the_same_as_text_and_html() -> None:
    card = Card(
        "not yet",
        "NOT YET · it",
        ("Look at `ns/pid` & <this>.", " pid   1", " net   2"),
        (Fold("Hint 1", ("first",), (Fold("Hint 2", ("second",)),)),),
    )
    text, html = card.text(), card.html()
    assert text.splitlines() == [
        "→ NOT YET · it",
        "  Look at `ns/pid` & <this>.",
        "  pid   1",
        "  net   2",
        "  + Hint 1",
    ]
    assert "<code>ns/pid</code> &amp; &lt;this&gt;" in html
    assert "pid   1\nnet   2</pre>" in html
    assert html.count("<details") == 2
    assert card.unfold().splitlines()[5:] == ["  Hint 1", "  first", "  Hint 2", "  second"]
    assert "script" not in html


def test_an_odd_backtick_is_left_alone() -> None:
    assert code_spans("a ` b") == "a ` b"
