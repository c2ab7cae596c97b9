"""Docker's filter language."""

import time

import pytest

from pyminidocker.engine import filters
from pyminidocker.engine.events import matches
from pyminidocker.engine.records import Event
from pyminidocker.errors import InvalidArgument


def test_all_labels_must_hold() -> None:
    labels = {"a": "1", "b": "2"}
    assert filters.labels_match(labels, ["a", "b=2"])
    assert not filters.labels_match(labels, ["a", "b=3"])
    assert not filters.labels_match(labels, ["c"])
    assert filters.labels_match(labels, [])


def test_prune_labels() -> None:
    assert not filters.prune_labels_match({"keep": ""}, {"label!": ["keep"]})
    assert filters.prune_labels_match({}, {"label!": ["keep"]})


@pytest.mark.parametrize(("text", "wanted"), [("true", True), ("1", True), ("0", False)])
def test_boolean(text: str, wanted: bool) -> None:
    assert filters.boolean({"dangling": [text]}, "dangling", not wanted) is wanted


def test_unknown_and_malformed() -> None:
    with pytest.raises(InvalidArgument, match="Invalid filter 'colour'"):
        filters.check_names({"colour": ["red"]}, ("name",))
    with pytest.raises(InvalidArgument, match="Invalid filter 'dangling=maybe'"):
        filters.boolean({"dangling": ["maybe"]}, "dangling", True)
    with pytest.raises(InvalidArgument, match="failed to parse"):
        filters.parse_moment("yesterday")


def test_moments() -> None:
    assert filters.parse_moment("1700000000.5") == 1700000000.5
    assert filters.parse_moment("2024-01-02T03:04:05Z") == 1704164645.0
    assert filters.parse_moment("1h30m") == pytest.approx(time.time() - 5400, abs=5)
    assert filters.moment({}, "until") == 0.0


def _event(**changes: object) -> Event:
    event = Event("container", "die", "ab" * 32, {"name": "web", "image": "busybox:1"}, 0)
    for name, value in changes.items():
        setattr(event, name, value)
    return event


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ({}, True),
        ({"type": ["container"]}, True),
        ({"type": ["image", "network"]}, False),
        ({"event": ["die", "start"]}, True),
        ({"event": ["di"]}, False),
        ({"container": ["web"]}, True),
        ({"container": ["ab"]}, True),
        ({"container": ["db"]}, False),
        ({"image": ["busybox"]}, True),
        ({"image": ["busybox:1"]}, True),
        ({"image": ["busy"]}, False),
        ({"label": ["name=web"]}, True),
        ({"label": ["name=db"]}, False),
        ({"network": ["web"]}, False),
        ({"scope": ["swarm"]}, False),
    ],
)
def test_events(wanted: dict[str, list[str]], passes: bool) -> None:
    assert matches(_event(), wanted) is passes


def test_actions_with_detail_match_by_their_beginning() -> None:
    assert matches(_event(action="exec_start: sh"), {"event": ["exec_start"]})
