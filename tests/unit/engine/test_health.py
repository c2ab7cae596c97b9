"""What the results of a health check make of a container; moby daemon/health_test.go has these."""

import asyncio
from types import SimpleNamespace

import pytest

from pyminidocker.api.schema.health import health_state, healthcheck
from pyminidocker.api.schema.times import status_text
from pyminidocker.engine import create_checks, health, health_probe, image_defaults
from pyminidocker.engine.config_changes import apply_lines
from pyminidocker.engine.records import (
    ContainerConfig,
    ContainerState,
    Healthcheck,
    HealthState,
    ProbeResult,
)
from pyminidocker.errors import InvalidArgument
from pyminidocker.oci.image_spec import HealthConfig, RunConfig

STARTED = 1000.0


class Box:
    """As much of a container and an engine as a monitor needs."""

    def __init__(self, **check):
        self.given = Healthcheck(test=["CMD", "true"], **check)
        self.state = ContainerState(status="running", started_at=STARTED, health=HealthState())
        self.record = SimpleNamespace(state=self.state)
        self.id = "f" * 64
        self.saved = 0
        self.actions = []
        self.events = self
        self.monitor = health.Monitor(self, self, self.given, ["true"])

    def save(self):
        self.saved += 1

    def event_attributes(self):
        return {}

    def emit(self, _kind, action, _actor, _attributes):
        self.actions.append(action)

    def record_codes(self, *codes, at=STARTED + 100):
        for code in codes:
            self.monitor.record(ProbeResult(at, at + 1, code, "said"))
        return self.state.health.status, self.state.health.failing_streak


def test_one_success_is_enough_and_three_failures_are_too_many():
    box = Box()
    assert box.record_codes(1) == ("starting", 1)
    assert box.record_codes(0) == ("healthy", 0)
    assert box.record_codes(1, 2) == ("healthy", 2)
    assert box.record_codes(-1) == ("unhealthy", 3)
    assert box.record_codes(1) == ("unhealthy", 4)
    assert box.record_codes(0) == ("healthy", 0)
    assert box.actions == [
        "health_status: healthy", "health_status: unhealthy", "health_status: healthy",
    ]  # fmt: skip
    assert box.saved == len(box.actions)


def test_retries_are_the_user_s():
    box = Box(retries=1)
    assert box.record_codes(5) == ("unhealthy", 1)


def test_failures_do_not_count_while_it_starts():
    box = Box(retries=1, start_period_ns=10_000_000_000)
    assert box.record_codes(1, 1, at=STARTED + 9) == ("starting", 0)
    assert box.record_codes(0, at=STARTED + 9) == ("healthy", 0)
    assert box.record_codes(1, at=STARTED + 9) == ("unhealthy", 1)  # it had started: they count
    assert Box(retries=1, start_period_ns=10**10).record_codes(1) == ("unhealthy", 1)


def test_the_last_five_results_are_kept():
    box = Box()
    box.record_codes(1, 2, 3, 4, 5, 6, 7)
    assert [result.exit_code for result in box.state.health.log] == [3, 4, 5, 6, 7]


def test_what_has_ended_is_not_well():
    box = Box()
    box.record_codes(0)
    box.monitor.stop()
    assert box.state.health.status == "unhealthy"
    assert box.actions == ["health_status: healthy"]


def test_a_run_that_begins_when_a_pause_is_there_counts_for_nothing(monkeypatch):
    async def succeeds(*_):
        return 0, ""

    async def play():
        box = Box()
        monkeypatch.setattr(health.health_probe, "run", succeeds)
        box.background = due.append
        box.monitor._run_soon()  # its time has come, its task not yet had a turn
        box.monitor.hold()
        await due.pop()
        return box

    due = []
    assert asyncio.run(play()).state.health.log == []


@pytest.mark.parametrize(
    ("test", "argv"),
    [
        (["CMD", "curl", "-f", "x y"], ["curl", "-f", "x y"]),
        (["CMD-SHELL", "curl -f | true"], ["/bin/sh", "-c", "curl -f | true"]),
        (["NONE"], []),
        ([], []),
        (["WHAT", "true"], []),
    ],
)
def test_forms_of_a_check(test, argv):
    assert health_probe.command(test) == argv


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"interval_ns": 999_999}, "Interval in Healthcheck cannot be less than 1ms"),
        ({"timeout_ns": -1}, "Timeout in Healthcheck cannot be less than 1ms"),
        ({"start_period_ns": 1}, "StartPeriod in Healthcheck cannot be less than 1ms"),
        ({"start_interval_ns": 1}, "StartInterval in Healthcheck cannot be less than 1ms"),
        ({"retries": -1}, "Retries in Healthcheck cannot be negative"),
    ],
)
def test_what_is_refused(check, message):
    with pytest.raises(InvalidArgument, match=message):
        create_checks.check_config(ContainerConfig(healthcheck=Healthcheck(**check)))


def test_the_image_s_check_fills_in_what_the_user_left_open():
    image = RunConfig(cmd=["x"], healthcheck=HealthConfig(["CMD", "a"], 1, 2, 3, 4, 5))
    config = ContainerConfig()
    image_defaults.merge(config, image)
    assert config.healthcheck == Healthcheck(["CMD", "a"], 1, 2, 3, 4, 5)
    config = ContainerConfig(healthcheck=Healthcheck(["NONE"], timeout_ns=9))
    image_defaults.merge(config, image)
    assert config.healthcheck == Healthcheck(["NONE"], 1, 9, 3, 4, 5)
    assert image_defaults.health_config(config.healthcheck) == HealthConfig(["NONE"], 1, 9, 3, 4, 5)


def test_the_api_leaves_out_what_was_not_said():
    assert healthcheck(HealthConfig(["CMD", "a"], interval=7)) == {
        "Test": ["CMD", "a"],
        "Interval": 7,
    }
    found = health_state(HealthState("healthy", 2, [ProbeResult(1.0, 2.5, 3, "said")]))
    assert found == {
        "Status": "healthy",
        "FailingStreak": 2,
        "Log": [
            {
                "Start": "1970-01-01T00:00:01Z",
                "End": "1970-01-01T00:00:02.5Z",
                "ExitCode": 3,
                "Output": "said",
            }
        ],
    }


@pytest.mark.parametrize(
    ("status", "shown"),
    [("starting", "health: starting"), ("healthy", "healthy"), ("unhealthy", "unhealthy")],
)
def test_the_status_column_says_it(status, shown):
    state = ContainerState(status="running", started_at=990.0, health=HealthState(status))
    assert status_text(state, 1000.0) == f"Up 10 seconds ({shown})"
    state.status, state.finished_at = "exited", 995.0
    assert "(0)" in status_text(state, 1000.0)
    assert shown not in status_text(state, 1000.0)


def test_a_change_of_commit_sets_the_check():
    run = RunConfig()
    apply_lines(run, ["HEALTHCHECK --interval=5s --retries=2 CMD curl -f x || exit 1"])
    assert run.healthcheck == HealthConfig(
        ["CMD-SHELL", "curl -f x || exit 1"], interval=5_000_000_000, retries=2
    )
    apply_lines(run, ['healthcheck CMD ["curl", "x"]'])
    assert run.healthcheck == HealthConfig(["CMD", "curl", "x"])
    apply_lines(run, ["HEALTHCHECK NONE"])
    assert run.healthcheck == HealthConfig(["NONE"])
    with pytest.raises(InvalidArgument, match='invalid duration "soon"'):
        apply_lines(run, ["HEALTHCHECK --interval=soon CMD x"])
