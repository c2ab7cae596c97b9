"""The one table that turns errors into HTTP.

Docker's clients read ``message`` only.  Ours also finds ``hint`` (what to try) and, where the
status does not say enough, ``kind`` (the error's class), so that it raises what the engine raised.
"""

import errno

from pyminidocker import errors
from pyminidocker.api.message import Answer, as_json

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (errors.NotModified, 304),
    (errors.InvalidArgument, 400),
    (errors.PermissionDenied, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.NotImplementedHere, 501),
    (errors.Unavailable, 503),
    (errors.MiniDockerError, 500),
)
_KINDS = (errors.InitError, errors.IntegrityError, errors.SystemFailure)


def status_of(error: Exception) -> int:
    """Return the HTTP status for an error."""
    for kind, status in STATUS:
        if isinstance(error, kind):
            return status
    return 507 if isinstance(error, OSError) and error.errno == errno.ENOSPC else 500


def answer_for(error: Exception) -> Answer:
    """Return the answer that tells a client about an error."""
    status = status_of(error)
    if status == 304:
        return Answer(304)
    body = {"message": str(error) or type(error).__name__}
    if isinstance(error, errors.MiniDockerError):
        if error.hint:
            body["hint"] = error.hint
        # A start that failed has moby's status and words, and init's report as its cause.
        told = error.__cause__ if isinstance(error.__cause__, errors.InitError) else error
        if isinstance(told, _KINDS):
            body["kind"] = type(told).__name__
    elif isinstance(error, OSError) and error.strerror:
        name = f": {error.filename}" if error.filename else ""
        body["message"] = f"{error.strerror.lower()}{name}"
        if status == 507:
            body["hint"] = "free some space, e.g. with: minidocker system prune"
    return as_json(body, status)
