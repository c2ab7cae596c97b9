"""The same COPY and ADD as dockerd did: same paths, modes and owners, or both refuse."""

import json
import shlex

import pytest

from pyminidocker.build import directory_step
from pyminidocker.build.copy import CopyError
from pyminidocker.images.archive import pack_stack
from tests.support.copy_cases import ANSWERS, BASE, CASES, changes, context_tar, listing
from tests.unit.build.conftest import NOW_S

DOCKER = json.loads(ANSWERS.read_text())

# Where BuildKit, today's Docker, does otherwise than the classic builder that was asked, or where
# the classic builder breaks the image; decision 0016 has the reasons.
DIFFERENT = {
    "setuid": {"m": ["d", 0o755, 0, 0, ""], "m/suid": ["-", 0o4755, 0, 0, "x"]},
    "several to dot": {
        "w": ["d", 0o755, 0, 0, ""],
        "w/app.py": ["-", 0o644, 0, 0, "print(1)\n"],
        "w/run.sh": ["-", 0o755, 0, 0, "#!/bin/sh\n"],
    },
    "directory over link": "COPY failed: cannot copy to non-directory: /lib",
    "directory in a file's way": "COPY failed: cannot copy to non-directory: /existing/old",
    "file in a directory's way": (
        "COPY failed: cannot replace to directory /existing/sub with file"
    ),
    "owner by user name": {
        "new": ["d", 0o755, 1000, 1001, ""],
        "new/app.py": ["-", 0o644, 1000, 1001, "print(1)\n"],
    },
    "archive with owner": {
        path: [row[0], row[1], 5, 6, row[4]] for path, row in DOCKER["archive with owner"].items()
    },
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The image's layer, unpacked once."""
    from tests.unit.build.conftest import World

    world = World(tmp_path_factory.mktemp("base"))
    world.add_layer(BASE)
    yield world.layers, world.context(data=context_tar())
    world.close()


def words_of(line):
    keyword, _, rest = line.partition(" ")
    words = json.loads(rest) if rest.startswith('["') else shlex.split(rest)
    flags = {}
    while words[0].startswith("--"):
        name, _, value = words.pop(0)[2:].partition("=")
        flags[name] = value
    return keyword, flags, words


def carry_out(world, context, lines):
    """Return what changed, or the error's text."""
    directory = "/"
    try:
        for line in lines.splitlines():
            keyword, flags, words = words_of(line)
            if keyword == "WORKDIR":
                directory = words[0]
                world.add_layer(b"".join(directory_step.layer(world.layers, directory, NOW_S)))
                continue
            world.copy(
                context, words[:-1], words[-1], working_dir=directory, keyword=keyword, **flags
            )
    except CopyError as error:
        return str(error)
    return changes(b"".join(pack_stack(world.layers)), listing(BASE))


@pytest.mark.parametrize("name", CASES)
def test_as_docker(name, base, world):
    layers, context = base
    world.layers = list(layers)
    found = carry_out(world, context, CASES[name])
    if name in DIFFERENT:
        assert found == DIFFERENT[name]
    elif isinstance(DOCKER[name], str):
        assert isinstance(found, str)  # both refuse, each in its words
    else:
        assert found == DOCKER[name]


def test_every_case_was_asked():
    assert set(DOCKER) == set(CASES)
