"""The rules of the course, held against every plan."""

import re

import pytest

from pyminidocker.errors import NotFound
from pyminidocker.teach import faults, inventory
from pyminidocker.teach.ledger import MARKS
from pyminidocker.teach.misconceptions import BELIEFS
from pyminidocker.teach.plan import LESSONS, Plan, Question, load
from tests.notebooks.gate import BANNED

PLANS = [load(number) for number in LESSONS]
TESTABLE = {
    "run", "say", "find", "remove", "tell", "start", "diagnose", "read", "make", "measure", "put",
}  # fmt: skip


def questions(plan: Plan) -> tuple[Question, ...]:
    return (*plan.predictions, *plan.quiz, *plan.diagnoses)


@pytest.mark.parametrize("plan", PLANS, ids=LESSONS)
def test_objectives_have_testable_verbs_and_a_check(plan: Plan) -> None:
    assert 3 <= len(plan.objectives) <= 7
    for objective in plan.objectives:
        assert objective.text.split()[0] in TESTABLE, objective.text
        plan.check(objective.check)
    assert {one.check for one in plan.objectives} == {one.id for one in plan.checks}


@pytest.mark.parametrize("plan", PLANS, ids=LESSONS)
def test_a_lesson_brings_at_most_eight_words_and_takes_its_time(plan: Plan) -> None:
    assert 1 <= len(plan.terms) <= 8
    least, most = plan.minutes
    assert 20 <= least < most <= 40


@pytest.mark.parametrize("plan", PLANS, ids=LESSONS)
def test_every_option_replies_and_every_wrong_one_names_a_belief(plan: Plan) -> None:
    for question in questions(plan):
        assert 2 <= len(question.options) <= 5
        assert sum(not option.belief for option in question.options) == 1, question.id
        for option in question.options:
            assert len(option.feedback) > 20, (question.id, option.text)
            assert "wrong" not in option.feedback.lower()
            if option.belief:
                assert option.belief in BELIEFS, option.belief
                assert re.search(r"[Tt]hat would (be|help|leave)|enough if", option.feedback), (
                    option
                )


@pytest.mark.parametrize("plan", PLANS, ids=LESSONS)
def test_predictions_foretell_something_measurable(plan: Plan) -> None:
    for question in plan.predictions:
        foretold = [option.when for option in question.options]
        assert None not in foretold
        assert len(set(foretold)) == len(foretold)


@pytest.mark.parametrize("plan", PLANS, ids=LESSONS)
def test_one_named_fault_with_a_question_about_it(plan: Plan) -> None:
    assert plan.faults
    assert {one.id for one in plan.diagnoses} == set(plan.faults)
    for name in plan.faults:
        faults.find(name)


def test_the_right_answer_is_not_always_in_the_same_place() -> None:
    places = [
        next(key for key, one in zip(q.keys(), q.options, strict=True) if not one.belief)
        for plan in PLANS
        for q in questions(plan)
    ]
    assert {"a", "b", "c"} <= set(places)
    assert max(places.count(key) for key in "abc") < 0.5 * len(places)


def test_the_words_are_kind() -> None:
    for plan in PLANS:
        for question in questions(plan):
            for text in (question.text, *(one.text + one.feedback for one in question.options)):
                assert not BANNED.search(text), text


def test_the_inventory_has_fifteen_questions_about_known_beliefs() -> None:
    assert len(inventory.QUESTIONS) == 15
    assert len({one.id for one in inventory.QUESTIONS}) == 15
    for question in inventory.QUESTIONS:
        beliefs = [option.belief for option in question.options]
        assert beliefs.count("") == 1, question.id
        assert set(beliefs) - {""} <= set(BELIEFS)


def test_beliefs_name_a_lesson_of_the_course() -> None:
    for name, belief in BELIEFS.items():
        assert re.fullmatch(r"0\d|1[0-6]", belief.lesson), name
        assert belief.says.endswith(".")
        assert belief.instead.endswith(".")


def test_a_claim_has_a_verdict_that_the_ledger_knows() -> None:
    for plan in PLANS:
        for claim in plan.claims:
            assert claim.verdict in MARKS, (plan.number, claim.id)
            assert len(claim.source) > 5


def test_unknown_names_say_what_there_is() -> None:
    with pytest.raises(NotFound) as caught:
        PLANS[0].prediction("nothing")
    assert "how-fast" in caught.value.hint
    with pytest.raises(NotFound):
        load("99")
    with pytest.raises(NotFound):
        faults.find("nothing")
