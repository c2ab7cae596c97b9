"""Which limits make sense, whatever the host can do: the sums and texts of moby.

Where moby takes a value that the kernel refuses when the container starts, it is refused here
already, with runc's words where it has some.

See: moby daemon/daemon_unix.go verifyPlatformContainerResources, adaptContainerSettings.
"""

import os
import resource

from pyminidocker.engine import disks
from pyminidocker.engine.records import HostOptions
from pyminidocker.engine.resources import DeviceMapping, Resources
from pyminidocker.errors import InvalidArgument, NotImplementedHere

MINIMUM_BYTES = 6 << 20  # runc itself needs that much (moby linuxMinMemory)
LEAST_QUOTA_US, PERIOD_US = 1_000, 100_000
LEAST_PERIOD_US, LARGEST_PERIOD_US = 1_000, 1_000_000
LEAST_SHARES, MOST_SHARES = 2, 262_144
MOST_PIDS = 4_194_304  # PID_MAX_LIMIT, include/linux/threads.h
NANO = 1_000_000_000
_NONE = Resources()
_LAST = 8191  # no list names a processor above (moby pkg/parsers.ParseUintList)

# sysctl(8) names that belong to a namespace (runc libcontainer/configs/validate/validator.go).
_IPC_SYSCTLS = frozenset(
    (
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall",
        "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
    )
)  # fmt: skip


def check_host(host: HostOptions) -> None:
    """Check the limits of a container to be made, and fill in what follows from them.

    Raises:
        InvalidArgument: a value makes no sense.
        NotImplementedHere: this engine refuses it for a reason.
    """
    if host.resources != _NONE:
        check(host.resources)
    if not -1000 <= host.oom_score_adj <= 1000:
        raise InvalidArgument(
            f"Invalid value {host.oom_score_adj}, range for oom score adj is [-1000, 1000]"
        )
    if host.oom_score_adj < 0 and host.oom_score_adj < (least := _least_oom_score()):
        raise NotImplementedHere(
            f"this engine cannot set an OOM score of {host.oom_score_adj}: the kernel lets only"
            f" root of the machine itself go below {least}",
            hint="give the others a higher one instead: --oom-score-adj 500",
        )
    for name, soft, hard in host.ulimits:
        if not hasattr(resource, f"RLIMIT_{name.upper()}"):
            raise InvalidArgument(f"invalid ulimit type: {name}")
        if hard != -1 and (soft == -1 or soft > hard):
            raise InvalidArgument(
                f"ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"
            )
    for name in host.sysctls:
        check_sysctl(name, host.network_mode)
    for device in host.devices:
        _check_device(device)


def _least_oom_score() -> int:
    """Return how low a process of this engine may go: proc_pid_oom_score_adj(5)."""
    with open("/proc/self/oom_score_adj", encoding="ascii") as file:
        return min(0, int(file.read()))


def check(given: Resources, *, is_update: bool = False) -> None:
    """Check limits, and fill in what follows from them.

    Args:
        given: what the user said; changed as moby changes it.
        is_update: for a container that exists: what is not said stays.

    Raises:
        InvalidArgument: a value makes no sense.
        NotImplementedHere: this engine refuses it for a reason.
    """
    _check_memory(given, is_update=is_update)
    _check_refused(given)
    _check_cpu(given)
    _check_sets(given)
    _check_blkio(given)
    if (given.pids_limit or 0) > MOST_PIDS:
        raise InvalidArgument(
            f"the kernel cannot count to a limit of {given.pids_limit} processes: at most"
            f" {MOST_PIDS}",
            hint="--pids-limit -1 is no limit",
        )
    if (given.pids_limit or 0) <= 0 and given.pids_limit is not None:
        given.pids_limit = 0 if is_update else None


def _check_memory(given: Resources, *, is_update: bool) -> None:
    memory, swap = given.memory_bytes, given.memory_swap_bytes
    reservation = given.memory_reservation_bytes
    if memory != 0 and memory < MINIMUM_BYTES:
        raise InvalidArgument("Minimum memory limit allowed is 6MB")
    if memory > 0 and 0 < swap < memory:
        raise InvalidArgument(
            "Minimum memoryswap limit should be larger than memory limit, see usage"
        )
    if memory == 0 and swap > 0 and not is_update:
        raise InvalidArgument(
            "You should always set the Memory limit when using Memoryswap limit, see usage"
        )
    if swap < -1:
        raise InvalidArgument(
            f"invalid memoryswap limit: {swap}", hint="-1 is unlimited swap, 0 the default"
        )
    if given.memory_swappiness is not None and not 0 <= given.memory_swappiness <= 100:
        raise InvalidArgument(
            f"Invalid value: {given.memory_swappiness}, valid memory swappiness range is 0-100"
        )
    if reservation < 0 or 0 < reservation < MINIMUM_BYTES:
        raise InvalidArgument("Minimum memory reservation allowed is 6MB")
    if memory > 0 and reservation > memory:
        raise InvalidArgument(
            "Minimum memory limit can not be less than memory reservation limit, see usage"
        )


