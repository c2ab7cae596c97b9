"""Whatever is given, the answer is a Dockerfile or an error that says where: never a crash."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pyminidocker.dockerfile.errors import DockerfileError
from pyminidocker.dockerfile.expansion import expanded
from pyminidocker.dockerfile.ignore import Ignore
from pyminidocker.dockerfile.parser import KEYWORDS, parse
from pyminidocker.dockerfile.shell_words import expand, expand_words
from pyminidocker.errors import InvalidArgument

CORPUS = [path.read_text() for path in (Path(__file__).parent / "corpus").glob("*.Dockerfile")]
PIECES = [
    "\\", "\\\n", "\n", "\n\n", " ", "\t", "#", "# escape=`\n", "`", "\r\n", "$", "${", "}", "$x",
    "${x:-", "${x#", "${x/", ":?", "'", '"', "<<EOF", "<<-'E F'", "EOF\n", "[", "]", '["a", "b"]',
    "[1]", "--", "--from=a", "--mount=type=cache,target=/x", "--mount=", "--link", "=", "a=b", ",",
    "AS", "b", "/c/", "*", "é", "\x00", "\ud800", "CMD", "NONE", "{", "0",
    *(f"\n{keyword} " for keyword in KEYWORDS),
]  # fmt: skip


def judge(text):
    """Read ``text`` and expand everything in it; else there is an error with its place."""
    try:
        dockerfile = parse(text)
        values = {"x": "value", "a": "", "b": "c d"}
        for stage in dockerfile.stages:
            for one in (stage.from_, *stage.instructions):
                expanded(one, values.get, dockerfile.directives.escape, dockerfile=dockerfile)
    except DockerfileError as error:
        wrong = error
    else:
        return dockerfile
    assert wrong.problem
    assert 0 <= wrong.line <= max(1, len(text))
    if wrong.excerpt:
        assert any(line.startswith(">") for line in wrong.excerpt)
    return None


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map(lambda some: "FROM a" + "".join(some)))
def test_pieces_of_dockerfiles(text):
    dockerfile = judge(text)
    if dockerfile is not None:
        lines = [one.line for stage in dockerfile.stages for one in stage.instructions]
        assert lines == sorted(lines)


@settings(max_examples=100)
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_anything(text):
    judge(text)


@settings(max_examples=200)
@given(st.sampled_from(CORPUS), st.data())
def test_a_real_one_with_a_part_missing_or_twice(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    judge(text[:start] + data.draw(st.sampled_from(["", text[start:end] * 2])) + text[end:])


@settings(max_examples=200)
@given(st.text(alphabet="$x{}:-+?#%/*\\'\" a1_", max_size=30))
def test_words(word):
    for how in (expand, expand_words):
        try:
            how(word, {"x": "va/lue"}.get)
        except InvalidArgument as error:
            wrong = error
        else:
            continue
        assert word in wrong.message


@settings(max_examples=200)
@given(st.text(alphabet="ab/*?[]^-!\\.# \n", max_size=30), st.text(alphabet="ab/.^-]", max_size=12))
def test_ignore(patterns, path):
    try:
        ignore = Ignore(patterns)
    except InvalidArgument:
        return
    excluded = ignore.excludes(path)
    if excluded and not any(one.startswith("!") for one in ignore.patterns):
        assert ignore.excludes(f"{path}/below")
    assert ignore.may_hold_exceptions(path) in (True, False)


@settings(max_examples=100)
@given(
    st.lists(st.text(alphabet="ab/*!.", min_size=1, max_size=8), max_size=5),
    st.lists(st.sampled_from("ab"), min_size=2, max_size=4),
)
def test_what_is_brought_back_is_looked_for(patterns, parts):
    """A file that is not excluded below a directory that is: the walk must go there."""
    try:
        ignore = Ignore.of(patterns)
    except InvalidArgument:
        return
    path = "/".join(parts)
    for count in range(1, len(parts)):
        parent = "/".join(parts[:count])
        if ignore.excludes(parent) and not ignore.excludes(path):
            assert ignore.may_hold_exceptions(parent)
