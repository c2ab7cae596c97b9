"""The wasted-space score: dive's arithmetic on layers made by hand."""

import pytest

from pyminidocker.images.waste import waste
from tests.unit.images.conftest import add_layers, archive, entry, hard_link


def judged(layer_store, *layers):
    return waste(add_layers(layer_store, *layers))


def rows(found):
    return [(one.path, one.layers, one.size, one.wasted, one.is_deleted) for one in found.paths]


def test_one_layer_wastes_nothing(layer_store):
    found = judged(layer_store, archive(entry("a", b"x" * 10), entry("d"), entry("d/b", b"y" * 5)))
    assert (found.efficiency, found.size, found.wasted, found.paths) == (1.0, 15, 0, ())


def test_nothing_at_all(layer_store):
    assert judged(layer_store, archive(entry("d"))).efficiency == 1.0


def test_a_file_written_again(layer_store):
    """dive: the least it ever was, through all that was written."""
    found = judged(
        layer_store,
        archive(entry("a", b"x" * 100), entry("b", b"x" * 100)),
        archive(entry("a", b"x" * 50)),
        archive(entry("a", b"x" * 150)),
    )
    assert rows(found) == [("/a", (0, 1, 2), 300, 150, False)]
    assert found.efficiency == pytest.approx((50 + 100) / 400)
    assert (found.size, found.wasted) == (400, 150)


def test_a_deleted_file_and_a_deleted_directory(layer_store):
    found = judged(
        layer_store,
        archive(entry("a", b"x" * 100), entry("d"), entry("d/s"), entry("d/s/b", b"x" * 300)),
        archive(entry("keep", b"x" * 600), entry(".wh.a", b""), entry(".wh.d", b"")),
    )
    assert rows(found) == [
        ("/d/s/b", (0, 1), 300, 300, True),
        ("/a", (0, 1), 100, 100, True),
    ]
    assert found.efficiency == pytest.approx(0.6)


def test_a_directory_made_anew_hides_what_was_below(layer_store):
    found = judged(
        layer_store,
        archive(entry("d"), entry("d/old", b"x" * 10), entry("d/both", b"x" * 10)),
        archive(entry("d"), entry("d/.wh..wh..opq", b""), entry("d/both", b"x" * 20)),
    )
    assert rows(found) == [
        ("/d/both", (0, 1), 30, 10, False),
        ("/d/old", (0, 1), 10, 10, True),
    ]


def test_a_file_and_a_directory_take_each_other_s_place(layer_store):
    found = judged(
        layer_store,
        archive(entry("a", b"x" * 10), entry("d"), entry("d/x", b"x" * 20)),
        archive(entry("a"), entry("a/y", b"y"), entry("d", b"z")),
    )
    assert rows(found) == [("/d/x", (0, 1), 20, 20, True), ("/a", (0, 1), 10, 10, True)]


def test_a_file_deleted_and_written_again_later(layer_store):
    found = judged(
        layer_store,
        archive(entry("a", b"x" * 10)),
        archive(entry(".wh.a", b"")),
        archive(entry("a", b"x" * 7)),
    )
    assert rows(found) == [("/a", (0, 1, 2), 17, 10, False)]
    assert found.efficiency == 0.0


def test_further_names_of_a_file_cost_nothing(layer_store):
    found = judged(
        layer_store,
        archive(entry("a", b"x" * 10), hard_link("b", "a"), entry("c", b"x" * 10)),
        archive(entry(".wh.a", b""), entry("z", b"")),
    )
    assert (found.size, found.wasted, found.paths) == (20, 0, ())
    gone = judged(
        layer_store,
        archive(entry("a", b"x" * 10), hard_link("b", "a")),
        archive(entry(".wh.a", b""), entry(".wh.b", b"")),
    )
    assert (gone.size, gone.wasted, len(gone.paths)) == (10, 10, 1)
