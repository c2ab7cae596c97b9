"""The records a build yields, one JSON document a line: what ``POST /build?records=1`` streams.

    {"Plan": [{"Id", "Stage", "StageIndex", "Number", "Total", "Line", "Text", "Needs", "Skipped"}]}
        first, and once more when a base image's ONBUILD triggers add steps (the last one counts)
    {"Started": id}
    {"Cache": id, "Hit", "Key", "Code", "Reasons"}      codes: see ``explain.CODES``
    {"Output": id, "Stream": "stdout"|"stderr", "Text"}
    {"Progress": id, "Current", "Total", "Message"}     bytes of a base image that is pulled
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

import msgspec
from msgspec import Struct

from pyminidocker.build.failures import BuildFailed
from pyminidocker.dockerfile.errors import DockerfileError
from pyminidocker.errors import MiniDockerError

Record = dict[str, Any]


class PlannedStep(Struct, frozen=True, rename="pascal"):
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
    return {"Plan": [msgspec.to_builtins(step) for step in steps]}


def started(step_id: str) -> Record:
    """Return the record of a step that is begun."""
    return {"Started": step_id}


def cache(step_id: str, *, hit: bool, key: str, code: str, reasons: Sequence[str]) -> Record:
    """Return the record of what the cache had for a step."""
    return {"Cache": step_id, "Hit": hit, "Key": key, "Code": code, "Reasons": list(reasons)}


def output(step_id: str, stream: str, text: str) -> Record:
    """Return the record of what a step wrote."""
    return {"Output": step_id, "Stream": stream, "Text": text}


def progress(step_id: str, *, current: int, total: int, message: Record) -> Record:
    """Return the record of a base image on its way.

    Args:
        step_id: of the FROM.
        current: bytes that have arrived.
        total: bytes there are, as far as is known.
        message: moby's, for the classic builder's clients.
    """
    return {"Progress": step_id, "Current": current, "Total": total, "Message": message}


def container(step_id: str, container_id: str) -> Record:
    """Return the record of a RUN's container; "" when it is gone."""
    return {"Container": step_id, "ContainerId": container_id}


def warning(text: str, line: int = 0) -> Record:
    """Return the record of something that is probably not meant; line 0 is none in particular."""
    return {"Warning": text, "Line": line}


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


def failed(step_id: str, failure: BuildFailed) -> Record:
    """Return the record of a step that could not be done."""
    return {
        "Failed": step_id,
        "Error": failure.message,
        "Hint": failure.hint,
        "ExitCode": failure.exit_code,
        "Line": failure.line,
        "Column": failure.column,
        "Excerpt": list(failure.excerpt),
    }


def error(why: MiniDockerError) -> Record:
    """Return the last record of a build that failed."""
    told: Record = {"Message": why.message, "Hint": why.hint, "Code": 1}
    told |= {"Line": 0, "Column": 0, "Excerpt": []}
    if isinstance(why, BuildFailed | DockerfileError):
        told |= {"Line": why.line, "Column": why.column, "Excerpt": list(why.excerpt)}
    if isinstance(why, BuildFailed):
        told["Code"] = why.exit_code
    return {"Error": told}


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
