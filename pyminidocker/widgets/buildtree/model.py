"""What a build tree knows: stages, steps, what came of each, and the build before.

A step's result is told by a word and a mark.  Of the steps that were carried out, those that
something changed *for* are told apart from those that only stand behind a changed one: the cause
is what a learner can do something about.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from pyminidocker.units import human_size

WAITING, RUNNING, CACHED = "waiting", "running", "cached"
CHANGED, FOLLOWS, FAILED = "carried out", "follows", "failed"
UNNEEDED, UNREACHED = "not needed", "not reached"
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
MOST_LINES = 200  # of a step's output that are kept


@dataclass(slots=True)
class Step:
    """One instruction of a build.

    Args:
        id: how records call it.
        stage: its stage's name, "" for one without.
        stage_index: the stage's number, from 0.
        number: which step it is, from 1.
        total: of how many.
        line: where it begins in the Dockerfile.
        text: the instruction.
        needs: ids of the steps it stands on or copies from.
        state: WAITING ... UNREACHED.
        code: one word for why, a key of ``WHYS``; "" while it is not known.
        reasons: why, in sentences.
        key: its key in the cache.
        seconds: how long it took; None before it ended.
        size: bytes of its layer.
        is_empty: it made no layer; None before it ended.
        layer: the layer's digest.
        image: the digest of the image up to here.
        output: the last lines it wrote.
        error: why it failed.
        guess: what somebody predicted for it: True cached, False carried out, None nothing.
        next_guess: the same, for the next build.
        before: the same step of the previous build.
    """

    id: str
    stage: str
    stage_index: int
    number: int
    total: int
    line: int
    text: str
    needs: tuple[str, ...] = ()
    state: str = WAITING
    code: str = ""
    reasons: tuple[str, ...] = ()
    key: str = ""
    seconds: float | None = None
    size: int = 0
    is_empty: bool | None = None
    layer: str = ""
    image: str = ""
    output: list[str] = field(default_factory=list)
    error: str = ""
    guess: bool | None = None
    next_guess: bool | None = None
    before: "Step | None" = None

    @property
    def label(self) -> str:
        """What to call it: ``builder 2/6``."""
        return f"{self.stage} {self.number}/{self.total}".strip()

    @property
    def first_line(self) -> str:
        """The instruction in one line."""
        head, *rest = self.text.strip().splitlines() or [""]
        return f"{head} …" if rest else head

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
        if self.error:
            return self.error.strip().splitlines()[0]
        return "; ".join(self.reasons) or WHYS.get(self.code, "")

    @property
    def weight(self) -> str:
        """What the step added, in words."""
        if self.is_empty is None:
            return ""
        return "no layer" if self.is_empty else human_size(self.size)

    def says(self) -> str:
        """Return the step as a sentence."""
        said = f"{self.label}, {self.first_line}: {self.state}"
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
    """One build.

    Args:
        steps: by id, in the order of the plan.
        image: the id of the result.
        tags: its names.
        seconds: how long the whole took.
        error: why there is no result.
        warnings: what the Dockerfile's author should know.
        is_over: no more records will come.
    """

    steps: dict[str, Step] = field(default_factory=dict)
    image: str = ""
    tags: tuple[str, ...] = ()
    seconds: float | None = None
    error: str = ""
    warnings: list[str] = field(default_factory=list)
    is_over: bool = False

    @property
    def stages(self) -> list[Stage]:
        """The stages, in order."""
        made: dict[int, Stage] = {}
        for step in self.steps.values():
            made.setdefault(step.stage_index, Stage(step.stage_index, step.stage, []))
            made[step.stage_index].steps.append(step)
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
            return self.error or "No build yet."
        needed = len(self.steps) - self.count(UNNEEDED)
        parts = [f"{needed} steps: {self.count(CACHED)} from the cache"]
        if done := self.count(CHANGED, FOLLOWS):
            added = sum(step.size for step in self.carried_out())
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
    gone = {step.id: step for step in before.steps.values()}
    for stage in now.stages:
        for old, new in _pairs(older.get(_key(stage), []), stage.steps):
            new.before = old
            new.guess = old.next_guess if new.guess is None else new.guess
            gone.pop(old.id, None)
    return list(gone.values())


def _key(stage: Stage) -> str | int:
    return stage.name or stage.index


def _pairs(old: list[Step], new: list[Step]) -> Iterable[tuple[Step, Step]]:
    texts = [step.text for step in old], [step.text for step in new]
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
    return step.text.partition(" ")[0].upper()
