"""Dockerfiles as people write them, and all that is read out of each: the golden files.

``UPDATE_GOLDEN=1 pytest tests/unit/dockerfile/test_corpus.py`` writes the golden files anew; the
difference is then for a person to judge.
"""

import json
import os
from pathlib import Path

import msgspec
import pytest

from pyminidocker.dockerfile.parser import parse

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.Dockerfile"))


def told(dockerfile):
    """Return everything but the source, without what is empty or the default."""
    return {
        "directives": lean(dockerfile.directives),
        "global args": [lean(arg) for arg in dockerfile.global_args],
        "stages": [
            {
                "index": stage.index,
                "from": lean(stage.from_),
                "instructions": [lean(one) for one in stage.instructions],
            }
            for stage in dockerfile.stages
        ],
        "warnings": [f"{one.line}: {one.rule}: {one.text}" for one in dockerfile.warnings],
    }


def lean(value):
    if isinstance(value, msgspec.Struct):
        info = {field.name: field for field in msgspec.structs.fields(value)}
        found = {name: getattr(value, name) for name in value.__struct_fields__}
        return {name: lean(one) for name, one in found.items() if one != info[name].default}
    if isinstance(value, tuple):
        return [lean(one) for one in value]
    return value


@pytest.mark.parametrize("path", CORPUS, ids=[path.stem for path in CORPUS])
def test_corpus(path):
    read = told(parse(path.read_bytes(), path.name))
    golden = path.with_suffix(".json")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(json.dumps(read, indent=1, ensure_ascii=False) + "\n")
    assert read == json.loads(golden.read_text())


@pytest.mark.parametrize("path", CORPUS, ids=[path.stem for path in CORPUS])
def test_line_ends_do_not_matter(path):
    """The same file as Windows writes it, and with a byte order mark."""
    text = path.read_text()
    before = told(parse(text))
    windows = told(parse("\ufeff" + text.replace("\n", "\r\n")))
    assert json.loads(json.dumps(windows).replace("\\r\\n", "\\n")) == before


@pytest.mark.parametrize("path", CORPUS, ids=[path.stem for path in CORPUS])
def test_lines_are_where_they_are_said_to_be(path):
    dockerfile = parse(path.read_bytes())
    for stage in dockerfile.stages:
        for one in (stage.from_, *stage.instructions):
            first = dockerfile.source[one.line - 1]
            assert first.split()[0].upper() == one.keyword
            assert one.line <= one.end_line <= len(dockerfile.source)
