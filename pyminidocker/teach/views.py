"""The live side of questions and puzzles: two anywidgets around native HTML controls.

Each keeps ``text/plain`` beside the widget in its output, so that a page without a kernel shows
the words; the publish step drops the widget reference and keeps the text.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from pyminidocker.teach.puzzle import Ordering
    from pyminidocker.teach.questions import Questions

STATIC = Path(__file__).parent / "static"


class _Twin(anywidget.AnyWidget):  # type: ignore[misc]
    """A widget whose plain text says the same."""

    def __init__(self, twin: str, **traits: Any) -> None:
        self._text = twin
        super().__init__(**traits)

    def __repr__(self) -> str:
        return self._text

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return {"text/plain": self._text}
        data, metadata = bundle
        data["text/plain"] = self._text
        return data, metadata


class QuestionView(_Twin):
    """Radio buttons, a button per question and a reply below it."""

    _esm = STATIC / "questions.js"
    questions = traitlets.List().tag(sync=True)
    answers = traitlets.Dict().tag(sync=True)
    messages = traitlets.Dict().tag(sync=True)
    button = traitlets.Unicode().tag(sync=True)

    def show(self, model: Questions) -> None:
        """Bring answers and replies to the page."""
        self.answers = dict(model.answers)
        self.messages = {
            name: {"mood": mood, "text": text} for name, (mood, text) in model.messages.items()
        }


class PuzzleView(_Twin):
    """Rows with an up and a down button."""

    _esm = STATIC / "puzzle.js"
    title = traitlets.Unicode().tag(sync=True)
    task = traitlets.Unicode().tag(sync=True)
    lines = traitlets.Dict().tag(sync=True)
    order = traitlets.List().tag(sync=True)


def question_view(model: Questions) -> QuestionView:
    """Return the widget for ``model``; answers from the page go through ``model.answer``."""
    titles = model.titles()
    asked = [
        {
            "id": name,
            "title": titles[name],
            "text": question.text,
            "options": [
                {"key": key, "text": option.text}
                for key, option in zip(question.keys(), question.options, strict=True)
            ],
        }
        for name, question in model.questions.items()
    ]
    view = QuestionView(
        model.text(), questions=asked, answers=dict(model.answers), button=model.button
    )

    def arrived(change: Any) -> None:
        for name, key in change["new"].items():
            if model.answers.get(name) != key:
                model.answer(name, key)

    view.show(model)
    view.observe(arrived, names="answers")
    return view


def puzzle_view(model: Ordering) -> PuzzleView:
    """Return the widget for ``model``; moves in the page change ``model.order``."""
    view = PuzzleView(
        model.text(),
        title=f"Put in order: {model.puzzle.id}",
        task=model.puzzle.text,
        lines=model.lines,
        order=model.order,
    )

    def moved(change: Any) -> None:
        if change["new"] != model.order:
            model.order = change["new"]

    view.observe(moved, names="order")
    return view
