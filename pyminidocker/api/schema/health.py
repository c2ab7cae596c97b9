"""Health checks and what they found, as Docker's clients read them.

See: moby api/types/container, HealthConfig and Health.
"""

from typing import Any

from pyminidocker.api.schema.times import rfc3339
from pyminidocker.engine.records import HealthState
from pyminidocker.oci.image_spec import HealthConfig

Json = dict[str, Any]


def healthcheck(given: HealthConfig) -> Json:
    """Return ``Config.Healthcheck``, in which dockerd leaves out what was not said."""
    found = {
        "Test": given.test,
        "Interval": given.interval,
        "Timeout": given.timeout,
        "StartPeriod": given.start_period,
        "StartInterval": given.start_interval,
        "Retries": given.retries,
    }
    return {name: value for name, value in found.items() if value}


def health_state(given: HealthState) -> Json:
    """Return ``State.Health``."""
    return {
        "Status": given.status,
        "FailingStreak": given.failing_streak,
        "Log": [
            {
                "Start": rfc3339(result.start),
                "End": rfc3339(result.end),
                "ExitCode": result.exit_code,
                "Output": result.output,
            }
            for result in given.log
        ],
    }
