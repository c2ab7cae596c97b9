"""The records a build yields, one JSON document a line: what ``POST /build?records=1`` streams.

    {"Plan": [{"Id", "Stage", "StageIndex", "Number", "Total", "Line", "Text", "Needs", "Skipped"}]}
        first, and once more when a base image's ONBUILD triggers add steps (the last one counts)
    {"Started": id}
    {"Cache": id, "Hit", "Key", "Code", "Reasons"}      codes: see ``explain.CODES``
    {"Output": id, "Stream": "stdout"|"stderr", "Text"}
    {"Progress": id, "Current", "Total"}                bytes of a base image that is pulled
    {"Container": id, "ContainerId"}                    a RUN has its container; "" when it is gone
    {"Finished": id, "Seconds", "Bytes", "Layer", "Image", "Empty"}
    {"Failed": id, "Error", "Hint", "ExitCode", "Line", "Column", "Excerpt"}
    {"Warning": text, "Line"}
    {"Built": {"Id", "Tags", "Size", "Seconds"}}        last when all went well
    {"Error": {"Message", "Hint", "Code", "Line", "Column", "Excerpt"}}
        last when not; ``Code`` is the exit code of the RUN that failed, otherwise 1

``Number`` counts within a stage.  Steps of different stages may come interleaved: they run side by
side.  Each step's id is ``stage.number`` (``1.3``), a trigger's ``stage.number.number``.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

Record = dict[str, Any]


class PlannedStep(Struct, frozen=True):
    """One step as the plan shows it.

    Attributes:
        id: ``stage.number``; the FROM is number 1.
        stage: the stage's name, or "".
        stage_index: from 0.
        number: within its stage, from 1.
        total: steps of its stage.
        line: in the Dockerfile; 0 for labels of the command line.
        text: the instruction as written.
        needs: ids of the steps whose results it uses, apart from the one before it.
        skipped: no step that is built needs its stage.
    """

    id: str
    stage: str
    stage_index: int
    number: int
    total: int
    line: int
    text: str
    needs: tuple[str, ...] = ()
    skipped: bool = False


def plan(steps: Sequence[PlannedStep]) -> Record:
    """Return the record of all steps."""
    return {
        "Plan": [
            {
                "Id": step.id,
                "Stage": step.stage,
                "StageIndex": step.stage_index,
                "Number": step.number,
                "Total": step.total,
                "Line": step.line,
                "Text": step.text,
                "Needs": list(step.needs),
                "Skipped": step.skipped,
            }
            for step in steps
        ]
    }


def cache(step_id: str, *, hit: bool, key: str, code: str, reasons: Sequence[str]) -> Record:
    """Return the record of what the cache had for a step."""
    return {"Cache": step_id, "Hit": hit, "Key": key, "Code": code, "Reasons": list(reasons)}


def output(step_id: str, stream: str, text: str) -> Record:
    """Return the record of what a step wrote."""
    return {"Output": step_id, "Stream": stream, "Text": text}


def finished(step_id: str, *, seconds: float, size_bytes: int, layer: str, image: str) -> Record:
    """Return the record of a step's end.

    Args:
        step_id: which.
        seconds: how long it took.
        size_bytes: of the files in the layer it added; 0 for none.
        layer: the layer's diff id, or "".
        image: id that an image of the steps so far has.
    """
    return {
        "Finished": step_id,
        "Seconds": round(seconds, 6),
        "Bytes": size_bytes,
        "Layer": layer,
        "Image": image,
        "Empty": not layer,
    }


def failed(
    step_id: str,
    error: str,
    *,
    hint: str = "",
    exit_code: int = 1,
    line: int = 0,
    column: int = 0,
    excerpt: Sequence[str] = (),
) -> Record:
    """Return the record of a step that could not be done."""
    return {
        "Failed": step_id,
        "Error": error,
        "Hint": hint,
        "ExitCode": exit_code,
        "Line": line,
        "Column": column,
        "Excerpt": list(excerpt),
    }


def built(image_id: str, *, tags: Sequence[str], size_bytes: int, seconds: float) -> Record:
    """Return the record of a finished image."""
    return {
        "Built": {
            "Id": image_id,
            "Tags": list(tags),
            "Size": size_bytes,
            "Seconds": round(seconds, 6),
        }
    }
