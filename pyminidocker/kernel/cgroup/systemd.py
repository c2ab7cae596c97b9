"""Asking systemd for a group of our own, by D-Bus.

See: systemd's docs/CGROUP_DELEGATION.md, org.freedesktop.systemd1(5) StartTransientUnit.
"""


def move_to_scope(name: str, pid: int) -> str:
    """Have systemd put a process into a scope that is delegated to us.

    Returns:
        Nothing, or why it was not done.

    See: org.freedesktop.systemd1(5).
    """
    return f"systemd was not asked for {name} and {pid}"
