"""Health checks: when a container's check runs, and what its results make of the container.

    start ──> starting ──success──> healthy <──success── unhealthy
                  └──── so many failures in a row ───────────^

A check is run as an exec.  Between two runs a container with a check costs one timer of the loop,
a container without one costs nothing.  Nothing is written to disk but changes of the status.

See: moby daemon/health.go.
"""

import asyncio
import time
from typing import TYPE_CHECKING

from pyminidocker.engine import health_probe
from pyminidocker.engine.container import Container
from pyminidocker.engine.records import Healthcheck, HealthState, ProbeResult
from pyminidocker.errors import InvalidArgument, MiniDockerError

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

INTERVAL_S = 30.0
TIMEOUT_S = 30.0
START_INTERVAL_S = 5.0
RETRIES = 3
LOG_LENGTH = 5
SHORTEST_NS = 1_000_000  # what a duration must have at least, when it is given
FAILED = -1  # exit code of a probe that has none


def check(given: Healthcheck) -> None:
    """Refuse what moby refuses (daemon/container.go, validateHealthCheck).

    Raises:
        InvalidArgument: a duration that is too short, or a negative number of retries.
    """
    for name, value in (
        ("Interval", given.interval_ns),
        ("Timeout", given.timeout_ns),
        ("StartPeriod", given.start_period_ns),
        ("StartInterval", given.start_interval_ns),
    ):
        if value and value < SHORTEST_NS:
            raise InvalidArgument(f"{name} in Healthcheck cannot be less than 1ms")
    if given.retries < 0:
        raise InvalidArgument("Retries in Healthcheck cannot be negative")


def begin(engine: "Engine", container: Container) -> None:
    """A container with a check has started: its health is open again, and is watched.

    The results of its earlier lives stay in the log, as with dockerd.
    """
    given = container.record.config.healthcheck
    argv = [] if given is None else health_probe.command(given.test)
    if given is None or not argv:
        return
    state = container.record.state
    if state.health is None:
        state.health = HealthState()
    state.health.status = "starting"
    state.health.failing_streak = 0
    container.save()
    container.health = Monitor(engine, container, given, argv)
    container.health.wait()


class Monitor:
    """The health check of one life of a container.

    Args:
        engine: whose.
        container: which; it runs, and its ``state.health`` is set.
        given: its check.
        argv: what to execute.
    """

    __slots__ = (
        "_argv",
        "_container",
        "_engine",
        "_health",
        "_interval_s",
        "_is_stopped",
        "_life",
        "_retries",
        "_start_interval_s",
        "_start_period_s",
        "_timeout_ns",
        "_timer",
    )

    def __init__(
        self, engine: "Engine", container: Container, given: Healthcheck, argv: list[str]
    ) -> None:
        health = container.record.state.health
        assert health is not None
        self._engine = engine
        self._container = container
        self._health = health
        self._argv = argv
        self._interval_s = given.interval_ns / 1e9 or INTERVAL_S
        # An older dockerd knows no start interval: who says nothing of it must not wait longer.
        self._start_interval_s = given.start_interval_ns / 1e9 or min(
            START_INTERVAL_S, self._interval_s
        )
        self._start_period_s = given.start_period_ns / 1e9
        self._timeout_ns = given.timeout_ns or int(TIMEOUT_S * 1e9)
        self._retries = given.retries or RETRIES
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopped = False
        self._life = 0  # raised by each pause

    def wait(self) -> None:
        """Set the timer for the next run; the first is one interval after the start."""
        delay_s = self._interval_s
        if self._health.status == "starting" and self._is_starting(time.time()):
            delay_s = self._start_interval_s
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._run_soon)

    def _is_starting(self, moment: float) -> bool:
        """Tell whether failures at this time do not count yet."""
        return moment - self._container.record.state.started_at < self._start_period_s

    def _run_soon(self) -> None:
        self._timer = None
        # Of this life, and not of the one in which the task gets its turn.
        self._engine.background(self._run(self._life))

    async def _run(self, life: int) -> None:
        began = time.time()
        try:
            exit_code, output = await health_probe.run(
                self._engine, self._container, self._argv, self._timeout_ns
            )
        except MiniDockerError as error:
            exit_code, output = FAILED, str(error)
        if not self._is_stopped and life == self._life:
            self.record(ProbeResult(began, time.time(), exit_code, output))
            self.wait()

    def record(self, result: ProbeResult) -> None:
        """Draw the conclusions from one run (moby daemon/health.go, handleProbeResult)."""
        health, before = self._health, self._health.status
        health.log = [*health.log[1 - LOG_LENGTH :], result]
        if result.exit_code == 0:
            health.failing_streak = 0
            health.status = "healthy"
        elif before != "starting" or not self._is_starting(result.start):
            health.failing_streak += 1
            if health.failing_streak >= self._retries:
                health.status = "unhealthy"
        if health.status != before:
            self._container.save()
            self._engine.events.emit(
                "container",
                f"health_status: {health.status}",
                self._container.id,
                self._container.event_attributes(),
            )

    def hold(self) -> None:
        """The container is paused: no more runs, and one under way counts for nothing.

        See: moby daemon/health.go, updateHealthMonitor.
        """
        self._life += 1
        self._cancel()

    def go_on(self) -> None:
        """The container is not paused any more."""
        self.wait()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stop(self) -> None:
        """The container has ended: no more runs, and nothing that ended is well."""
        self._is_stopped = True
        self._cancel()
        self._health.status = "unhealthy"
