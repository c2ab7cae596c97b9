"""Limits between a container's record and its control group.

What this host cannot enforce is refused when the container is made, with the reason and the remedy:
a limit that is accepted and not applied would teach something false
(docs/decisions/0021-refuse-instead-of-discard.md).

See: kernel/cgroup for the files; limits_checks for which values make sense.
"""

import errno
from typing import TYPE_CHECKING

from pyminidocker.engine import disks, limits_checks
from pyminidocker.engine.resources import Resources
from pyminidocker.errors import InvalidArgument, NotImplementedHere

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine
    from pyminidocker.kernel.cgroup.limits import BlkioDevice, Limits

UNLIMITED = -1
_WITHOUT_SWAP = (
    "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory"
    " limited without swap."
)
NONE = Resources()

# field of kernel.cgroup's Limits -> the option that set it
_OPTIONS = {
    "memory_bytes": "--memory",
    "memory_swap_bytes": "--memory-swap",
    "memory_reservation_bytes": "--memory-reservation",
    "memory_swappiness": "--memory-swappiness",
    "cpu_quota_us": "--cpus (or --cpu-quota)",
    "cpu_period_us": "--cpu-period",
    "cpu_shares": "--cpu-shares",
    "cpuset_cpus": "--cpuset-cpus",
    "cpuset_mems": "--cpuset-mems",
    "pids_max": "--pids-limit",
    "blkio_weight": "--blkio-weight",
    "blkio_devices": "a limit on a device",
}


def settle(engine: "Engine", given: Resources) -> list[str]:
    """Refuse what this host cannot enforce; decide what the user has left open.

    Args:
        engine: whose host.
        given: checked limits of a container to be made; as in Docker, twice the memory is set for
            memory and swap together when nothing was said of them.

    Returns:
        Warnings, in moby's words.

    Raises:
        NotImplementedHere: with the reason and the remedy.
    """
    if given == NONE:
        return []
    refuse(engine, given)
    if given.memory_bytes <= 0 or given.memory_swap_bytes:
        return []
    if engine.cgroups.why_not("swap") is None:
        given.memory_swap_bytes = 2 * given.memory_bytes
        return []
    given.memory_swap_bytes = UNLIMITED
    if not _has_swap():
        return []  # nothing is promised and nothing is missing
    return [_WITHOUT_SWAP]


def refuse(engine: "Engine", given: Resources) -> None:
    """Refuse limits that this host cannot enforce.

    Raises:
        NotImplementedHere: with the reason and the remedy.
    """
    asked = kernel_limits(given)
    for feature, field in asked.needs().items():
        if (answer := engine.cgroups.why_not(feature)) is not None:
            reason, remedy = answer
            raise NotImplementedHere(
                f"{_OPTIONS[field]} cannot be enforced on this host: {reason}",
                hint=remedy or "run the container without the limit",
            )
    weighed = [(device.major, device.minor) for device in asked.blkio_devices if device.weight]
    if weighed or asked.blkio_weight:
        disks.refuse_idle_weight(weighed)


def _has_swap() -> bool:
    with open("/proc/swaps", encoding="ascii") as file:
        return len(file.readlines()) > 1


def kernel_limits(given: Resources) -> "Limits":
    """Return limits as the kernel's files take them.

    Unlimited swap is what a new group has; that need not be said, nor be possible.
    """
    from pyminidocker.kernel.cgroup.limits import Limits  # most containers have none

    quota, period = given.cpu_quota_us, given.cpu_period_us
    if given.nano_cpus:
        period = limits_checks.PERIOD_US
        quota = given.nano_cpus * period // limits_checks.NANO
    pids = given.pids_limit
    return Limits(
        memory_bytes=given.memory_bytes,
        memory_swap_bytes=max(given.memory_swap_bytes, 0),
        memory_reservation_bytes=given.memory_reservation_bytes,
        memory_swappiness=given.memory_swappiness,
        cpu_quota_us=max(quota, UNLIMITED),
        cpu_period_us=period,
        cpu_shares=given.cpu_shares,
        cpuset_cpus=given.cpuset_cpus,
        cpuset_mems=given.cpuset_mems,
        pids_max=0 if pids is None else pids if pids > 0 else UNLIMITED,
        blkio_weight=given.blkio_weight,
        blkio_devices=_devices(given),
    )


