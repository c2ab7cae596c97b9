"""One lesson, as its notebook sees it.

``Lesson("02")`` connects to the engine, makes sure that the lesson's base images are there, and
clears away what an earlier run of the same lesson left.  Everything shown depends on what happened
in this session only, so that "run all" gives the same outputs every time.
"""

from __future__ import annotations

import inspect as source_inspect
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyminidocker.client import connect
from pyminidocker.errors import NotFound
from pyminidocker.teach import checks, cleanup, faults, inventory, predict, surroundings
from pyminidocker.teach.by_hand import ByHand
from pyminidocker.teach.cards import Card, Fold
from pyminidocker.teach.ledger import Ledger
from pyminidocker.teach.plan import Plan, Question, load
from pyminidocker.teach.preflight import Preflight
from pyminidocker.teach.progress import Progress
from pyminidocker.teach.puzzle import Ordering
from pyminidocker.teach.questions import Questions

if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine
    from pyminidocker.teach.limits_lab import LimitsLab

# When each lesson was first opened in this session: what was made since then may be its own.
_STARTED: dict[str, int] = {}


class Lesson:
    """A lesson's questions, checks, faults and clean-up.

    Args:
        number: two digits, as in the notebook's file name.

    Attributes:
        engine: the client to use in cells (``pyminidocker.connect()``).
        calls: the same engine by its API, one method per endpoint, for checks.
        plan: what the lesson consists of.
        progress: the learner's local progress file.
    """

    def __init__(self, number: str) -> None:
        self.plan: Plan = load(number)
        self.number = number
        self.engine = connect()
        self.calls = self.engine.api
        self.progress = Progress()
        self._chosen: dict[str, str] = {}  # question id -> letter, of this session
        self._met: set[str] = set()
        self._measured: dict[str, str] = {}  # claim id -> what was measured
        self._members: set[tuple[int, int]] = set()
        self._last: tuple[str, tuple[Any, ...]] = ("", ())
        self._by_hand: list[ByHand] = []
        self._hosts: list[Engine] = []
        self._limits: LimitsLab | None = None
        self.started = _STARTED.setdefault(number, int(time.time()))
        surroundings.fetch(self.calls, self.plan.needs)
        cleanup.remove_all(self)

    # -- predict, run, compare ---------------------------------------------------------------

    def predict(self, name: str) -> Questions:
        """Ask what will happen; the answer is stored before the experiment.

        Raises:
            NotFound: this lesson has no prediction ``name``.
        """
        question = self.plan.prediction(name)

        def stored(asked: Question, key: str) -> tuple[str, str]:
            self._note(asked, key)
            return "note", f"• Stored: you predict {key}. Now run the next cell."

        card = Questions(
            f"PREDICT · {name}",
            [question],
            stored,
            button="Store my prediction",
            closing="Choose before you run the next cell.",
        )
        return self._restored(card)

    def predicted(self, name: str) -> None:
        """Remind, as the first line of an experiment, whether a prediction is stored."""
        question = self.plan.prediction(name)
        sys.stdout.write(predict.reminder(question, self._chosen.get(name, "")) + "\n")

    def compare(self, name: str, observed: object) -> Card:
        """Show the learner's own prediction beside what was measured.

        Args:
            name: the prediction.
            observed: what the experiment measured.
        """
        question = self.plan.prediction(name)
        return predict.compare(question, self._chosen.get(name, ""), observed)

    # -- questions and puzzles ---------------------------------------------------------------

    def quiz(self) -> Questions:
        """Ask this lesson's quiz; every option has a message of its own."""
        card = Questions(
            f"QUIZ · lesson {self.number}",
            self.plan.quiz,
            self._reply,
            button="Answer",
            closing="Every answer gets a reply of its own, and you may answer again.",
        )
        return self._restored(card)

    def pretest(self) -> Questions:
        """Ask the fifteen questions of the inventory; nobody says yet what holds."""

        def stored(asked: Question, key: str) -> tuple[str, str]:
            self._note(asked, key, lesson=inventory.PRETEST)
            return "note", "• Stored. The lessons will put it to the test."

        card = Questions(
            "BEFORE THE COURSE · fifteen questions",
            inventory.QUESTIONS,
            stored,
            button="Store",
            closing="Nothing is marked. Answer what you believe today; guessing is fine.",
        )
        return self._restored(card)

    def route(self) -> Card:
        """Show which lessons test the beliefs chosen in the pre-test of this session."""
        asked = {one.id: one for one in inventory.QUESTIONS}
        chosen = {name: key for name, key in self._chosen.items() if name in asked}
        return inventory.route(chosen)

    def puzzle(self, name: str) -> Ordering:
        """Show lines to put in order.

        Raises:
            NotFound: this lesson has no puzzle ``name``.
        """
        return Ordering(self.plan.puzzle(name))

    def preflight(self) -> Preflight:
        """Try what this machine allows; shows itself as one verdict per lesson."""
        return Preflight()

    # -- checks ------------------------------------------------------------------------------

    def check(self, name: str, *given: Any) -> Card:
        """Look whether it is so, in the state of kernel and engine.

        Args:
            name: the check.
            given: what it asks for, e.g. the function of an exercise.
        """
        outcome = checks.examine(self, name, given)
        self._last = (name, given)
        if outcome.met:
            self._met.add(name)
            self.progress.note_met(self.number, name)
        return checks.report(name, outcome)

    def hint(self, name: str, level: int = 1, *given: Any) -> Card:
        """Show hint ``level`` (1 to 3) for check ``name``, worked out from the present state.

        What the last ``lesson.check(name, ...)`` was given is looked at again.
        """
        if not given and self._last[0] == name:
            given = self._last[1]
        return checks.hint(name, checks.examine(self, name, given), level)

    def solution(self, name: str) -> Card:
        """Show one way to solve the exercise of check ``name``, folded.

        Where no HTML is shown: ``print(lesson.solution(name).unfold())``.

        Raises:
            NotFound: this lesson has no such check, or it needs no code.
        """
        exercise = self.plan.check(name).exercise
        module = import_module(f"pyminidocker.teach.solutions.lesson_{self.number}")
        found = getattr(module, exercise, None) if exercise else None
        if found is None:
            raise NotFound(f"{name!r} has no solution to show", hint="it needs no code of yours")
        code = tuple(f" {line}" for line in source_inspect.getsource(found).splitlines())
        fold = Fold("One way to do it (open when you have tried)", code)
        note = "There are other ways; the check accepts any that leads to the same state."
        return Card("note", f"SOLUTION · {name}", (note,), (fold,))

    def summary(self) -> Card:
        """Show which objectives were met in this session."""
        lines = [
            f"- {'✓ met' if one.check in self._met else 'not yet'}: {one.text}"
            for one in self.plan.objectives
        ]
        done = sum(one.check in self._met for one in self.plan.objectives)
        heading = f"OBJECTIVES · {done} of {len(self.plan.objectives)} met in this session"
        return Card("met" if done == len(lines) else "note", heading, tuple(lines))

    # -- faults, claims, clean-up ------------------------------------------------------------

    def diagnose(self, name: str) -> Questions:
        """Ask what the cause of fault ``name`` is; every option has a message of its own.

        Raises:
            NotFound: this lesson asks nothing about ``name``.
        """
        card = Questions(
            f"DIAGNOSE · {name}",
            [self.plan.diagnosis(name)],
            self._reply,
            button="This is the cause",
            closing="Look at the evidence above before you choose.",
        )
        return self._restored(card)

    def break_(self, name: str, target: str) -> Card:
        """Inject fault ``name`` into the container or image ``target``; say what is seen, not why.

        Raises:
            NotFound: there is no such fault, container or image.
        """
        fault = faults.find(name)
        fault.inject(self, target)
        return Card("not yet", "BROKEN ON PURPOSE", (fault.symptom.format(target=target),))

    def claim(self, name: str, measured: str) -> Card:
        """Show a sentence of the original notes beside its verdict and today's measurement."""
        claim = self.plan.claim(name)
        self._measured[name] = measured
        lines = (
            f"The notes said: “{claim.sentence}”",
            f"Verdict: {claim.verdict}. {claim.correction}",
            f"Measured in this notebook: {measured}",
            f"Read more: {claim.source}",
        )
        return Card("note", f"CLAIM · {name}", lines)

    def ledger(self) -> Ledger:
        """Show all claims of this lesson, with what was measured in this session."""
        return Ledger(self.plan.claims, self._measured)

    def reset(self) -> Card:
        """Remove this lesson's containers and images, so that any cell can be run again."""
        self._clear()
        return Card("note", f"Lesson {self.number} is back at its start", ())

    def host(self, name: str) -> Engine:
        """Start another lab host of this lesson, with the lesson's base images.

        Raises:
            NotFound: the lesson has no such host.
        """
        made = surroundings.host(self, name)
        self._hosts.append(made)
        return made

    def folder(self, name: str, *, fresh: bool = True) -> Path:
        """Return a directory of this lesson for files, such as a build context.

        Args:
            name: one of the plan's.
            fresh: empty it first.

        Raises:
            NotFound: the lesson has no such folder.
        """
        return surroundings.folder(self, name, fresh=fresh)

    def limits(self) -> LimitsLab:
        """Return what this host can limit, and an engine that has recordings where it cannot."""
        if self._limits is None:
            from pyminidocker.teach.limits_lab import LimitsLab

            self._limits = LimitsLab(self.engine)
        return self._limits

    def iproute(self, container: str = "") -> ByHand:
        """Return pyroute2's ``IPRoute`` on the network of the lab host, or of a container.

        Raises:
            NotFound: no such container.
            Conflict: it does not run.
        """
        made = ByHand(self.calls.netlink(container), container or "the lab host")
        self._by_hand.append(made)
        return made

    def remove_link(self, name: str) -> None:
        """Delete a link that a cell made in the lab, so that the cell can be run again.

        Raises:
            NotFound: the lesson makes no such link.
        """
        if name not in self.plan.links:
            known = ", ".join(self.plan.links) or "none"
            raise NotFound(f"no link {name!r} in this lesson", hint=f"there are: {known}")
        surroundings.remove_link(self, name)

    def leave_no_trace(self) -> Card:
        """Clean up, then prove by engine and kernel that nothing of the lesson is left."""
        self._clear()
        state = str(self.calls.engine_facts()["StateDir"])
        return cleanup.proof(self, self._members, state)

    def _clear(self) -> None:
        self._members |= cleanup.processes(self)
        for handle in self._by_hand:
            handle.close()
        for engine in self._hosts:
            engine.close()
        self._by_hand.clear()
        self._hosts.clear()
        cleanup.remove_all(self)

    # -- the lesson itself -------------------------------------------------------------------

    def card(self) -> Card:
        """Show title, time and objectives."""
        least, most = self.plan.minutes
        lines = [f"Takes {least} to {most} minutes. By the end you can:"]
        lines += [f"- {one.text}" for one in self.plan.objectives]
        lines.append("The engine runs, and the images for this lesson are there.")
        return Card("note", f"LESSON {self.number} · {self.plan.title}", tuple(lines))

    def __repr__(self) -> str:
        return self.card().text()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        card = self.card()
        return {"text/plain": card.text(), "text/html": card.html()}

    def _reply(self, asked: Question, key: str) -> tuple[str, str]:
        self._note(asked, key)
        option = asked.option(key)
        return (
            ("note", f"→ {option.feedback}") if option.belief else ("met", f"✓ {option.feedback}")
        )

    def _note(self, question: Question, key: str, lesson: str = "") -> None:
        self._chosen[question.id] = key
        belief = question.option(key).belief
        self.progress.note_answer(lesson or self.number, question.id, key, belief)

    def _restored(self, card: Questions) -> Questions:
        """Give a card that is shown again the answers of this session."""
        for name in card.questions:
            if name in self._chosen:
                card.answer(name, self._chosen[name])
        return card
