"""Times as Docker writes them: RFC 3339 with nanoseconds, and "3 minutes ago"."""

import time

from pyminidocker.engine.records import ContainerState
from pyminidocker.errors import InvalidArgument
from pyminidocker.units import human_duration

NEVER = "0001-01-01T00:00:00Z"


def rfc3339(seconds: float) -> str:
    """Return a time as Go's RFC3339Nano does; 0 is Go's zero time.

    Args:
        seconds: since the epoch.
    """
    if not seconds:
        return NEVER
    whole = int(seconds)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    nanoseconds = round((seconds - whole) * 1e9)
    fraction = f".{nanoseconds:09d}".rstrip("0") if 0 < nanoseconds < 1_000_000_000 else ""
    return f"{text}{fraction}Z"


def rfc3339_padded(time_ns: int) -> str:
    """Return a time with all nine digits, as ``docker logs --timestamps`` does."""
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanoseconds:09d}Z"


def parse_timestamp(text: str, parameter: str) -> float:
    """Read ``since``/``until``: seconds since the epoch, with or without a fraction; "" is 0.

    Raises:
        InvalidArgument: something else.
    """
    if not text:
        return 0.0
    try:
        return float(text)
    except ValueError:
        raise InvalidArgument(f'invalid value for "{parameter}": {text!r} is not a time') from None


def status_text(state: ContainerState, now: float) -> str:
    """Return the STATUS column of ``docker ps``.

    Args:
        state: the container's.
        now: seconds since the epoch.
    """
    status = state.status
    if status in ("running", "paused"):
        up = f"Up {human_duration(max(0.0, now - state.started_at))}"
        if status == "paused":
            return f"{up} (Paused)"
        if state.health is not None:
            health = state.health.status
            return f"{up} ({'health: starting' if health == 'starting' else health})"
        return up
    ago = human_duration(max(0.0, now - state.finished_at))
    if status == "restarting":
        return f"Restarting ({state.exit_code}) {ago} ago"
    if status == "removing":
        return "Removal In Progress"
    if status == "dead":
        return "Dead"
    if not state.finished_at:
        return "Created"
    return f"Exited ({state.exit_code}) {ago} ago"
