""".dockerignore beyond what docker was asked (test_like_dockerd)."""

import pytest

from pyminidocker.dockerfile.ignore import Ignore
from pyminidocker.errors import InvalidArgument


def test_patterns_are_cleaned():
    ignore = Ignore(b"\xef\xbb\xbf/a/./b/../c/\n# no\n! d \n\n")
    assert ignore.patterns == ("a/c", "!d")
    assert ignore
    assert not Ignore("# nothing\n")
    assert Ignore.of(["# a name", " b "]).patterns == ("# a name", "b")
    assert Ignore.of(["a", ""]).excludes("a/b")


def test_the_last_word_counts_and_parents_count():
    ignore = Ignore("a\n!a/b\na/b/c")
    assert [ignore.excludes(path) for path in ("a", "a/x", "a/b", "a/b/x", "a/b/c", "a/b/c/d")] == [
        True, True, False, False, True, True,
    ]  # fmt: skip
    assert not ignore.excludes(".")
    assert ignore.excludes("./a")


@pytest.mark.parametrize(
    ("patterns", "directory", "may"),
    [
        ("*", "a", False),
        ("*\n!a", "a", True),
        ("*\n!a/b/c.txt", "a", True),
        ("*\n!a/b/c.txt", "a/b", True),
        ("*\n!a/b/c.txt", "a/x", False),
        ("*\n!a/b/c.txt", "x", False),
        ("*\n!*/b", "x", True),
        ("*\n!*/b", "x/y", False),
        ("*\n!a/**/b", "a/x/y", True),
        ("*\n!**/b", "x/y", True),
        ("*\n!a", "a/x", True),
    ],
)
def test_where_exceptions_may_be(patterns, directory, may):
    assert Ignore(patterns).may_hold_exceptions(directory) is may


def test_brackets():
    ignore = Ignore("[a-c]x\n[^a-c]y\n[\\]]z\n[z-a]q\n[^z-a]r\n[.^$]s")
    names = ["ax", "dx", "ay", "dy", "]z", "q", "aq", "ar", "/r", "^s", ".s", "xs"]
    assert [ignore.excludes(name) for name in names] == [
        True, False, False, True, True, False, False, True, False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("pattern", ["[", "[]", "[a", "[a-", "[a-]", "[-a]", "a\\", "[\\", "x[^]"])
def test_malformed_patterns_name_their_line(pattern):
    with pytest.raises(InvalidArgument, match="on line 2: syntax error in pattern"):
        Ignore(f"ok\n{pattern}\n")


def test_many_stars_take_no_time():
    ignore = Ignore("*a*a*a*a*a*b\n**/**/**/**/**/**/x")
    assert not ignore.excludes("a" * 60)
    assert not ignore.excludes("a/" * 100 + "y")
