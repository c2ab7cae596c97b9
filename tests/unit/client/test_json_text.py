import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.client import json_text

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_same_as_json(value):
    text = json_text.dumps(value)
    assert json.loads(text) == value
    assert json_text.loads(text) == value
    assert json_text.loads(json.dumps(value, indent=2).encode()) == value


@pytest.mark.parametrize("text", ["", " ", "{", "[1,", "{}x", '{"a" 1}', "nul", '"abc'])
def test_not_json(text):
    with pytest.raises(ValueError, match=r"."):
        json_text.loads(text)


def test_what_has_no_form():
    with pytest.raises(TypeError, match="bytes"):
        json_text.dumps({"a": b"x"})


def test_without_the_c_scanner(monkeypatch):
    monkeypatch.setattr(json_text, "_scan", None)
    assert json_text.loads(json_text.dumps({"é": [1, None]})) == {"é": [1, None]}
