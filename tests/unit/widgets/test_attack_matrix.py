import xml.etree.ElementTree as ET

import pytest

from pyminidocker.attacks import LEVELS, Attempt, find
from pyminidocker.errors import InvalidArgument
from pyminidocker.widgets.attackmatrix import view as views
from pyminidocker.widgets.attackmatrix.model import Cell, Grid
from pyminidocker.widgets.attackmatrix.scene import draw_grid, key_of
from pyminidocker.widgets.attackmatrix.view import AttackMatrix, attack_matrix
from pyminidocker.widgets.scene import Group
from pyminidocker.widgets.svg import to_svg

ROWS = ("host-path", "keyring", "uevent-helper", "call-home")
THROUGH = {"keyring": 2, "call-home": 4}  # up to this level


def sweep(_engine, attacks, levels, tell):
    order = [one.name for one in LEVELS]
    for one in levels:
        for attack in attacks:
            got = order.index(one.name) < THROUGH.get(attack.id, 0)
            outcome = "succeeded" if got else "stopped"
            if attack.id == "uevent-helper":
                outcome = "untried"
            tell(Attempt(attack.id, one.name, outcome, f"evidence of {attack.id}"))


@pytest.fixture
def matrix(monkeypatch):
    monkeypatch.setattr(views, "sweep", sweep)
    return AttackMatrix(None, tuple(find(name) for name in ROWS))


def test_it_tells_what_was_found(matrix):
    guesses = {("keyring", "default"): True, ("host-path", "none"): False,
               ("uevent-helper", "none"): True}  # fmt: skip
    text = matrix.predict(guesses).fill().text()
    assert text.splitlines()[0].split() == [one.name for one in LEVELS]
    assert "stopped !" in text
    assert text.endswith("! predicted otherwise")
    assert "level by level: 2, 2, 1, 1, 0; 1 of 2 predictions were right." in text
    grid = matrix.grid
    assert grid.got_through("none") == ("keyring", "call-home")
    assert grid.first_stop("keyring") == "default"
    assert grid.first_stop("uevent-helper") == ""
    assert grid.says(find("keyring"), LEVELS[2]).endswith("the prediction was wrong")


def test_predictions(matrix):
    assert matrix.grid.summary() == "4 attacks, 5 levels, none tried yet."
    matrix.predict({("keyring", "none"): True})
    assert matrix.grid.says(find("keyring"), LEVELS[0]).endswith("predicted: gets through")
    assert matrix.grid.summary().endswith("1 places predicted.")
    with pytest.raises(InvalidArgument, match="no such cell: 'keyring', 'x'"):
        matrix.predict({("keyring", "x"): True})
    matrix.fill()
    matrix.predict({("keyring", "none"): False})
    assert matrix.grid.cell("keyring", "none").guess is True, "too late"
    matrix.forget()
    assert not matrix.grid.cells


def test_messages_of_the_page(matrix):
    for expected in (True, False, None):
        matrix._on_message(None, {"do": "guess", "key": "keyring/none"}, None)
        assert matrix.grid.cell("keyring", "none").guess is expected
    for nonsense in (None, {"do": "guess"}, {"do": "guess", "key": "x/y"}, {"do": "dance"}):
        matrix._on_message(None, nonsense, None)
    assert matrix.details[key_of("keyring", "none")]["source"] == "CVE-2016-0728"


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("filled", [False, True])
def test_every_cell_is_drawn_and_named(matrix, narrow, filled):
    if filled:
        matrix.predict({("keyring", "default"): True}).fill()
    scene = draw_grid(matrix.grid, narrow=narrow)
    groups = [item for item in scene.items if isinstance(item, Group)]
    assert len(groups) == len(ROWS) * len(LEVELS)
    assert len({group.key for group in groups}) == len(groups)
    ET.fromstring(to_svg(scene, live="option"))
    assert scene.width == (400 if narrow else 868)


def test_words():
    assert Cell(guess=True).word == "through?"
    assert Cell().word == "?"
    assert Grid((), LEVELS).got_through("none") == ()
    with pytest.raises(InvalidArgument, match="no such attack or level"):
        attack_matrix(object(), ["no-such"])
    with pytest.raises(InvalidArgument, match="no such attack or level"):
        attack_matrix(object(), ["keyring"], ["no-such"])
