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
    BuildRun,
    Step,
)

Record = Mapping[str, Any]


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
    if "Plan" in record:
        run.steps = {item["Id"]: _step(item) for item in record["Plan"]}
    elif "Warning" in record:
        run.warnings.append(str(record["Warning"]))
    elif "Built" in record:
        built = record["Built"]
        run.image, run.tags = str(built["Id"]), tuple(built.get("Tags") or ())
        run.seconds, run.is_over = float(built.get("Seconds") or 0.0), True
    elif "Error" in record:
        run.error, run.is_over = str(record["Error"].get("Message", "")), True
    else:
        return _of_step(run, record)
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
        state=UNNEEDED if item.get("Skipped") else "waiting",
    )


def _of_step(run: BuildRun, record: Record) -> bool:
    """Take a record about one step."""
    kind = next((name for name in _STEP_RECORDS if name in record), "")
    step = run.steps.get(str(record.get(kind, "")))
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


_STEP_RECORDS = ("Output", "Progress", "Started", "Cache", "Finished", "Failed")


def _decide(step: Step, record: Record) -> None:
    step.key, step.code = str(record.get("Key") or ""), str(record.get("Code") or "")
    step.reasons = tuple(map(str, record.get("Reasons") or ()))
    step.state = CACHED if record.get("Hit") else RUNNING


def _settled(step: Step) -> str:
    return FOLLOWS if step.code == "parent" else CHANGED
