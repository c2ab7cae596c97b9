"""What a lesson consists of, as plain data: objectives, predictions, quiz, checks, faults, claims.

A plan is written once per lesson in ``plans/`` and read by everything else: the cells that show it,
the tests that hold it to the rules (every objective tied to a check, every wrong option to a named
misconception), and the progress file that remembers only its ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from string import ascii_lowercase
from typing import TYPE_CHECKING, TypeVar

from pyminidocker.errors import NotFound

if TYPE_CHECKING:
    from pyminidocker.teach.checks import Outcome

T = TypeVar("T", "Question", "Check", "Claim", "Puzzle")

LESSONS = ("00", "01", "02", "03", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15")


@dataclass(frozen=True)
class Option:
    """One answer a learner may choose.

    Attributes:
        text: the answer as shown.
        feedback: what is said when it is chosen.  For a belief that does not hold: "that would be
            so if ...; look at ...".
        belief: id of the misconception behind it (``misconceptions.BELIEFS``); empty for the
            answer that fits the facts.
        when: for predictions, the measured value that this answer foretells.
    """

    text: str
    feedback: str
    belief: str = ""
    when: object = None


@dataclass(frozen=True)
class Question:
    """A question with options, for predictions, quizzes and the inventory."""

    id: str
    text: str
    options: tuple[Option, ...]

    def keys(self) -> list[str]:
        """Return the options' letters: a, b, c ..."""
        return list(ascii_lowercase[: len(self.options)])

    def option(self, key: str) -> Option:
        """Return the option with letter ``key``.

        Raises:
            NotFound: there is no such option.
        """
        if key not in self.keys():
            raise NotFound(f"{self.id} has no option {key!r}")
        return self.options[self.keys().index(key)]

    def foretold(self, observed: object) -> str:
        """Return the letter of the option that foretold ``observed``, or an empty string."""
        for key, option in zip(self.keys(), self.options, strict=True):
            if option.when == observed:
                return key
        return ""


@dataclass(frozen=True)
class Puzzle:
    """Lines to put in order (a Parsons problem).

    Attributes:
        id: how cells call it.
        text: what is asked.
        lines: as shown at the start; a check decides which orders do what was asked.
    """

    id: str
    text: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Objective:
    """What a learner can do afterwards, with a verb that can be tested, and the check for it."""

    text: str
    check: str


@dataclass(frozen=True)
class Check:
    """A look at the state of the world.

    Attributes:
        id: how cells and objectives call it.
        examine: gets the lesson and what the cell passes; says whether it is so, and why not.
        exercise: name of the function (or cell) in which the learner does it; empty when the
            check needs no code of the learner's.
    """

    id: str
    examine: Callable[..., Outcome]
    exercise: str = ""


@dataclass(frozen=True)
class Claim:
    """A sentence of the original course notes that does not hold as it stands.

    Attributes:
        id: how cells call it.
        sentence: the sentence, as written.
        verdict: one of "true", "half true", "imprecise", "misleading",
            "dated", "wrong" (``ledger.MARKS``).
        correction: what to say instead.
        source: where the correction can be read up, or how it was measured.
    """

    id: str
    sentence: str
    verdict: str
    correction: str
    source: str


@dataclass(frozen=True)
class Plan:
    """One lesson.

    Attributes:
        number: two digits, as in the notebook's name.
        title: as in the notebook's heading.
        minutes: how long it takes, (quick, thorough).
        needs: base images that must be there.
        objectives: at most seven.
        containers: fixed names this lesson may use, also in shell cells.
        images: tags this lesson may create; of images in a registry, the repositories.
        images_watched: containers of these images, made while the lesson runs, belong to it
            (a shell cell such as `!minidocker run hello-world` leaves one with a random name).
        networks: fixed names of networks it may create.
        links: names of links it makes by hand in the lab.
        hosts: names of further lab hosts it may start.
        registry: name of the registry it may start.
        folders: names of directories that its cells write files in.
        volumes: names of volumes it may create.
        faults: names in ``faults.FAULTS`` that this lesson injects.
        diagnoses: one question per fault: what is the cause?
        terms: words of docs/glossary.md that the lesson introduces.
    """

    number: str
    title: str
    minutes: tuple[int, int]
    needs: tuple[str, ...]
    objectives: tuple[Objective, ...]
    predictions: tuple[Question, ...]
    quiz: tuple[Question, ...]
    checks: tuple[Check, ...]
    puzzles: tuple[Puzzle, ...] = ()
    claims: tuple[Claim, ...] = ()
    containers: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    images_watched: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    registry: str = ""
    folders: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    diagnoses: tuple[Question, ...] = ()
    terms: tuple[str, ...] = ()

    def prediction(self, name: str) -> Question:
        """Return the prediction called ``name``.

        Raises:
            NotFound: this lesson has no such prediction; the message lists those it has.
        """
        return _named(self.predictions, name, "prediction")

    def diagnosis(self, name: str) -> Question:
        """Return the question about fault ``name`` (NotFound as in ``prediction``)."""
        return _named(self.diagnoses, name, "diagnosis")

    def check(self, name: str) -> Check:
        """Return the check called ``name`` (NotFound as in ``prediction``)."""
        return _named(self.checks, name, "check")

    def claim(self, name: str) -> Claim:
        """Return the claim called ``name`` (NotFound as in ``prediction``)."""
        return _named(self.claims, name, "claim")

    def puzzle(self, name: str) -> Puzzle:
        """Return the puzzle called ``name`` (NotFound as in ``prediction``)."""
        return _named(self.puzzles, name, "puzzle")


def load(number: str) -> Plan:
    """Return the plan of lesson ``number``.

    Raises:
        NotFound: there is no such lesson (yet).
    """
    if number not in LESSONS:
        raise NotFound(f"no lesson {number!r}", hint=f"there are: {', '.join(LESSONS)}")
    plan = import_module(f"pyminidocker.teach.plans.lesson_{number}").PLAN
    assert isinstance(plan, Plan)
    return plan


def _named(things: Sequence[T], name: str, kind: str) -> T:
    for thing in things:
        if thing.id == name:
            return thing
    known = ", ".join(thing.id for thing in things) or "none"
    raise NotFound(f"no {kind} {name!r} in this lesson", hint=f"there are: {known}")
