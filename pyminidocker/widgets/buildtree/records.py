"""Reading a build's records, one at a time, while it goes on or afterwards.

See: ``pyminidocker.build.records`` for what the engine sends.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pyminidocker.widgets.buildtree.model import (
    CACHED,
    CHANGED,
    FAILED,
    FOLLOWS,
    MOST_LINES,
    RUNNING,
    UNNEEDED,
    UNREACHED,
    WAITING,
    BuildRun,
    Step,
)

Record = Mapping[str, Any]
_OF_STEPS = ("Output", "Progress", "Started", "Cache", "Finished", "Failed")


def read(records: Iterable[Record]) -> BuildRun:
    """Return the build that ``records`` tell of."""
    run = BuildRun()
    for record in records:
        feed(run, record)
    return run


def feed(run: BuildRun, record: Record) -> bool:
    """Take one record.

    Returns:
        Whether the picture changes: output and progress do not change it.
    """
    kind = next((name for name in _OF_STEPS if name in record), "")
    if kind:
        return _of_step(run, kind, record)
    if "Plan" in record:
        # a second plan has the steps of the first, and those a base image asks for (ONBUILD)
        planned = (_step(item) for item in record["Plan"])
        run.steps = {step.id: run.steps.get(step.id, step) for step in planned}
    elif "Warning" in record:
        run.warnings.append(str(record["Warning"]))
    elif "Built" in record:
        built = record["Built"]
        run.image, run.tags = str(built["Id"]), tuple(built.get("Tags") or ())
        run.seconds, run.is_over = float(built.get("Seconds") or 0.0), True
    elif "Error" in record:
        run.error, run.is_over = str(record["Error"].get("Message", "")), True
        for step in run.steps.values():
            if step.state in (WAITING, RUNNING):
                step.state = UNREACHED
    else:
        return False
    return True


def _step(item: Record) -> Step:
    return Step(
        id=str(item["Id"]),
        stage=str(item.get("Stage") or ""),
        stage_index=int(item.get("StageIndex") or 0),
        number=int(item["Number"]),
        total=int(item["Total"]),
        line=int(item.get("Line") or 0),
        text=str(item["Text"]),
        needs=tuple(map(str, item.get("Needs") or ())),
        state=UNNEEDED if item.get("Skipped") else WAITING,
    )


def _of_step(run: BuildRun, kind: str, record: Record) -> bool:
    """Take a record about one step."""
    step = run.steps.get(str(record[kind]))
    if step is None:  # of a kind that is newer than this picture
        return False
    if kind == "Output":
        step.output = [*step.output, *str(record.get("Text") or "").splitlines()][-MOST_LINES:]
        return False
    if kind == "Progress":
        return False
    if kind == "Started":
        step.state = RUNNING
    elif kind == "Cache":
        _decide(step, record)
    elif kind == "Finished":
        step.seconds, step.size = float(record.get("Seconds") or 0.0), int(record.get("Bytes") or 0)
        step.layer, step.image = str(record.get("Layer") or ""), str(record.get("Image") or "")
        step.is_empty = bool(record.get("Empty"))
        if step.state == RUNNING:
            step.state = _settled(step)
    else:
        step.state, step.error = FAILED, str(record.get("Error") or "failed")
        if excerpt := record.get("Excerpt"):
            step.output = [*step.output, *map(str, excerpt)][-MOST_LINES:]
    return True


def _decide(step: Step, record: Record) -> None:
    step.key, step.code = str(record.get("Key") or ""), str(record.get("Code") or "")
    step.reasons = tuple(map(str, record.get("Reasons") or ()))
    step.state = CACHED if record.get("Hit") else RUNNING


def _settled(step: Step) -> str:
    return FOLLOWS if step.code == "parent" else CHANGED
