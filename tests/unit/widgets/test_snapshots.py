import xml.etree.ElementTree as ET

import pytest

from pyminidocker.client.results import RunResult
from pyminidocker.errors import InvalidArgument, NotImplementedHere, Unavailable
from pyminidocker.widgets.scene import Box, Group, Label
from pyminidocker.widgets.snapshots import trial, view
from pyminidocker.widgets.snapshots.model import (
    COLUMNS,
    KEPT,
    LOST,
    NONE,
    ROWS,
    UNTRIED,
    Cell,
    Cost,
    Outcome,
    Table,
)
from pyminidocker.widgets.snapshots.scene import costs_text, draw_table, key_of
from pyminidocker.widgets.snapshots.trial_vm import NO_MACHINE, try_vm
from pyminidocker.widgets.snapshots.view import SnapshotTable, snapshot_table
from pyminidocker.widgets.svg import to_svg


def found(**kinds):
    """A row in which everything is lost, apart from ``kinds``."""
    return {name: Outcome(kinds.get(name, LOST), f"evidence of {name}") for name in COLUMNS}


RESULTS = {
    "commit": (found(files=KEPT, settings=KEPT, history=KEPT), Cost(0.25, 1.5, 9_000_000)),
    "export": (found(files=KEPT, travels=KEPT), Cost(0.1, 0.2, 2_000_000)),
    "save": (found(history=KEPT), Cost(0.1, 0.2, 2_000_000)),
    "volume": (found(volume=KEPT, history=NONE), Cost(0.1, 0.2, 4000)),
    "pause": (found(memory=KEPT), Cost(0.001, 0.002)),
    "checkpoint": (trial.untried("no criu"), Cost()),
    "vm": (found(memory=KEPT, volume=NONE), Cost(1.0, 2.0, 80_000_000)),
}


@pytest.fixture
def filled(monkeypatch):
    monkeypatch.setattr(view, "attempt", lambda _engine, row: RESULTS[row])
    monkeypatch.setattr(view, "try_vm", lambda _vm: RESULTS["vm"])
    return SnapshotTable(None, None)


def test_the_table_tells_what_was_found(filled):
    guesses = {("commit", "volume"): True, ("commit", "files"): True, ("checkpoint", "files"): True}
    text = filled.predict(guesses).fill().text()
    assert text.splitlines()[0].split() == [name for name, _ in COLUMNS.values()]
    assert "commit          kept   lost !" in text
    assert "6 of 7 kinds could be tried here; 1 of 2 predictions were right." in text
    assert "- checkpoint could not be tried: no criu" in text
    assert text.endswith("! predicted otherwise")
    table = filled.table
    assert table.kept_by("memory") == ("pause", "vm")
    assert table.kept_in("commit") == ("files", "settings", "history")
    assert table.untried("checkpoint") == "no criu"
    assert table.untried("commit") == ""
    assert "ms" not in text, "nothing that is measured"


def test_predictions(filled):
    assert filled.table.summary() == "7 kinds of snapshots, none tried yet."
    filled.predict({("pause", "memory"): False})
    assert filled.table.says("pause", "memory") == "pause, memory: predicted: lost"
    assert filled.table.summary().endswith("1 places predicted.")
    filled.fill()
    assert filled.table.says("pause", "memory").endswith("the prediction was wrong")
    filled.predict({("pause", "memory"): True})
    assert filled.table.cell("pause", "memory").guess is False, "too late"
    with pytest.raises(InvalidArgument, match="no such cell: 'pause', 'x'"):
        filled.predict({("pause", "x"): True})
    filled.forget()
    assert not filled.table.cells
    assert not filled.table.costs


def test_messages_of_the_page(filled):
    key = key_of("export", "history")
    for guess in (True, False, None):
        filled._on_message(None, {"do": "guess", "key": key}, [])
        assert filled.table.cell("export", "history").guess is guess
    for nonsense in ({"do": "guess", "key": "a/b"}, {"do": "guess"}, {}, "x"):
        filled._on_message(None, nonsense, [])
    filled._fill_quietly()
    assert filled.details[key]["evidence"] == "evidence of history"
    assert filled.details[key]["cost"] == "100 ms and 200 ms, 2MB"
    filled._on_message(None, {"do": "forget"}, [])
    assert not filled.table.cells


def test_a_failure_is_told_on_the_page(filled, monkeypatch):
    def fail(_engine, _row):
        raise Unavailable("the engine is gone")

    monkeypatch.setattr(view, "attempt", fail)
    filled._fill_quietly()
    assert filled.message == "the engine is gone"
    assert not filled.busy


