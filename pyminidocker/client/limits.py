"""Limits as keyword arguments: ``engine.run(image, memory="64m")``, ``container.update``."""

from collections.abc import Mapping, Sequence
from math import isfinite
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
    for key in ("CpusetCpus", "CpusetMems"):
        if isinstance(found.get(key), int):
            found[key] = str(found[key])  # the first processor is 0 to everybody but Docker
    if "cpus" in given:
        found["NanoCpus"] = _nano_cpus(given["cpus"])
    if "ulimits" in given:
        found["Ulimits"] = [_ulimit(*item) for item in _items("ulimits", given, '{"nofile": 64}')]
    if "sysctls" in given:
        pairs = _items("sysctls", given, '{"net.core.somaxconn": 512}')
        found["Sysctls"] = {name: str(value) for name, value in pairs}
    if "devices" in given:
        texts = given["devices"]
        texts = [texts] if isinstance(texts, str) else texts
        found["Devices"] = [_device(text) for text in texts]
    for name, key in _RATES.items():
        if name in given:
            pairs = _items(name, given, '{"/dev/sda": "1m"}')
            found[key] = [{"Path": path, "Rate": _size(name, rate)} for path, rate in pairs]
    return found


def _items(name: str, given: dict[str, Any], example: str) -> list[tuple[str, Any]]:
    value = given[name]
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"{name}: not a dictionary: {value!r}", hint=f"{name}={example}")
    return list(value.items())


def _size(name: str, value: Any) -> int:
    try:
        if isinstance(value, str):
            return -1 if value == "-1" else parse_size(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(f"invalid size: {value}")
        return int(value)
    except ValueError as error:
        raise InvalidArgument(
            f"{name}: {error}", hint='bytes, or text with a unit: "64m", "1g"'
        ) from None


def _nano_cpus(value: "float | str") -> int:
    try:
        return round(float(value) * _NANO)
    except (ValueError, OverflowError, TypeError):
        raise InvalidArgument(
            f"cpus: failed to parse {value} as a rational number", hint="a number such as 0.5"
        ) from None


def _ulimit(name: str, value: Any) -> dict[str, Any]:
    pair = (value, value) if isinstance(value, int) else value
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise InvalidArgument(
            f"ulimits: {name}: not a number or a pair of them: {value!r}",
            hint='ulimits={"nofile": 64}, or {"nofile": (64, 128)}: soft and hard',
        )
    return {"Name": name, "Soft": pair[0], "Hard": pair[1]}


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
