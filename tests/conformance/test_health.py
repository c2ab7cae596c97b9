"""Health checks by Docker's own clients; what dockerd 20.10 answered to the same stands beside."""

import json
import re

import pytest

pytestmark = pytest.mark.requires("busybox", "docker-cli")

# docker inspect of a container run with the options below, times replaced; 20.10.24.
OF_DOCKERD = {
    "Config": {
        "Test": ["CMD-SHELL", "echo look; test -e /ok"],
        "Interval": 20_000_000,
        "Timeout": 9_000_000_000,
        "Retries": 2,
    },
    "Starting": {"Status": "starting", "FailingStreak": 0, "Log": []},
    "Result": {"Start": "TIME", "End": "TIME", "ExitCode": 0, "Output": "look\n"},
    "Off": {"Test": ["NONE"]},
}
OPTIONS = ("--health-interval", "20ms", "--health-timeout", "9s", "--health-retries", "2")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


@pytest.fixture
def watched(docker):
    line = "echo look; test -e /ok"
    made = docker(
        "create", "--name", "watched", "--health-cmd", line, *OPTIONS, "busybox", "sleep", "600"
    )
    assert made.returncode == 0, made.stderr
    yield "watched"
    docker("rm", "-f", "watched")


def test_the_docker_command(docker, engine, watched):
    def inspect(what, name=watched):
        return json.loads(docker("inspect", "-f", f"{{{{json {what}}}}}", name).stdout)

    assert inspect(".Config.Healthcheck") == OF_DOCKERD["Config"]
    assert "Health" not in inspect(".State")
    assert docker("start", watched).returncode == 0
    assert docker("exec", watched, "touch", "/ok").returncode == 0
    assert engine.container(watched).wait_healthy(20) == "healthy"
    assert docker("ps", "--format", "{{.Status}}").stdout.endswith(" (healthy)\n")
    assert docker("ps", "-q", "--filter", "health=healthy").stdout
    assert not docker("ps", "-q", "--filter", "health=none").stdout
    health = inspect(".State.Health")
    assert list(health) == list(OF_DOCKERD["Starting"])
    last = {
        key: TIME.sub("TIME", value) if isinstance(value, str) else value
        for key, value in health["Log"][-1].items()
    }
    assert last == OF_DOCKERD["Result"]
    assert docker("stop", "-t", "0", watched).returncode == 0
    assert inspect(".State.Health.Status") == "unhealthy"


def test_a_check_switched_off_and_one_that_makes_no_sense(docker):
    name = docker("run", "-d", "--no-healthcheck", "busybox", "sleep", "600").stdout.strip()
    try:
        shown = docker("inspect", "-f", "{{json .Config.Healthcheck}} {{.State.Health}}", name)
        assert shown.stdout == '{"Test":["NONE"]} <nil>\n'
        assert json.loads(shown.stdout.split(" ")[0]) == OF_DOCKERD["Off"]
    finally:
        docker("rm", "-f", name)
    done = docker("create", "--health-interval", "1us", "busybox")
    assert "Interval in Healthcheck cannot be less than 1ms" in done.stderr
    done = docker("ps", "--filter", "health=ill")
    assert "Unrecognised filter value for health: ill" in done.stderr


def test_docker_py(sdk):
    box = sdk.containers.run(
        "busybox",
        "sleep 600",
        detach=True,
        healthcheck={"test": ["CMD", "true"], "interval": 2 * 10**9, "start_period": 10**9},
    )
    try:
        box.reload()
        assert box.attrs["Config"]["Healthcheck"] == {
            "Test": ["CMD", "true"],
            "Interval": 2 * 10**9,
            "StartPeriod": 10**9,
        }
        assert box.attrs["State"]["Health"] == OF_DOCKERD["Starting"]
        assert box.health == "starting"
    finally:
        box.remove(force=True)
