"""A container's health check: how to ask for one, and what it found."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pyminidocker.client.table import Table, html_table
from pyminidocker.errors import Conflict, InvalidArgument
from pyminidocker.units import parse_duration

if TYPE_CHECKING:
    from pyminidocker.client.container import Container

Json = dict[str, Any]
NONE = "none"  # the status of a container that has no check
_DURATIONS = {
    "health_interval": "Interval",
    "health_timeout": "Timeout",
    "health_start_period": "StartPeriod",
    "health_start_interval": "StartInterval",
}


class Probe(NamedTuple):
    """One run of a health check; ``start`` and ``end`` are RFC 3339."""

    start: str
    end: str
    exit_code: int
    output: str


class Health(str):
    """What a health check found: "starting", "healthy", "unhealthy", or "none" without a check.

    Args:
        state: ``State.Health`` of what ``inspect`` says.

    Attributes:
        failing_streak: failures in a row that count.
        log: the last five runs, oldest first.
    """

    failing_streak: int
    log: Table[Probe]

    def __new__(cls, state: Json | None) -> Self:
        """Return the status with the other facts as attributes."""
        given = state or {"Status": NONE, "FailingStreak": 0, "Log": None}
        made = super().__new__(cls, given["Status"])
        made.failing_streak = given["FailingStreak"]
        made.log = Table(
            [
                Probe(one["Start"], one["End"], one["ExitCode"], one["Output"])
                for one in given["Log"] or ()
            ],
            [
                ("START", lambda probe: probe.start[11:19]),
                ("EXIT CODE", lambda probe: str(probe.exit_code)),
                ("OUTPUT", lambda probe: probe.output.strip()),
            ],
        )
        return made

    def __repr__(self) -> str:
        said = f"<Health: {self}"
        if self.failing_streak:
            said += f", failing streak: {self.failing_streak}"
        return f"{said}>" + (f"\n{self.log!r}" if self.log else "")

    def _repr_html_(self) -> str:
        facts = [["status", str(self)], ["failing streak", str(self.failing_streak)]]
        return html_table(["health", ""], facts) + (self.log._repr_html_() if self.log else "")


def healthcheck(options: Mapping[str, Any]) -> Json:
    """Return Docker's ``Healthcheck`` for the options ``health_*`` and ``no_healthcheck``.

    Raises:
        InvalidArgument: contradicting options, or a malformed duration.
    """
    said: Json = {
        key: nanoseconds(name, options[name])
        for name, key in _DURATIONS.items()
        if options.get(name)
    }
    if retries := options.get("health_retries"):
        said["Retries"] = retries
    if command := options.get("health_cmd"):
        is_line = isinstance(command, str)
        said["Test"] = ["CMD-SHELL", command] if is_line else ["CMD", *map(str, command)]
    if not options.get("no_healthcheck"):
        return said
    if said:
        raise InvalidArgument("no_healthcheck conflicts with the options health_*")
    return {"Test": ["NONE"]}


def nanoseconds(name: str, value: "float | str") -> int:
    """Return a duration given in seconds or as Go writes it.

    Args:
        name: of the option, for the message.
        value: what was given.

    Raises:
        InvalidArgument: it is no duration.
    """
    if not isinstance(value, str):
        return round(value * 1e9)
    try:
        return parse_duration(value)
    except ValueError as error:
        raise InvalidArgument(
            f"{name}: {error}", hint='give seconds, or text such as "1m30s" or "500ms"'
        ) from None


def wait_healthy(container: "Container", timeout_s: float) -> Health:
    """Wait until a container is healthy; see ``Container.wait_healthy``."""
    began = time.time()
    found = _settled(container)
    if found is None:
        # What happened since ``began`` is told as well: nothing is missed in between.
        happenings = container.api.events(
            since=f"{began:.9f}",
            until=f"{began + timeout_s:.9f}",
            filters={"container": [container.id], "event": ["health_status", "die"]},
        )
        for _ in happenings:
            if (found := _settled(container)) is not None:
                break
    if found is None:
        raise TimeoutError(
            f"{container.short_id} is not healthy after {timeout_s:g} s: {container.health!r}"
        )
    return found


def _settled(container: "Container") -> Health | None:
    """Return the health when it is good, None while it may become good.

    Raises:
        Conflict: it will not become good by waiting.
    """
    health = container.health
    state = container.attrs["State"]
    if not state["Running"]:
        raise Conflict(
            f"{container.short_id} is not running (exit code {state['ExitCode']})",
            hint="its last words: container.logs()",
        )
    if health == NONE:
        raise Conflict(
            f"{container.short_id} has no health check",
            hint='give it one: engine.run(..., health_cmd="...")',
        )
    if health == "unhealthy":
        raise Conflict(f"{container.short_id} is unhealthy: {health!r}")
    return health if health == "healthy" else None
