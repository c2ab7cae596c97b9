"""Health checks as keyword arguments, and as objects in cells."""

import pytest

from pyminidocker.client.create_config import create_config
from pyminidocker.client.health import Health
from pyminidocker.errors import InvalidArgument

STATE = {
    "Status": "unhealthy",
    "FailingStreak": 3,
    "Log": [
        {
            "Start": "2026-11-24T10:20:30.5Z",
            "End": "2026-11-24T10:20:31Z",
            "ExitCode": 1,
            "Output": "<refused>\n",
        }
    ],
}


def test_a_line_or_words_and_seconds_or_text():
    options = {"health_cmd": "curl x | y", "health_interval": 0.5, "health_timeout": "1m"}
    assert create_config("i", None, options)["Healthcheck"] == {
        "Test": ["CMD-SHELL", "curl x | y"],
        "Interval": 500_000_000,
        "Timeout": 60_000_000_000,
    }
    options = {"health_cmd": ["curl", "x"], "health_retries": 2, "health_start_period": 1}
    assert create_config("i", None, options)["Healthcheck"] == {
        "Test": ["CMD", "curl", "x"],
        "Retries": 2,
        "StartPeriod": 1_000_000_000,
    }
    assert create_config("i", None, {"no_healthcheck": True})["Healthcheck"] == {"Test": ["NONE"]}
    assert "Healthcheck" not in create_config("i", None, {"no_healthcheck": False})


def test_what_is_refused():
    with pytest.raises(InvalidArgument, match="conflicts"):
        create_config("i", None, {"no_healthcheck": True, "health_retries": 1})
    with pytest.raises(InvalidArgument, match="health_interval: time: missing unit") as failed:
        create_config("i", None, {"health_interval": "5"})
    assert "500ms" in failed.value.hint


def test_health_is_its_status_and_shows_what_it_found():
    health = Health(STATE)
    assert health == "unhealthy"
    assert (health.failing_streak, health.log[0].exit_code) == (3, 1)
    assert repr(health).startswith("<Health: unhealthy, failing streak: 3>\nSTART")
    assert "&lt;refused&gt;" in health._repr_html_()


def test_no_check_is_no_health():
    health = Health(None)
    assert (health, health.log, repr(health)) == ("none", [], "<Health: none>")
