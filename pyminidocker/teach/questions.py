"""Questions as widgets: a prediction, a quiz, or the inventory, with the same words as plain text.

The page shows native radio buttons (``static/questions.js``).  The saved output, the terminal and
nbval get ``text()``: every question with all of its options, unanswered, so that the notebook reads
well where nothing runs.  What is right stays in the kernel: the page learns it answer by answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyminidocker.teach.cards import indent
from pyminidocker.teach.plan import Question

# Called with (question, key) when an answer arrives; returns (mood, message) to show below it.
Answered = Callable[[Question, str], tuple[str, str]]


class Questions:
    """Some questions and the answers given in this session.

    Args:
        heading: the first line of the text.
        questions: what is asked.
        answered: says what to reply to an answer.
        button: what the button says.
        closing: the last line of the text.
    """

    def __init__(
        self,
        heading: str,
        questions: Sequence[Question],
        answered: Answered,
        *,
        button: str,
        closing: str,
    ) -> None:
        self.heading = heading
        self.questions = {question.id: question for question in questions}
        self.answered = answered
        self.button = button
        self.closing = closing
        self.answers: dict[str, str] = {}
        self.messages: dict[str, tuple[str, str]] = {}
        self._view: Any = None

    def answer(self, question: str, key: str) -> str:
        """Answer ``question`` with option ``key``, as the button does, and return the reply.

        Raises:
            NotFound: there is no such question or option.
        """
        from pyminidocker.errors import NotFound

        if question not in self.questions:
            raise NotFound(f"no question {question!r}", hint=", ".join(self.questions))
        asked = self.questions[question]
        asked.option(key)
        self.answers[question] = key
        self.messages[question] = self.answered(asked, key)
        if self._view is not None:
            self._view.show(self)
        return self.messages[question][1]

    def text(self) -> str:
        """Return all questions and options as plain text, whatever was answered."""
        out = [self.heading]
        for number, question in enumerate(self.questions.values(), 1):
            title = f"{number}. " if len(self.questions) > 1 else ""
            first, *rest = indent(title + question.text)
            out += ["", first, *rest] if title else [first, *rest]
            for key, option in zip(question.keys(), question.options, strict=True):
                first, *rest = indent(f"( ) {key}. {option.text}", " " * 4)
                out += [first, *(" " * 7 + line.strip() for line in rest)]
        out += ["", *indent(self.closing)] if len(self.questions) > 1 else indent(self.closing)
        return "\n".join(out)

    def titles(self) -> dict[str, str]:
        """Return what stands on each question's frame."""
        total = len(self.questions)
        if total == 1:
            return dict.fromkeys(self.questions, self.heading)
        return {
            name: f"Question {number} of {total}"
            for number, name in enumerate(self.questions, start=1)
        }

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from pyminidocker.teach.views import question_view

        if self._view is None:
            self._view = question_view(self)
        return self._view._repr_mimebundle_(**kwargs)
