"""What the engine's records say about a build, step by step.

No imports that cost: ``minidocker build`` reads every record through this module.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
UNNEEDED, UNREACHED = "not needed", "not reached"
# Reasons that name something the user did; the others only follow from those.
CAUSES = frozenset(("content", "instruction", "argument", "base", "secret"))
_OF_STEP = ("Started", "Cache", "Output", "Progress", "Finished", "Failed")


class BuildStep:
    """One instruction of a build.

    Attributes:
        id: how the engine's records call it.
        among_stages: the Dockerfile has several stages.
        stage: its stage's name, or "".
        stage_index: its stage's number, from 0.
        number: which step of its stage it is, from 1 (the FROM).
        total: of how many.
        line: in the Dockerfile; 0 for labels of the command line.
        text: the instruction as written.
        needs: ids of steps of other stages whose results it uses.
        state: ``waiting``, ``running``, ``done``, ``failed``, ``not needed`` or ``not reached``.
        cached: taken from the cache; None when that was never asked.
        code: why, in one word (``hit``, ``content``, ``parent`` ...), or "".
        reasons: why, in sentences.
        key: its key in the cache.
        bytes: size of the layer it added; 0 for none.
        seconds: how long it took.
        layer: the layer's diff id, or "".
        image: id of the image up to here, or "".
        output: what it wrote, in pieces as they came.
        error: why it failed, or "".
        current: bytes done, while a base image is pulled.
        total_bytes: of how many.
    """

    __slots__ = (
        "among_stages", "bytes", "cached", "code", "current", "error", "id", "image", "key",
        "layer", "line", "needs", "number", "output", "reasons", "seconds", "stage", "stage_index",
        "state", "text", "total", "total_bytes",
    )  # fmt: skip

    def __init__(self, planned: Json) -> None:
        self.id = str(planned["Id"])
        self.stage = str(planned.get("Stage") or "")
        self.stage_index = int(planned.get("StageIndex") or 0)
        self.number, self.total = int(planned["Number"]), int(planned["Total"])
        self.line, self.text = int(planned.get("Line") or 0), str(planned["Text"])
        self.needs = tuple(planned.get("Needs") or ())
        self.state = UNNEEDED if planned.get("Skipped") else WAITING
        self.cached: bool | None = None
        self.among_stages = False
        self.code, self.key, self.error = "", "", ""
        self.reasons: tuple[str, ...] = ()
        self.bytes = self.current = self.total_bytes = 0
        self.seconds = 0.0
        self.layer = self.image = ""
        self.output: list[str] = []

    def __repr__(self) -> str:
        return f"<BuildStep {self.label} {self.first_line}: {self.verdict}>"

    @property
    def label(self) -> str:
        """``[builder 2/4]``; ``[2/4]`` when there is one stage, and it has no name."""
        stage = self.stage or (f"stage-{self.stage_index}" if self.among_stages else "")
        return f"[{stage} {self.number}/{self.total}]".replace("[ ", "[")

    @property
    def first_line(self) -> str:
        """The instruction on one line: blanks together, of a heredoc only its head."""
        first, newline, _ = self.text.partition("\n")
        return " ".join(first.split()) + (" ..." if newline else "")

    @property
    def verdict(self) -> str:
        """What became of it, in a word: ``CACHED``, ``done``, ``failed``, ``not needed`` ..."""
        return "CACHED" if self.cached and self.state == DONE else self.state

    @property
    def why(self) -> str:
        """What the user changed that made this step run again, or ""."""
        return "; ".join(self.reasons) if self.cached is False and self.code in CAUSES else ""

    def lines(self) -> list[str]:
        """Return what it wrote, line by line; a progress bar's line as it ended."""
        return _lines(self.output)

    def tail(self, count: int) -> list[str]:
        """Return the last ``count`` lines it wrote so far, without looking at much more."""
        taken: list[str] = []
        newlines = 0
        for piece in reversed(self.output):
            taken.insert(0, piece)
            newlines += piece.count("\n")
            if newlines > count:
                break
        return _lines(taken)[-count:]


def _lines(pieces: list[str]) -> list[str]:
    text = "".join(pieces).replace("\r\n", "\n")
    return [line.rsplit("\r", 1)[-1] for line in text.removesuffix("\n").split("\n") if text]


class BuildStory:
    """A build as its records tell it, while it goes on or afterwards.

    Attributes:
        steps: by id, in the order of the plan.
        warnings: (text, line) of the build checks.
        built: what the last record says of a finished image, or {}.
        error: what the last record says of a failure, or {}.
        failed: the step that failed, or None.
    """

    def __init__(self) -> None:
        self.steps: dict[str, BuildStep] = {}
        self.warnings: list[tuple[str, int]] = []
        self.built: Json = {}
        self.error: Json = {}
        self.failed: BuildStep | None = None
        self._details: Json = {}

    @property
    def needed(self) -> list[BuildStep]:
        """The steps that belong to the result."""
        return [step for step in self.steps.values() if step.state != UNNEEDED]

    @property
    def is_over(self) -> bool:
        """Whether the last record has come."""
        return bool(self.built or self.error)

    def is_held_up(self, step: BuildStep) -> bool:
        """Tell whether a step that has begun waits for one of another stage."""
        others = [self.steps.get(one) for one in step.needs]
        return any(one is not None and one.state != DONE for one in others)

    def feed(self, record: Json) -> BuildStep | None:
        """Take one record; return the step it is about, or None."""
        for kind in _OF_STEP:
            if kind in record:
                step = self.steps.get(str(record[kind]))
                if step is not None:
                    self._of_step(step, kind, record)
                return step
        if "Plan" in record:
            # a second plan has the first one's steps, and those of ONBUILD triggers
            planned = [BuildStep(one) for one in record["Plan"]]
            self.steps = {step.id: self.steps.get(step.id, step) for step in planned}
            stages = {step.stage_index for step in self.steps.values()}
            for step in self.steps.values():
                step.among_stages = len(stages) > 1
        elif "Warning" in record:
            self.warnings.append((str(record["Warning"]), int(record.get("Line") or 0)))
        elif "Built" in record:
            self.built = record["Built"]
        elif "Error" in record:
            self.error = {**self._details, **{k: v for k, v in record["Error"].items() if v}}
            for step in self.steps.values():
                if step.state in (WAITING, RUNNING):
                    step.state = UNREACHED
        return None

    def _of_step(self, step: BuildStep, kind: str, record: Json) -> None:
        if kind == "Started":
            step.state = RUNNING
        elif kind == "Cache":
            step.cached, step.code = bool(record["Hit"]), str(record.get("Code") or "")
            step.key = str(record.get("Key") or "")
            step.reasons = tuple(record.get("Reasons") or ())
            step.state = DONE if step.cached else RUNNING
        elif kind == "Output":
            step.output.append(str(record["Text"]))
        elif kind == "Progress":
            step.current = int(record.get("Current") or 0)
            step.total_bytes = int(record.get("Total") or 0)
        elif kind == "Finished":
            step.state = DONE
            step.seconds = float(record.get("Seconds") or 0.0)
            step.bytes = int(record.get("Bytes") or 0)
            step.layer = str(record.get("Layer") or "")
            step.image = str(record.get("Image") or "")
        else:
            step.state, step.error = FAILED, str(record.get("Error") or "")
            self.failed = step
            self._details = {
                "Message": step.error,
                "Hint": str(record.get("Hint") or ""),
                "Code": int(record.get("ExitCode") or 1),
                "Line": int(record.get("Line") or 0),
                "Column": int(record.get("Column") or 0),
                "Excerpt": list(record.get("Excerpt") or ()),
            }
