"""Wildcards: Go's filepath.Match, and ** for any depth."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.build.patterns import find, has_wildcards, matches
from pyminidocker.errors import InvalidArgument
from tests.unit.build.conftest import entry, link

# From Go's path/filepath/match_test.go, those about one component.
GO = [
    ("abc", "abc", True),
    ("*", "abc", True),
    ("*c", "abc", True),
    ("a*", "a", True),
    ("a*", "abc", True),
    ("a*b?c*x", "abxbbxdbxebxczzx", True),
    ("a*b?c*x", "abxbbxdbxebxczzy", False),
    ("ab[c]", "abc", True),
    ("ab[b-d]", "abc", True),
    ("ab[e-g]", "abc", False),
    ("ab[^c]", "abc", False),
    ("ab[^b-d]", "abc", False),
    ("ab[^e-g]", "abc", True),
    ("a\\*b", "a*b", True),
    ("a\\*b", "ab", False),
    ("a?b", "a☺b", True),
    ("a[^a]b", "a☺b", True),
    ("a???b", "a☺b", False),
    ("[a-ζ]*", "α", True),
    ("*[a-ζ]", "A", False),
    ("[\\]a]", "]", True),
    ("[\\-]", "-", True),
    ("[x\\-]", "x", True),
    ("[x\\-]", "-", True),
    ("[x\\-]", "z", False),
    ("[\\-x]", "x", True),
    ("[\\-x]", "a", False),
    ("*x", "xxx", True),
    ("[b-a]", "b", False),
]
MALFORMED = ["[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "[^bc", "a[", "a\\"]


@pytest.mark.parametrize(("pattern", "name", "expected"), GO)
def test_as_go(pattern, name, expected):
    assert matches(pattern, name) is expected


@pytest.mark.parametrize("pattern", MALFORMED)
def test_malformed(pattern):
    with pytest.raises(InvalidArgument, match="syntax error in pattern"):
        matches(pattern, "a")


@given(st.text("ab*?[]-^\\", max_size=8), st.text("ab-^", max_size=6))
def test_never_anything_but_an_answer(pattern, name):
    try:
        assert matches(pattern, name) in (True, False)
    except InvalidArgument:
        assert re.search(r"[\[\\]", pattern)


@given(st.text(max_size=10).filter(lambda text: "/" not in text))
def test_a_quoted_name_matches_itself(name):
    quoted = re.sub(r"([*?\[\\])", r"\\\1", name)
    assert matches(quoted, name)


def test_what_is_a_pattern():
    assert has_wildcards("a*")
    assert has_wildcards("x/[a]")
    assert has_wildcards("?")
    assert not has_wildcards("a\\*")
    assert not has_wildcards("plain")
    assert not has_wildcards("a]")


@pytest.fixture
def context(world):
    return world.context(
        entry("a.py", b""),
        entry("src/b.py", b""),
        entry("src/deep/c.py", b""),
        entry("src/deep/d.txt", b""),
        entry("docs/a.py", b""),
        link("alias", "src"),
    )


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.py", ["a.py"]),
        ("*/*.py", ["docs/a.py", "src/b.py"]),
        ("**/*.py", ["a.py", "docs/a.py", "src/b.py", "src/deep/c.py"]),
        ("src/**/*.py", ["src/b.py", "src/deep/c.py"]),
        ("**/deep", ["src/deep"]),
        ("**/a.py", ["a.py", "docs/a.py"]),
        ("src/**", ["src/b.py", "src/deep"]),
        ("**", ["a.py", "alias", "docs", "src"]),
        ("**/**/c.py", ["src/deep/c.py"]),
        ("alias/*.py", ["src/b.py"]),
        ("*/b.py", ["src/b.py"]),
        ("nothing/*", []),
        ("a.py/*", []),
    ],
)
def test_find(context, pattern, expected):
    assert [node.path for node in find(context, pattern)] == expected


def test_many_stars_stay_quick(world):
    context = world.context(*(entry("/".join("a" * depth) + "/x", b"") for depth in range(1, 60)))
    assert find(context, "/".join(["**"] * 30) + "/nothing") == []
