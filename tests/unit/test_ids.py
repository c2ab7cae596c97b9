"""Ids for machines, names for people."""

from hypothesis import given
from hypothesis import strategies as st

from pyminidocker import ids


def test_ids_are_64_hex_digits_and_never_look_like_a_number():
    made = {ids.new_id() for _ in range(2000)}
    assert len(made) == 2000
    assert all(ids.ID_PATTERN.fullmatch(one) and not one[:12].isdigit() for one in made)


def test_short_id_drops_the_algorithm():
    assert ids.short_id("sha256:" + "ab" * 32) == "abababababab"


def test_new_names_are_valid_and_free():
    taken: set[str] = set()
    for _ in range(300):
        name = ids.new_name(taken)
        assert ids.is_valid_name(name)
        assert name not in taken
        taken.add(name)


def test_a_name_is_found_when_every_pair_is_taken():
    taken = {
        f"{manner}_{person.replace('_', '')}" for manner in ids.MANNERS for person in ids.PEOPLE
    }
    assert ids.new_name(taken) not in taken


@given(st.text(max_size=3))
def test_names_of_one_letter_or_odd_signs_are_refused(text):
    assert ids.is_valid_name(text) == bool(ids.NAME_PATTERN.fullmatch(text))
    assert not ids.is_valid_name(text + "/")
    assert not ids.is_valid_name("-" + text)
