"""A belief about containers that does not hold, with the lesson that lets a learner test it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Belief:
    """A belief, what holds instead, and where it is tested.

    Attributes:
        says: the belief, in the words of someone who holds it.
        instead: what holds, in one sentence.
        lesson: number of the lesson with the experiment.
    """

    says: str
    instead: str
    lesson: str
