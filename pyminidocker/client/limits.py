"""Limits as keyword arguments: ``engine.run(image, memory="64m")``, ``container.update``."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from pyminidocker.errors import InvalidArgument
from pyminidocker.units import parse_size

Size = int | str
_NANO = 1_000_000_000


class UpdateOptions(TypedDict, total=False):
    """What may be changed of a container that exists.

    Sizes are bytes, or text such as ``"64m"``.

    ``memory_swap`` is memory and swap together, -1 for as much as there is; ``cpus`` a number such
    as 0.5; ``cpuset_cpus`` like ``"0-1"``.  For no limit of processes, ``pids_limit=-1``.
    """

    memory: Size
    memory_swap: Size
    memory_reservation: Size
    cpus: "float | str"
    cpu_period: int
    cpu_quota: int
    cpu_shares: int
    cpuset_cpus: str
    cpuset_mems: str
    pids_limit: int
    blkio_weight: int


class LimitOptions(UpdateOptions, total=False):
    """What only a new container can be given.

    ``ulimits`` as ``{"nofile": (64, 128)}`` or ``{"nofile": 64}``; ``sysctls`` as
    ``{"net.core.somaxconn": 512}``; ``devices`` as the command line has them; rates as
    ``{"/dev/sda": "1m"}``.
    """

    memory_swappiness: int
    oom_score_adj: int
    ulimits: Mapping[str, "int | tuple[int, int]"]
    sysctls: Mapping[str, "str | int"]
    devices: Sequence[str]
    device_read_bps: Mapping[str, Size]
    device_write_bps: Mapping[str, Size]
    device_read_iops: Mapping[str, int]
    device_write_iops: Mapping[str, int]


NAMES = frozenset(LimitOptions.__annotations__)
UPDATABLE = frozenset(UpdateOptions.__annotations__)
_SIZES = {
    "memory": "Memory",
    "memory_swap": "MemorySwap",
    "memory_reservation": "MemoryReservation",
}
_PLAIN = {
    "cpu_period": "CpuPeriod",
    "cpu_quota": "CpuQuota",
    "cpu_shares": "CpuShares",
    "cpuset_cpus": "CpusetCpus",
    "cpuset_mems": "CpusetMems",
    "pids_limit": "PidsLimit",
    "blkio_weight": "BlkioWeight",
    "memory_swappiness": "MemorySwappiness",
    "oom_score_adj": "OomScoreAdj",
}
_RATES = {
    "device_read_bps": "BlkioDeviceReadBps",
    "device_write_bps": "BlkioDeviceWriteBps",
    "device_read_iops": "BlkioDeviceReadIOps",
    "device_write_iops": "BlkioDeviceWriteIOps",
}


def host_limits(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of Docker's ``HostConfig`` that ``options`` are about.

    Raises:
        InvalidArgument: a size or number that is none.
    """
    given = {name: value for name, value in options.items() if name in NAMES and value is not None}
    found: dict[str, Any] = {
        key: _size(name, given[name]) for name, key in _SIZES.items() if name in given
    }
    found |= {key: given[name] for name, key in _PLAIN.items() if name in given}
    if "cpus" in given:
        found["NanoCpus"] = _nano_cpus(given["cpus"])
    if "ulimits" in given:
        found["Ulimits"] = [_ulimit(name, value) for name, value in given["ulimits"].items()]
    if "sysctls" in given:
        found["Sysctls"] = {name: str(value) for name, value in given["sysctls"].items()}
    if "devices" in given:
        found["Devices"] = [_device(text) for text in given["devices"]]
    for name, key in _RATES.items():
        if name in given:
            found[key] = [
                {"Path": path, "Rate": _size(name, rate)} for path, rate in given[name].items()
            ]
    return found


def _size(name: str, value: Size) -> int:
    if not isinstance(value, str):
        return int(value)
    try:
        return -1 if value == "-1" else parse_size(value)
    except ValueError as error:
        raise InvalidArgument(
            f"{name}: {error}", hint='bytes, or text with a unit: "64m", "1g"'
        ) from None


def _nano_cpus(value: "float | str") -> int:
    try:
        return round(float(value) * _NANO)
    except ValueError:
        raise InvalidArgument(
            f"cpus: failed to parse {value} as a rational number", hint="a number such as 0.5"
        ) from None


def _ulimit(name: str, value: "int | tuple[int, int]") -> dict[str, Any]:
    soft, hard = (value, value) if isinstance(value, int) else value
    return {"Name": name, "Soft": soft, "Hard": hard}


def _device(text: str) -> dict[str, Any]:
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    if target and not target.startswith("/") and not mode:
        target, mode = "", target
    return {
        "PathOnHost": source,
        "PathInContainer": target or source,
        "CgroupPermissions": mode or "rwm",
    }
