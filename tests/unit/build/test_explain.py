"""Keys of steps, and what is said about a miss."""

import pytest
from msgspec.structs import replace

from pyminidocker.build import explain
from pyminidocker.build.hashing import combine
from pyminidocker.build.ingredients import Ingredients
from pyminidocker.images.cached_steps import CachedStep, CachedSteps

FILES = {"a": "file 0644 0:0 sha256:1", "b": "file 0644 0:0 sha256:2"}
COPY = Ingredients(
    parent="sha256:parent",
    keyword="COPY",
    instruction="COPY a b /",
    place="app/Dockerfile/0/3",
    arguments={"A": "1"},
    parts={"network": "none"},
    files=FILES,
    files_digest=combine(FILES),
)


def record(given):
    return CachedStep(
        key=given.key(),
        parent=given.parent,
        keyword=given.keyword,
        instruction=given.instruction,
        place=given.place,
        arguments=given.arguments,
        parts=given.parts,
        files=given.files_digest,
    )


@pytest.fixture
def cached(tmp_path):
    steps = CachedSteps(str(tmp_path / "build"))
    steps.put(record(COPY), FILES)
    return steps


def changed(**fields):
    if "files" in fields:
        fields["files_digest"] = combine(fields["files"])
    return replace(COPY, **fields)


def test_every_ingredient_but_the_place_makes_another_key():
    others = [
        changed(parent="sha256:other"),
        changed(instruction="COPY a /"),
        changed(arguments={"A": "2"}),
        changed(parts={}),
        changed(files={**FILES, "c": "file"}),
    ]
    keys = {item.key() for item in (COPY, *others)}
    assert len(keys) == 6
    assert changed(place="elsewhere", is_first=True).key() == COPY.key()


@pytest.mark.parametrize(
    ("fields", "redone", "code", "reasons"),
    [
        (
            {"files": {"a": "file 0755 0:0 sha256:1", "c": "file 0644 0:0 sha256:3"}},
            "",
            "content",
            ["mode of a changed from 0644 to 0755", "c was added", "b was removed"],
        ),
        (
            {"instruction": "COPY a b /new/"},
            "",
            "instruction",
            ["the instruction was: COPY a b /"],
        ),
        (
            {"arguments": {"A": "2", "B": ""}},
            "",
            "argument",
            ["build argument A changed from '1' to '2'", "build argument B is new: ''"],
        ),
        ({"parts": {}}, "", "instruction", ["network is gone; it was 'none'"]),
        (
            {"parent": "sha256:x"},
            "RUN  other\nthing",
            "parent",
            ["an earlier step was done anew: RUN other thing"],
        ),
        (
            {"parent": "sha256:x", "is_first": True},
            "",
            "base",
            ["the base changed from parent to x"],
        ),
        (
            {"parent": "sha256:x"},
            "",
            "parent",
            ["the steps before it are others than the last time"],
        ),
        (
            {"keyword": "ADD"},
            "",
            "first",
            ["it was never done before"],
        ),
        (
            {"instruction": "COPY z /", "place": "another/Dockerfile/0/3"},
            "",
            "first",
            ["it was never done before"],
        ),
    ],
)
def test_reasons(cached, fields, redone, code, reasons):
    told = explain.miss(cached, changed(**fields), redone)
    assert (told.code, told.reasons) == (code, reasons)
    assert code in explain.CODES


def test_the_most_alike_is_compared_with(cached):
    same_text = changed(parent="sha256:elsewhere", place="app/Dockerfile/0/9")
    same_place = changed(instruction="COPY other /")
    for item in (same_place, same_text):
        cached.put(record(item), FILES)
    asked = changed(parent="sha256:elsewhere", arguments={"A": "9"})
    assert explain.nearest(cached.all(), asked).key == same_text.key()
    asked = changed(instruction="COPY third /")
    assert explain.nearest(cached.all(), asked).instruction == "COPY other /"
