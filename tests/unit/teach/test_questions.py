"""Questions, predictions and puzzles, without a page."""

import pytest

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.teach import inventory, predict
from pyminidocker.teach.plan import Option, Puzzle, Question
from pyminidocker.teach.puzzle import Ordering
from pyminidocker.teach.questions import Questions

COLOUR = Question(
    "colour",
    "Which colour?",
    (
        Option("Red", "That would be so if it were evening.", "small-vm", when="red"),
        Option("Blue", "Yes: look up.", when="blue"),
    ),
)


def ask(*questions: Question) -> Questions:
    return Questions(
        "QUIZ", questions, lambda _, key: ("note", f"got {key}"), button="Answer", closing="Done."
    )


def test_the_text_holds_every_option_and_no_answer() -> None:
    text = ask(COLOUR).text()
    assert text.splitlines() == [
        "QUIZ",
        "  Which colour?",
        "    ( ) a. Red",
        "    ( ) b. Blue",
        "  Done.",
    ]


def test_the_text_does_not_depend_on_what_was_answered() -> None:
    card = ask(COLOUR)
    before = card.text()
    assert card.answer("colour", "b") == "got b"
    assert card.text() == before
    assert card.answers == {"colour": "b"}


def test_several_questions_are_numbered() -> None:
    other = Question("size", "Which size?", COLOUR.options)
    text = ask(COLOUR, other).text()
    assert "  1. Which colour?" in text
    assert "  2. Which size?" in text
    assert ask(COLOUR, other).titles()["size"] == "Question 2 of 2"


def test_an_unknown_question_or_option_is_refused() -> None:
    with pytest.raises(NotFound):
        ask(COLOUR).answer("taste", "a")
    with pytest.raises(NotFound):
        ask(COLOUR).answer("colour", "z")


def test_the_view_brings_the_same_words_and_takes_answers() -> None:
    card = ask(COLOUR)
    data, _ = card._repr_mimebundle_()
    assert data["text/plain"] == card.text()
    view = card._view
    assert [option["key"] for option in view.questions[0]["options"]] == ["a", "b"]
    assert "feedback" not in repr(view.questions)
    view.answers = {"colour": "a"}  # what the page does
    assert card.answers == {"colour": "a"}
    assert view.messages["colour"] == {"mood": "note", "text": "got a"}
    card.answer("colour", "b")  # what a cell does
    assert view.answers == {"colour": "b"}


def test_comparing_quotes_the_learner() -> None:
    card = predict.compare(COLOUR, "a", "blue")
    assert card.mood == "note"
    assert card.lines[0] == "You predicted a: Red"
    assert card.lines[1] == "Measured b: Blue"
    assert card.lines[2].startswith("That would be so")
    assert predict.compare(COLOUR, "b", "blue").mood == "met"


def test_comparing_works_without_a_prediction_and_with_a_surprise() -> None:
    assert "no prediction" in predict.compare(COLOUR, "", "blue").text()
    surprise = predict.compare(COLOUR, "a", "green")
    assert "none of the options" in surprise.text()


def test_a_reminder_never_blocks() -> None:
    assert "runs all the same" in predict.reminder(COLOUR, "")
    assert "b" in predict.reminder(COLOUR, "b")


def test_the_route_lists_lessons_for_chosen_beliefs() -> None:
    assert "0 of 15" in inventory.route({}).heading
    card = inventory.route({"i01": "a", "i08": "a", "i02": "c", "other": "a"})
    text = card.text()
    assert "3 of 15" in card.heading
    assert "Lesson 02" in text
    assert "Lesson 06" in text
    assert "small virtual machine" in text


LAYERS = Puzzle("layers", "Put them in order.", ("one: first", "two: second", "three: third"))


def test_an_order_is_changed_by_cell_or_page() -> None:
    ordering = Ordering(LAYERS)
    text = ordering.text()
    assert text.index("three: third") < text.index("one: first"), "the top is drawn first"
    data, _ = ordering._repr_mimebundle_()
    assert data["text/plain"] == text
    ordering._view.order = ["two", "one", "three"]
    assert ordering.order == ["two", "one", "three"]
    ordering.order = ["three", "two", "one"]
    assert ordering._view.order == ["three", "two", "one"]
    assert ordering.text() == text, "the saved text is the task, whatever was tried"


def test_an_order_holds_each_line_once() -> None:
    with pytest.raises(InvalidArgument):
        Ordering(LAYERS).order = ["one", "one", "two"]
