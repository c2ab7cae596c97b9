"""Restart policies: whether a container that ended starts again, and after which pause.

The pause doubles from 100 ms to a minute; a life of ten seconds or more sets it back (moby
restartmanager/restartmanager.go).
"""

from pyminidocker.engine.container import Container

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 60.0
LONG_LIFE_S = 10.0


def delay_after_exit(container: Container) -> float | None:
    """Return the pause before the next life in seconds, or None when there is none.

    Reads exit code and times from the record, and counts the restart.
    """
    record = container.record
    state, policy = record.state, record.host.restart
    if policy.name in ("", "no") or container.stop_is_wanted or record.stopped_by_user:
        return None
    if policy.name == "on-failure":
        limit = policy.maximum_retry_count
        if state.exit_code == 0 or (limit and record.restart_count >= limit):
            return None
    if state.finished_at - state.started_at >= LONG_LIFE_S or not container.restart_delay_s:
        container.restart_delay_s = FIRST_DELAY_S
    else:
        container.restart_delay_s = min(container.restart_delay_s * 2, LONGEST_DELAY_S)
    record.restart_count += 1
    return container.restart_delay_s


def starts_with_engine(container: Container) -> bool:
    """Tell whether a container is to run after the engine came (back) up."""
    policy, record = container.record.host.restart, container.record
    if policy.name == "always":
        return record.state.started_at > 0
    if policy.name == "unless-stopped":
        return record.state.started_at > 0 and not record.stopped_by_user
    if policy.name == "on-failure":
        return record.state.status == "exited" and record.state.exit_code == 255
    return False


def cancel(container: Container) -> bool:
    """Call off a scheduled restart; tell whether there was one."""
    timer, container.restart_timer = container.restart_timer, None
    if timer is None:
        return False
    timer.cancel()
    return True
