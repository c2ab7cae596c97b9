"""Predict, then run, then compare.

Seeing a demonstration teaches about as much as not seeing it; having written down what one expects
makes the difference, also when the expectation does not hold (Crouch, Fagen, Callan and Mazur,
Am. J. Phys. 72, 835, 2004; Miller et al., Phys. Rev. ST-PER 9, 2013).  So an answer is stored
before the experiment, and the comparison quotes it word for word.
"""

from __future__ import annotations

from pyminidocker.teach.cards import Card
from pyminidocker.teach.plan import Question


def reminder(question: Question, key: str) -> str:
    """Return the line an experiment prints first; it reminds and never blocks."""
    if not key:
        return f"No prediction stored for {question.id!r}; the experiment runs all the same."
    return f"Your prediction for {question.id!r} is stored: {key}."


def compare(question: Question, key: str, observed: object) -> Card:
    """Return the learner's own words beside what was measured.

    Args:
        question: the prediction.
        key: the letter the learner chose; empty when none was.
        observed: what the experiment measured; an option's ``when`` says what it foretold.
    """
    right = question.foretold(observed)
    lines = []
    if key:
        lines.append(f"You predicted {key}: {question.option(key).text}")
    else:
        lines.append("You stored no prediction. (Choose one above and run this cell again.)")
    if not right:
        lines.append(f"Measured: {observed!r}, which none of the options foretold.")
        return Card("note", f"COMPARE · {question.id}", tuple(lines))
    lines.append(f"Measured {right}: {question.option(right).text}")
    if key and key != right:
        lines.append(question.option(key).feedback)
    lines.append(question.option(right).feedback)
    mood = "met" if key == right else "note"
    return Card(mood, f"COMPARE · {question.id}", tuple(lines))