def _check_refused(given: Resources) -> None:
    """Refuse what Docker offers and nobody should have."""
    if given.oom_kill_disable:
        raise NotImplementedHere(
            "--oom-kill-disable is refused by this engine: at its limit such a container stops in"
            " the middle of system calls, with whatever locks of the kernel it holds, until"
            " somebody raises the limit; cgroup v2 does not have it any more",
            hint="give it more memory (--memory), or make others the first to go (--oom-score-adj)",
        )
    if given.kernel_memory_bytes:
        raise NotImplementedHere(
            "--kernel-memory is refused by this engine: the kernel ignores that limit since 5.16",
            hint="--memory counts the kernel's memory of a container too",
        )


def _check_cpu(given: Resources) -> None:
    if given.nano_cpus > 0 and given.cpu_period_us > 0:
        raise InvalidArgument("Conflicting options: Nano CPUs and CPU Period cannot both be set")
    if given.nano_cpus > 0 and given.cpu_quota_us > 0:
        raise InvalidArgument("Conflicting options: Nano CPUs and CPU Quota cannot both be set")
    # Below 0.01 of a processor the quota would be less than the kernel's shortest, 1 ms.
    count = len(os.sched_getaffinity(0))
    least = LEAST_QUOTA_US * NANO // PERIOD_US
    if given.nano_cpus and not least <= given.nano_cpus <= count * NANO:
        raise InvalidArgument(
            f"Range of CPUs is from 0.01 to {count}.00, as there are only {count} CPUs available"
        )
    if given.cpu_period_us and not LEAST_PERIOD_US <= given.cpu_period_us <= LARGEST_PERIOD_US:
        raise InvalidArgument(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
        )
    if 0 < given.cpu_quota_us < LEAST_QUOTA_US:
        raise InvalidArgument("CPU cfs quota can not be less than 1ms (i.e. 1000)")
    if given.cpu_shares < 0:
        raise InvalidArgument("shares: invalid argument")
    if given.cpu_shares > MOST_SHARES:
        raise InvalidArgument(f"the maximum allowed cpu-shares is {MOST_SHARES}")
    if 0 < given.cpu_shares < LEAST_SHARES:
        raise InvalidArgument(f"the minimum allowed cpu-shares is {LEAST_SHARES}")


def _check_sets(given: Resources) -> None:
    for wanted, what, name, place in (
        (given.cpuset_cpus, "cpuset cpus", "CPUs", "cpu"),
        (given.cpuset_mems, "cpuset mems", "memory nodes", "node"),
    ):
        if not wanted:
            continue
        try:
            numbers = parse_list(wanted)
        except ValueError as error:
            raise InvalidArgument(f"Invalid value {wanted} for {what}: {error}") from None
        available = online(place)
        if not numbers <= parse_list(available):
            raise InvalidArgument(
                f"Requested {name} are not available - requested {wanted}, available: {available}"
            )


def online(kind: str) -> str:
    """Return which processors (``cpu``) or memory nodes (``node``) there are: ``0-3``."""
    try:
        with open(f"/sys/devices/system/{kind}/online", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "0"  # a kernel without NUMA has one node and no such file


def parse_list(text: str) -> set[int]:
    """Read ``0-3,7``.

    Raises:
        ValueError: something else, in moby's words.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal() and first.isascii() and last.isascii()):
            raise ValueError(f"invalid format: {text}")
        low, high = int(first[:9]), int(last[:9])
        if low > high:
            raise ValueError(f"invalid format: {text}")
        if high > _LAST:
            raise ValueError(f"value of out range, maximum is {_LAST}")
        numbers.update(range(low, high + 1))
    return numbers


def _check_blkio(given: Resources) -> None:
    if given.blkio_weight and not 10 <= given.blkio_weight <= 1000:
        raise InvalidArgument("Range of blkio weight is from 10 to 1000")
    for path, weight in given.blkio_weight_device:
        if not 10 <= weight <= 1000:
            raise InvalidArgument(f"invalid weight for device: {path}:{weight}")
    rates = (
        *given.blkio_read_bps, *given.blkio_write_bps, *given.blkio_read_iops,
        *given.blkio_write_iops,
    )  # fmt: skip
    for path, rate in rates:
        if not 0 <= rate < 1 << 63:
            raise InvalidArgument(f"invalid rate for device: {path}:{rate}")
    for path, _ in (*given.blkio_weight_device, *rates):
        disks.number_of(path)


def check_sysctl(name: str, network_mode: str) -> None:
    """Refuse what is not the container's own to set.

    Raises:
        InvalidArgument: it belongs to the whole machine, or to a network that others use.
    """
    name = name.replace("/", ".")
    if name in _IPC_SYSCTLS or name.startswith("fs.mqueue."):
        return
    if not name.startswith("net."):
        raise InvalidArgument(
            f"sysctl {name!r} is not in a separate kernel namespace",
            hint="containers may set net.*, fs.mqueue.* and kernel.msg*, sem and shm*",
        )
    if network_mode == "host" or network_mode.startswith("container:"):
        raise InvalidArgument(
            f"sysctl {name!r} not allowed in host network namespace",
            hint="this container has no network of its own; leave out --network",
        )


def _check_device(device: DeviceMapping) -> None:
    for path in (device.host_path, device.container_path):
        if not path.startswith("/"):
            raise InvalidArgument(f"{path} is not an absolute path")
    letters = device.permissions
    if len(set(letters)) != len(letters) or not set(letters) <= set("rwm"):
        raise InvalidArgument(f"bad mode specified: {letters}")
    if not os.path.exists(device.host_path):
        raise InvalidArgument(
            "error gathering device information while adding custom device"
            f' "{device.host_path}": no such file or directory'
        )
