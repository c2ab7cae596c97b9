"""The table of states: moby's words, and nothing forgotten."""

import pytest

from pyminidocker.engine import states
from pyminidocker.errors import Conflict, NotModified

ID = "ab" * 32


def _check(verb: str, status: str, ref: str = "web") -> None:
    states.check(verb, status, container_id=ID, name="web", ref=ref)


@pytest.mark.parametrize("verb", states.REFUSALS)
def test_every_refusal_names_a_known_state(verb: str) -> None:
    assert set(states.REFUSALS[verb]) <= set(states.STATUSES)


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        ("start", "created"),
        ("start", "exited"),
        ("stop", "running"),
        ("stop", "restarting"),
        ("kill", "running"),
        ("exec", "running"),
        ("attach", "created"),
        ("attach", "exited"),
        ("remove", "exited"),
        ("remove", "dead"),
        ("remove -f", "running"),
    ],
)
def test_allowed(verb: str, status: str) -> None:
    _check(verb, status)


@pytest.mark.parametrize(
    ("verb", "status", "kind", "text"),
    [
        ("start", "running", NotModified, "Container is already started"),
        ("stop", "exited", NotModified, "Container is already stopped"),
        ("kill", "exited", Conflict, f"Cannot kill container: web: Container {ID} is not running"),
        ("exec", "created", Conflict, f"Container {ID} is not running"),
        ("top", "exited", Conflict, f"Container {ID} is not running"),
        (
            "remove",
            "running",
            Conflict,
            (
                f"You cannot remove a running container {ID}. Stop the container before attempting"
                " removal or force remove"
            ),
        ),
        ("remove", "removing", Conflict, "removal of container web is already in progress"),
    ],
)
def test_refused_in_mobys_words(verb: str, status: str, kind: type, text: str) -> None:
    with pytest.raises(kind) as caught:
        _check(verb, status)
    assert str(caught.value) == text
