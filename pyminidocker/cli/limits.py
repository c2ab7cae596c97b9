"""The options that limit a container, and what the engine is told: ``run``, ``create``, ``update``.

See: docker/cli cli/command/container/{opts,update}.go.
"""

from __future__ import annotations

from pyminidocker.cli.failures import checked
from pyminidocker.cli.run_networks import refused
from pyminidocker.units import parse_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]
    Options = dict[str, Any]

NANO = 1_000_000_000
_NUMBERS = (
    ("CpuPeriod", "cpu-period"), ("CpuQuota", "cpu-quota"), ("CpuShares", "cpu-shares"),
    ("CpuRealtimePeriod", "cpu-rt-period"), ("CpuRealtimeRuntime", "cpu-rt-runtime"),
    ("CpusetCpus", "cpuset-cpus"), ("CpusetMems", "cpuset-mems"), ("BlkioWeight", "blkio-weight"),
    ("MemorySwap", "memory-swap"), ("PidsLimit", "pids-limit"),
)  # fmt: skip
_SIZES = (
    ("Memory", "-m, --memory"), ("MemoryReservation", "--memory-reservation"),
    ("KernelMemory", "--kernel-memory"),
)  # fmt: skip


def resources(options: Options, given: set[str]) -> Json:
    """Return what ``run``, ``create`` and ``update`` say in the same words.

    Args:
        options: values of ``run_options.LIMITS``.
        given: the options that stood on the command line: an update to 0 is one too.

    Raises:
        Failure: a value is none; exit code 125.
    """
    found: Json = {key: options[name] for key, name in _NUMBERS if name in given}
    for key, names in _SIZES:
        name = names[names.index("--") + 2 :]
        if name in given:
            if options[name] < 0:  # only --memory-swap knows "unlimited"
                checked(names, str(options[name]), parse_size)
            found[key] = options[name]
    if "cpus" in given:
        found["NanoCpus"] = nano_cpus(options["cpus"])
    return found


def nano_cpus(count: float) -> int:
    """Return ``--cpus`` in billionths.

    Raises:
        Failure: it has more than nine digits behind the point.
    """
    whole = round(count * NANO)
    if abs(count * NANO - whole) > 1e-3:
        raise checked("--cpus", str(count), _too_precise)
    return whole


def _too_precise(text: str) -> None:
    del text
    raise ValueError("value is too precise")


def of_creation(options: Options, given: set[str]) -> Json:
    """Return what only ``run`` and ``create`` say.

    Raises:
        Failure: a value is none, or makes no sense; exit code 125.
    """
    found: Json = {}
    if "memory-swappiness" in given:
        swappiness = options["memory-swappiness"]
        if not -1 <= swappiness <= 100:
            raise refused(f"invalid value: {swappiness}. Valid memory swappiness range is 0-100")
        found["MemorySwappiness"] = swappiness
    for key, name in (
        ("OomKillDisable", "oom-kill-disable"), ("OomScoreAdj", "oom-score-adj"),
        ("CgroupParent", "cgroup-parent"), ("DeviceCgroupRules", "device-cgroup-rule"),
        ("CgroupnsMode", "cgroupns"),
    ):  # fmt: skip
        if options[name]:
            found[key] = options[name]
    if options["cgroupns"] not in ("", "private", "host"):
        raise refused("--cgroupns: invalid CGROUP mode")
    for key, name, read in (
        ("BlkioWeightDevice", "blkio-weight-device", weight),
        ("BlkioDeviceReadBps", "device-read-bps", throughput),
        ("BlkioDeviceWriteBps", "device-write-bps", throughput),
        ("BlkioDeviceReadIOps", "device-read-iops", operations),
        ("BlkioDeviceWriteIOps", "device-write-iops", operations),
        ("Ulimits", "ulimit", ulimit),
    ):
        if texts := options[name]:
            found[key] = [checked(f"--{name}", text, read) for text in texts]
    if texts := options["sysctl"]:
        found["Sysctls"] = dict(checked("--sysctl", text, sysctl) for text in texts)
    if texts := options["device"]:
        found["Devices"] = [device(text) for text in texts]
    return found