def _devices(given: Resources) -> "tuple[BlkioDevice, ...]":
    lists = {
        "weight": given.blkio_weight_device,
        "read_bps": given.blkio_read_bps,
        "write_bps": given.blkio_write_bps,
        "read_iops": given.blkio_read_iops,
        "write_iops": given.blkio_write_iops,
    }
    by_disk: dict[tuple[int, int], dict[str, int]] = {}
    for name, pairs in lists.items():
        for path, value in pairs:
            by_disk.setdefault(disks.number_of(path), {})[name] = value
    if not by_disk:
        return ()
    from pyminidocker.kernel.cgroup.limits import BlkioDevice

    return tuple(BlkioDevice(*disk, **values) for disk, values in by_disk.items())


def impose(engine: "Engine", container: "Container") -> None:
    """Set a container's limits on its group, before its first process runs the user's program.

    Raises:
        InvalidArgument: the kernel does not take a value.
        NotImplementedHere: the host has changed since the container was made.
    """
    given = container.record.host.resources
    if given == NONE:
        return
    refuse(engine, given)
    apply(engine, container, kernel_limits(given))


def apply(engine: "Engine", container: "Container", asked: "Limits") -> None:
    """Set limits on the group of a container that runs, or is about to.

    Raises:
        InvalidArgument: the kernel does not take a value; the message says which file.
    """
    group = engine.cgroups.group_of(container)
    if group is None:
        return  # nothing was asked for that needs one
    try:
        group.apply(asked)
    except ValueError as error:
        raise InvalidArgument(str(error)) from error
    except OSError as error:
        raise InvalidArgument(
            f"the kernel does not take the limits of container {container.name}:"
            f" {error.filename}: {error.strerror}",
            hint=_hint(error),
        ) from error


def _hint(error: OSError) -> str:
    if error.errno == errno.EBUSY:
        return "it uses more memory than that; stop some of its processes, or give it more"
    if error.errno == errno.EINVAL:
        return "a group cannot be given more than the groups around it have"
    return ""


# what `info` tells of: feature -> moby's words (daemon/info_unix.go)
_TOLD = {
    "memory": "memory limit",
    "swap": "swap limit",
    "quota": "cpu cfs quota",
    "shares": "cpu shares",
    "cpuset": "cpuset",
    "pids": "pids limit",
}


def enforceable(engine: "Engine") -> list[str]:
    """Return the features that this host can enforce."""
    from pyminidocker.kernel.cgroup.manager import FEATURES

    return [feature for feature in FEATURES if engine.cgroups.why_not(feature) is None]


def warnings(engine: "Engine") -> list[str]:
    """Return what `info` should warn of: which limits cannot be had, why, and the remedy."""
    lines: list[str] = []
    reasons: dict[str, None] = {}  # in order, each once
    for feature, words in _TOLD.items():
        if (answer := engine.cgroups.why_not(feature)) is not None:
            lines.append(f"WARNING: No {words} support")
            # a remedy of several lines is one of a shell, which needs none of the breaks
            reasons["; ".join(" ".join(text.split()) for text in answer if text)] = None
    return lines + [f"WARNING: {reason}" for reason in reasons]


def watch(engine: "Engine") -> None:
    """Hear from now on of containers that have run out of memory."""
    engine.cgroups.listen_oom(lambda container, kills: oom_killed(engine, container, kills))


def oom_killed(engine: "Engine", container: "Container", kills: int) -> None:
    """Note that the kernel has killed processes of a container for want of memory.

    It may run on, when it was not its first process; whoever looks at it is told all the same, at
    once (dockerd before 23 told it at the end).
    """
    if not kills:
        return
    container.record.state.oom_killed = True
    engine.events.emit("container", "oom", container.id, container.event_attributes())