def every(items):
    for item in items:
        yield item
        if isinstance(item, Group):
            yield from every(item.items)


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("state", ["empty", "predicted", "filled"])
def test_everything_is_inside_and_named(filled, narrow, state):
    if state != "empty":
        filled.predict({(row, column): True for row in ROWS for column in COLUMNS})
    if state == "filled":
        filled.fill()
    scene = draw_table(filled.table, narrow=narrow)
    groups = [item for item in scene.items if isinstance(item, Group)]
    assert [group.key for group in groups] == [key_of(row, one) for row in ROWS for one in COLUMNS]
    assert all(group.label for group in groups)
    for item in every(scene.items):
        if isinstance(item, Box):
            assert item.x >= 0
            assert item.x + item.w <= scene.width
            assert item.y + item.h <= scene.height
        if isinstance(item, Label) and item.anchor == "start":
            assert item.x + item.extent <= scene.width
    ET.fromstring(to_svg(scene, live="option"))


def test_a_still_picture_has_no_measurements(filled):
    filled.fill()
    moving = to_svg(filled.scene(still=False))
    assert "250 ms and 1.5 s, 9MB" in moving
    assert "250 ms" not in filled.svg()


def test_costs_in_few_words():
    assert costs_text(Cost()) == ""
    assert costs_text(Cost(0.0012, 0.002)) == "1 ms and 2 ms"


def test_cells_without_a_verdict():
    assert Cell(Outcome(NONE, ""), True).verdict == ""
    assert Cell(Outcome(UNTRIED, ""), True).verdict == ""
    assert Table(("commit",)).cell("commit", "files").word == "?"


def test_a_kind_that_fails_says_why(monkeypatch):
    def fail(_engine):
        raise NotImplementedHere("no freezer")

    monkeypatch.setitem(trial.TRIALS, "pause", fail)
    kinds = {outcome.kind for outcome in trial.attempt(None, "pause")[0].values()}
    assert kinds == {UNTRIED}


# ------------------------------------------------------------------------- the virtual machine


class Machine:
    """A virtual machine that remembers, or not."""

    kind, why = "tcg", ""

    def __init__(self, *, forgets=False):
        self.forgets, self.mark, self.saved = forgets, "", ""

    def run(self, command):
        if "mkfifo" in command:
            self.mark = command.split("do echo ")[1].split()[0]
            return RunResult(b"")
        if command.startswith("echo >/srv/ask"):
            return RunResult(b"new" if self.saved and self.forgets else b"number")
        if "environ" in command:
            return RunResult(f"MARK={self.mark}".encode())
        if command.startswith("ip "):
            return RunResult(b"" if self.forgets else b"inet 10.99.0.1/32")
        return RunResult(b"" if self.forgets else self.mark.encode())

    def save(self, path):
        self.saved = path
        return 5000

    def stop(self):
        pass

    def restore(self, path):
        assert path == self.saved
        return 0.5


def test_a_machine_that_keeps_everything():
    outcomes, cost = try_vm(Machine())
    kinds = {name: outcome.kind for name, outcome in outcomes.items()}
    assert kinds == {**dict.fromkeys(COLUMNS, KEPT), "volume": NONE, "history": NONE}
    assert (cost.size_bytes, cost.restore_s) == (5000, 0.5)


def test_a_machine_that_forgets():
    outcomes, _ = try_vm(Machine(forgets=True))
    lost = {name for name, outcome in outcomes.items() if outcome.kind == LOST}
    assert lost == {"files", "tmpfs", "memory", "network"}


def test_no_machine_and_a_recorded_one():
    assert try_vm(None)[0]["files"] == Outcome(UNTRIED, NO_MACHINE)
    recorded = Machine()
    recorded.kind, recorded.why = "recording", "no qemu here"
    assert try_vm(recorded)[0]["memory"] == Outcome(UNTRIED, "no qemu here")


def test_a_machine_that_fails():
    broken = Machine()
    broken.save = lambda _path: (_ for _ in ()).throw(Unavailable("it has ended"))
    assert try_vm(broken)[0]["files"] == Outcome(UNTRIED, "it has ended")


def test_the_function_connects_by_itself(monkeypatch):
    monkeypatch.setattr("pyminidocker.client.connect", lambda: "engine")
    made = snapshot_table(predictions={("vm", "memory"): True})
    assert made.table.cell("vm", "memory").guess is True
