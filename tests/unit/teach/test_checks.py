"""Checks: message first, hints in three steps, and no traceback whatever a learner writes."""

from types import SimpleNamespace
from typing import Any

import pytest

from pyminidocker.doctor import Finding
from pyminidocker.errors import Conflict, InvalidArgument, NotFound
from pyminidocker.teach import checks
from pyminidocker.teach.checks import Outcome, call, met, not_yet
from pyminidocker.teach.plan import LESSONS, Check, load
from pyminidocker.teach.preflight import Preflight


def lesson(examine: Any, exercise: str = "solve") -> Any:
    check = Check("it", examine, exercise=exercise)
    return SimpleNamespace(plan=SimpleNamespace(check=lambda _: check))


def asks_for_seven(_: Any, function: Any) -> Outcome:
    answer = call(function)
    return met("seven") if answer == 7 else not_yet(f"got {answer}", "where", "what", "missing")


def test_a_met_check_says_why() -> None:
    card = checks.report("it", checks.examine(lesson(asks_for_seven), "it", (lambda: 7,)))
    assert card.heading == "MET · it"
    assert card.mood == "met"
    assert not card.folds


def test_the_reason_comes_first_and_hints_unfold_one_by_one() -> None:
    card = checks.report("it", checks.examine(lesson(asks_for_seven), "it", (lambda: 6,)))
    assert card.text().splitlines()[:2] == ["→ NOT YET · it", "  got 6"]
    first = card.folds[0]
    assert first.lines == ("where",)
    assert first.inner[0].lines == ("what",)
    assert first.inner[0].inner[0].lines == ("missing",)
    assert "missing" not in card.text(), "the text shows no hint before it is asked for"
    html = card.html()
    assert html.count("<details") == 3
    assert html.index("got 6") < html.index("where") < html.index("what") < html.index("missing")


def stub() -> None:
    raise NotImplementedError("three lines")


def test_an_unwritten_exercise_is_no_error() -> None:
    outcome = checks.examine(lesson(asks_for_seven), "it", (stub,))
    assert not outcome.met
    assert outcome.reason == "The exercise is not written yet: three lines"
    assert "`solve`" in outcome.hints[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda: {}["State"], "stopped with KeyError: 'State'"),
        (7, "wants the function itself"),
        (lambda x: x, "stopped with TypeError"),
    ],
)
def test_whatever_a_learner_writes_becomes_a_sentence(given: Any, said: str) -> None:
    outcome = checks.examine(lesson(asks_for_seven), "it", (given,))
    assert said in outcome.reason
    assert "Traceback" not in checks.report("it", outcome).html()


def test_the_engines_answer_is_passed_on() -> None:
    def asks_engine() -> None:
        raise NotFound("No such container: nap", hint="minidocker ps -a")

    outcome = checks.examine(lesson(asks_for_seven), "it", (asks_engine,))
    assert "No such container: nap" in outcome.reason
    assert outcome.hints[0] == "minidocker ps -a"


def test_a_state_that_stands_in_the_way_is_the_reason() -> None:
    def examine(_: Any) -> Outcome:
        raise Conflict("container 'nap' does not run", hint="start it")

    outcome = checks.examine(lesson(examine), "it", ())
    assert outcome.reason == "Container 'nap' does not run."
    assert outcome.hints[0] == "start it"


def test_hints_by_level() -> None:
    outcome = not_yet("reason", "where", "what", "missing")
    assert checks.hint("it", outcome, 2).lines == ("reason", "what")
    with pytest.raises(InvalidArgument):
        checks.hint("it", outcome, 4)
    assert "nothing left" in checks.hint("it", met("yes"), 1).text()


def test_preflight_names_the_remedy() -> None:
    bad = Finding(
        "userns",
        "User namespaces",
        "missing",
        "unshare says EPERM",
        meaning="no container can run",
        lessons=["02"],
        remedy="sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        essential=True,
    )
    preflight = Preflight([bad])
    assert not preflight.ok
    assert "sysctl -w" in preflight.verdict().text()
    assert "missing" in preflight.details().text()
    assert preflight.touching("02") == [bad]
    assert preflight.touching("05") == []
    outcome = load("00").check("preflight").examine(None, preflight)
    assert not outcome.met
    assert "unshare says EPERM" in outcome.reason


def test_preflight_on_a_good_machine_is_one_line_per_lesson() -> None:
    preflight = Preflight([Finding("userns", "User namespaces", "ok", "made one")])
    assert preflight.ok
    assert preflight.verdict().text().count("ready") == len(LESSONS)
    assert load("00").check("preflight").examine(None, preflight).met
