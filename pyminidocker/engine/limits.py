"""Limits between a container's record and its control group.

What this host cannot enforce is refused when the container is made, with the reason and the remedy:
a limit that is accepted and not applied would teach something false
(docs/decisions/0021-refuse-instead-of-discard.md).

See: kernel/cgroup for the files; limits_checks for which values make sense.
"""

from typing import TYPE_CHECKING

from pyminidocker.engine.resources import Resources
from pyminidocker.errors import NotImplementedHere

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

# feature -> (option, fields of Resources)
FEATURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "memory": ("--memory", ("memory_bytes",)),
    "swap": ("--memory-swap", ()),  # see wanted
    "reservation": ("--memory-reservation", ("memory_reservation_bytes",)),
    "swappiness": ("--memory-swappiness", ("memory_swappiness",)),
    "quota": ("--cpus", ("nano_cpus", "cpu_period_us", "cpu_quota_us")),
    "shares": ("--cpu-shares", ("cpu_shares",)),
    "cpuset": ("--cpuset-cpus", ("cpuset_cpus", "cpuset_mems")),
    "pids": ("--pids-limit", ("pids_limit",)),
    "weight": ("--blkio-weight", ("blkio_weight", "blkio_weight_device")),
    "throttle": (
        "--device-read-bps",
        ("blkio_read_bps", "blkio_write_bps", "blkio_read_iops", "blkio_write_iops"),
    ),
}


def wanted(given: Resources) -> list[str]:
    """Return the features that a container's limits need."""
    found = [
        name
        for name, (_, fields) in FEATURES.items()
        if any(getattr(given, field) not in (0, "", None, []) for field in fields)
    ]
    if given.memory_swap_bytes not in (0, -1, 2 * given.memory_bytes):
        found.append("swap")
    return found


def refuse(engine: "Engine", given: Resources) -> None:
    """Refuse limits that this host cannot enforce.

    Raises:
        NotImplementedHere: with the reason and the remedy.
    """
    del engine
    for name in wanted(given):
        raise NotImplementedHere(
            f"{FEATURES[name][0]} is not supported by this engine yet; run the container without"
            " the limit"
        )