def weight(text: str) -> Json:
    """Read ``/dev/sda:500``.

    Raises:
        ValueError: it is something else.
    """
    path, number = _of_device(text)
    if not number.isdecimal() or not (number == "0" or 10 <= int(number) <= 1000):
        raise ValueError(f"invalid weight for device: {text}")
    return {"Path": path, "Weight": int(number)}


def throughput(text: str) -> Json:
    """Read ``/dev/sda:1mb``.

    Raises:
        ValueError: it is something else.
    """
    path, size = _of_device(text)
    try:
        return {"Path": path, "Rate": parse_size(size)}
    except ValueError:
        raise ValueError(
            f"invalid rate for device: {text}. The correct format is"
            " <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional"
            " and can be kb, mb, or gb"
        ) from None


def operations(text: str) -> Json:
    """Read ``/dev/sda:1000``.

    Raises:
        ValueError: it is something else.
    """
    path, number = _of_device(text)
    if not number.isdecimal():
        raise ValueError(
            f"invalid rate for device: {text}. The correct format is <device-path>:<number>."
            " Number must be a positive integer"
        )
    return {"Path": path, "Rate": int(number)}


def _of_device(text: str) -> tuple[str, str]:
    path, colon, value = text.partition(":")
    if not colon:
        raise ValueError(f"bad format: {text}")
    if not path.startswith("/dev/"):
        raise ValueError(f"bad format for device path: {text}")
    return path, value


_SYSCTLS = frozenset(
    (
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall",
        "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
    )
)  # fmt: skip


def sysctl(text: str) -> tuple[str, str]:
    """Read ``net.core.somaxconn=512``.

    Raises:
        ValueError: it is something else, or not a container's to set.
    """
    name, equals, value = text.partition("=")
    if not equals or not (name in _SYSCTLS or name.startswith(("net.", "fs.mqueue."))):
        raise ValueError(f"sysctl '{text}' is not allowed")
    return name, value


# getrlimit(2), in the spelling of docker/go-units
ULIMITS = frozenset(
    (
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc",
        "rss", "rtprio", "rttime", "sigpending", "stack",
    )
)  # fmt: skip


def ulimit(text: str) -> Json:
    """Read ``name=soft[:hard]``; -1 is unlimited.

    Raises:
        ValueError: it is something else.
    """
    name, equals, values = text.partition("=")
    soft_text, colon, hard_text = values.partition(":")
    if not name or not equals:
        raise ValueError(f"invalid ulimit argument: {text}")
    if name not in ULIMITS:
        raise ValueError(f"invalid ulimit type: {name}")
    try:
        soft, hard = int(soft_text), int(hard_text if colon else soft_text)
    except ValueError:
        raise ValueError(f"invalid ulimit argument: {text}") from None
    if hard != -1 and (soft == -1 or soft > hard):
        told = f"soft: -1 (unlimited), hard: {hard}" if soft == -1 else f"{soft} > {hard}"
        raise ValueError(f"ulimit soft limit must be less than or equal to hard limit: {told}")
    return {"Name": name, "Soft": soft, "Hard": hard}


def device(text: str) -> Json:
    """Read ``/dev/fuse``, ``/dev/fuse:rw``, ``/dev/fuse:/dev/f`` or ``/dev/fuse:/dev/f:rw``.

    Raises:
        Failure: it is something else.
    """
    parts = text.split(":")
    if len(parts) > 3 or not parts[0]:
        raise refused(f"bad format for path: {text}")
    source = target = parts[0]
    mode = "rwm"
    if len(parts) == 3:
        target, mode = parts[1:]
        if not _is_mode(mode):
            raise refused(f"bad mode specified: {mode}")
    elif len(parts) == 2 and _is_mode(parts[1]):
        mode = parts[1]
    elif len(parts) == 2:
        target = parts[1]
    for path in (source, target):
        if not path.startswith("/"):
            raise refused(f"{path} is not an absolute path")
    return {"PathOnHost": source, "PathInContainer": target, "CgroupPermissions": mode}


def _is_mode(text: str) -> bool:
    return bool(text) and set(text) <= set("rwm") and len(set(text)) == len(text)
