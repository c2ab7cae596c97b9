"""Dockerfiles and .dockerignore files that dockerd 20.10 was given, and what it made of them.

The answers in ``data/`` were recorded from a real dockerd (its classic builder): of each Dockerfile
the configuration of the image, or the error.
"""

import json
from pathlib import Path

import pytest

from pyminidocker.client.context_pack import pack_context
from pyminidocker.dockerfile.errors import DockerfileError
from pyminidocker.dockerfile.ignore import Ignore
from pyminidocker.errors import InvalidArgument
from tests.support.dockerfile_config import config_of
from tests.support.tars import names_in

DATA = Path(__file__).parent / "data"
DOCKERFILES = json.loads((DATA / "dockerd_20_10.json").read_text())
IGNORES = json.loads((DATA / "dockerd_ignore.json").read_text())

# Later versions of Docker word these otherwise, and so do we.
NEWER_WORDS = {
    "healthcheck retries": "--retries cannot be negative (-1)",
    "unknown close": "unknown instruction: RUNN (did you mean RUN?)",
    "bad subst": "failed to process \"${x\": syntax error: missing '}'",
    "bad modifier": 'failed to process "${x!y}": unsupported modifier (!) in substitution',
    "copy unknown flag": "unknown flag: --foo",
    "copy dup flag": "duplicate flag specified: chown",
    "copy flag no value": "missing a value on flag: chown",
    "unclosed quote": (
        'failed to process ""x": unexpected end of statement while looking for matching'
        " double-quote"
    ),
}
# What is wrong with a port or a signal is found by the build, not by the language.
NOT_OURS = ("expose bad", "stopsignal bad")


@pytest.mark.parametrize("case", DOCKERFILES, ids=[case["name"] for case in DOCKERFILES])
def test_a_dockerfile_means_what_it_means_to_docker(case):
    if "config" in case:
        assert config_of(case["text"]) == case["config"]
    elif case["name"] in NOT_OURS:
        config_of(case["text"])
    else:
        with pytest.raises(InvalidArgument) as caught:
            config_of(case["text"])
        problem = getattr(caught.value, "problem", caught.value.message)
        assert problem == NEWER_WORDS.get(case["name"], case["error"])
        assert isinstance(caught.value, DockerfileError)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    top = tmp_path_factory.mktemp("context")
    for name in IGNORES["tree"]:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (top / "Dockerfile").write_text("FROM scratch\n")
    return top


def with_parents(names):
    found = set(names)
    for name in names:
        while "/" in name:
            name = name.rpartition("/")[0]
            found.add(name)
    return found


# dockerd 20.10 does not look into an excluded directory for a ! pattern with **; BuildKit does.
DEEPER = {"exception star star"}


@pytest.mark.parametrize("case", IGNORES["cases"], ids=[case["name"] for case in IGNORES["cases"]])
def test_a_context_holds_what_docker_sends(case, tree):
    (tree / ".dockerignore").write_bytes(case["text"].encode())
    if "error" in case:
        with pytest.raises(InvalidArgument) as caught:
            pack_context(str(tree))
        assert caught.value.hint
        return
    everything = with_parents({*IGNORES["tree"], "Dockerfile", ".dockerignore"})
    ignore = Ignore(case["text"])
    sent = set(names_in(pack_context(str(tree)).pieces()))
    assert {"Dockerfile", ".dockerignore"} <= sent
    # the daemon takes them away again when they are excluded
    copied = sent - {name for name in ("Dockerfile", ".dockerignore") if ignore.excludes(name)}
    left_out = everything - with_parents(copied)
    if case["name"] in DEEPER:
        assert left_out < set(case["left_out"])
    else:
        assert left_out == set(case["left_out"])
