"""What a build tree knows: stages, steps, what came of each, and the build before.

A step's result is told by a word and a mark.  Of the steps that were carried out, those that
something changed *for* are told apart from those that only stand behind a changed one: the cause
is what a learner can do something about.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from pyminidocker.client.build_steps import (
    DONE,
    FAILED,
    RUNNING,
    UNNEEDED,
    UNREACHED,
    WAITING,
    BuildStep,
    BuildStory,
)
from pyminidocker.units import human_size

CACHED, CHANGED, FOLLOWS = "cached", "carried out", "follows"
MEANINGS = {
    CACHED: "taken from the cache",
    CHANGED: "carried out, because something it depends on was new",
    FOLLOWS: "carried out, because a step before it was",
    FAILED: "carried out, and it failed",
    RUNNING: "being carried out",
    WAITING: "not decided yet",
    UNNEEDED: "left out: the result does not need it",
    UNREACHED: "the build ended before",
}
SIGNS = {
    CACHED: "=", CHANGED: "*", FOLLOWS: "+", FAILED: "x", RUNNING: ">", WAITING: ".",
    UNNEEDED: "-", UNREACHED: "/",
}  # fmt: skip
# Why, when the engine says it in one word only.
WHYS = {
    "hit": "nothing that counts has changed",
    "content": "a file it copies has changed",
    "instruction": "the instruction has changed",
    "parent": "a step before it was carried out",
    "argument": "a build argument has changed",
    "base": "the base image has changed",
    "first": "it was never carried out before",
    "forced": "the cache was not to be used",
    "secret": "it uses a secret that has changed",
}


@dataclass(slots=True)
class Step:
    """One instruction of a build, with what somebody predicted for it.

    Args:
        told: what the engine told of it.
        guess: what was predicted: True cached, False carried out, None nothing.
        next_guess: the same, for the next build.
        before: the same step of the previous build.
    """

    told: BuildStep
    guess: bool | None = None
    next_guess: bool | None = None
    before: "Step | None" = None

    @property
    def state(self) -> str:
        """One of ``MEANINGS``."""
        if self.told.state != DONE:
            return self.told.state
        if self.told.cached:
            return CACHED
        return FOLLOWS if self.told.code == "parent" else CHANGED

    @property
    def label(self) -> str:
        """What to call it: ``builder 2/6``."""
        return self.told.label.strip("[]")

    @property
    def is_finished(self) -> bool:
        """It is known how long it took and what it added."""
        return self.told.state == DONE and bool(self.told.image)

    @property
    def is_settled(self) -> bool:
        """It is known whether it came from the cache."""
        return self.state in (CACHED, CHANGED, FOLLOWS, FAILED)

    @property
    def was_carried_out(self) -> bool:
        """It did not come from the cache."""
        return self.state in (CHANGED, FOLLOWS, FAILED)

    @property
    def verdict(self) -> str:
        """``right`` or ``wrong`` for a prediction that was put to the test, "" otherwise."""
        if self.guess is None or not self.is_settled:
            return ""
        return "right" if self.guess == (self.state == CACHED) else "wrong"

    @property
    def why(self) -> str:
        """The reason in one sentence, "" while there is none."""
        if self.told.error:
            return self.told.error.strip().splitlines()[0]
        # how long it took the last time is told in the details; it differs from run to run
        reasons = [reason for reason in self.told.reasons if not reason.startswith("it took ")]
        return "; ".join(reasons) or WHYS.get(self.told.code, "")

    @property
    def weight(self) -> str:
        """What the step added, in words."""
        if not self.is_finished:
            return ""
        return human_size(self.told.bytes) if self.told.layer else "no layer"

    def says(self) -> str:
        """Return the step as a sentence."""
        said = f"{self.label}, {self.told.first_line}: {self.state}"
        if self.why:
            said += f", {self.why}"
        if self.weight:
            said += f"; {self.weight}"
        if self.verdict:
            said += f"; the prediction was {self.verdict}"
        elif self.guess is not None:
            said += f"; predicted: {'cached' if self.guess else 'carried out'}"
        if self.next_guess is not None:
            said += f"; next time, predicted: {'cached' if self.next_guess else 'carried out'}"
        return said


@dataclass(slots=True)
class Stage:
    """The steps from one FROM to the next.

    Args:
        index: its number, from 0.
        name: as in ``FROM ... AS name``, or "".
        steps: in order.
    """

    index: int
    name: str
    steps: list[Step]

    @property
    def title(self) -> str:
        """What to call it."""
        return f"stage {self.name}" if self.name else f"stage {self.index}"

    @property
    def is_unneeded(self) -> bool:
        """Nothing of it was needed."""
        return all(step.state == UNNEEDED for step in self.steps)


@dataclass(slots=True)
class BuildRun:
    """One build, as far as it has come.

    Args:
        story: what the engine told.
        steps: by id, in the order of the plan.
    """

    story: BuildStory = field(default_factory=BuildStory)
    steps: dict[str, Step] = field(default_factory=dict)

    @classmethod
    def read(cls, records: Iterable[Mapping[str, Any]]) -> "BuildRun":
        """Return the build that ``records`` tell of."""
        run = cls()
        for record in records:
            run.feed(record)
        return run

    def feed(self, record: Mapping[str, Any]) -> bool:
        """Take one record.

        Returns:
            Whether the picture changes: output and progress do not change it.
        """
        told = self.story.feed(dict(record))
        if "Plan" in record:
            steps = self.story.steps.items()
            self.steps = {name: self.steps.get(name, Step(step)) for name, step in steps}
        if told is not None:
            return "Output" not in record and "Progress" not in record
        return any(kind in record for kind in ("Plan", "Built", "Error"))

    @property
    def is_over(self) -> bool:
        """No more records will come."""
        return self.story.is_over

    @property
    def name(self) -> str:
        """The first name of the result, or "a build"."""
        tags = self.story.built.get("Tags") or ()
        return str(tags[0]) if tags else "a build"

    @property
    def stages(self) -> list[Stage]:
        """The stages, in order."""
        made: dict[int, Stage] = {}
        for step in self.steps.values():
            told = step.told
            made.setdefault(told.stage_index, Stage(told.stage_index, told.stage, []))
            made[told.stage_index].steps.append(step)
        return [made[index] for index in sorted(made)]

    def count(self, *states: str) -> int:
        """Return how many steps are in one of ``states``."""
        return sum(step.state in states for step in self.steps.values())

    def carried_out(self) -> list[Step]:
        """Return the steps that did not come from the cache."""
        return [step for step in self.steps.values() if step.was_carried_out]

    def summary(self) -> str:
        """Return one sentence about the whole."""
        if not self.steps:
            return str(self.story.error.get("Message", "")) or "No build yet."
        needed = len(self.steps) - self.count(UNNEEDED)
        parts = [f"{needed} steps: {self.count(CACHED)} from the cache"]
        if done := self.count(CHANGED, FOLLOWS):
            added = sum(step.told.bytes for step in self.carried_out())
            parts.append(f"{done} carried out ({human_size(added)} of new layers)")
        if self.count(FAILED):
            parts.append("1 failed")
        if left := self.count(WAITING, RUNNING):
            parts.append(f"{left} to go")
        if lost := self.count(UNREACHED):
            parts.append(f"{lost} not reached")
        text = ", ".join(parts)
        judged = [step.verdict for step in self.steps.values() if step.verdict]
        if judged:
            text += f"; {judged.count('right')} of {len(judged)} predictions were right"
        return text + "."


def align(before: BuildRun, now: BuildRun) -> list[Step]:
    """Say for each step of ``now`` which step of ``before`` it is; take over the predictions.

    Stages are matched by name, or by number when they have none.  Within a stage equal
    instructions are matched in order, and what changed in between by its keyword.

    Returns:
        The steps of ``before`` that are not there any more.
    """
    older = {_key(stage): stage.steps for stage in before.stages}
    gone = dict(before.steps)
    for stage in now.stages:
        for old, new in _pairs(older.get(_key(stage), []), stage.steps):
            new.before = old
            new.guess = old.next_guess if new.guess is None else new.guess
            gone.pop(old.told.id, None)
    return list(gone.values())


def _key(stage: Stage) -> str | int:
    return stage.name or stage.index


def _pairs(old: list[Step], new: list[Step]) -> Iterator[tuple[Step, Step]]:
    texts = [step.told.text for step in old], [step.told.text for step in new]
    matcher = SequenceMatcher(None, *texts, autojunk=False)
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        if kind == "equal":
            yield from zip(old[a:a_end], new[b:b_end], strict=True)
        elif kind == "replace":
            left = old[a:a_end]
            for step in new[b:b_end]:
                same = next((one for one in left if _keyword(one) == _keyword(step)), None)
                if same is not None:
                    left.remove(same)
                    yield same, step


def _keyword(step: Step) -> str:
    return step.told.text.partition(" ")[0].upper()
