"""Limits as Docker's clients write and read them: the ``Resources`` part of ``HostConfig``.

``update`` takes the same object at the top of its body.

See: moby api/types/container.Resources.
"""

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct, field

from pyminidocker.engine.records import HostOptions
from pyminidocker.engine.resources import DeviceMapping, Resources

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

Json = dict[str, Any]
# Go's int64, beyond which its decoders give up, and with them Docker's clients
Int64 = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]


class WeightBody(Struct, rename="pascal"):
    """One of ``BlkioWeightDevice``."""

    path: str = ""
    weight: Int64 = 0


class RateBody(Struct, rename="pascal"):
    """One of ``BlkioDeviceReadBps`` and its like."""

    path: str = ""
    rate: Int64 = 0


class DeviceBody(Struct, rename="pascal"):
    """One of ``Devices``."""

    path_on_host: str = ""
    path_in_container: str = ""
    cgroup_permissions: str = ""


class ResourcesBody(Struct, rename="pascal"):
    """The limits that the engine has fields for."""

    memory: Int64 | None = None
    memory_swap: Int64 | None = None
    memory_reservation: Int64 | None = None
    memory_swappiness: Int64 | None = None
    kernel_memory: Int64 | None = None
    oom_kill_disable: bool | None = None
    nano_cpus: Int64 | None = None
    cpu_period: Int64 | None = None
    cpu_quota: Int64 | None = None
    cpu_shares: Int64 | None = None
    cpuset_cpus: str | None = None
    cpuset_mems: str | None = None
    pids_limit: Int64 | None = None
    blkio_weight: Int64 | None = None
    blkio_weight_device: list[WeightBody] | None = None
    blkio_device_read_bps: list[RateBody] | None = None
    blkio_device_write_bps: list[RateBody] | None = None
    blkio_device_read_iops: list[RateBody] | None = field(default=None, name="BlkioDeviceReadIOps")
    blkio_device_write_iops: list[RateBody] | None = field(
        default=None, name="BlkioDeviceWriteIOps"
    )


NONE = ResourcesBody()
_PLAIN = (
    # field here, field of Resources
    ("memory", "memory_bytes"),
    ("memory_swap", "memory_swap_bytes"),
    ("memory_reservation", "memory_reservation_bytes"),
    ("kernel_memory", "kernel_memory_bytes"),
    ("nano_cpus", "nano_cpus"),
    ("cpu_period", "cpu_period_us"),
    ("cpu_quota", "cpu_quota_us"),
    ("cpu_shares", "cpu_shares"),
    ("cpuset_cpus", "cpuset_cpus"),
    ("cpuset_mems", "cpuset_mems"),
    ("blkio_weight", "blkio_weight"),
)
_RATES = (
    ("blkio_device_read_bps", "blkio_read_bps"),
    ("blkio_device_write_bps", "blkio_write_bps"),
    ("blkio_device_read_iops", "blkio_read_iops"),
    ("blkio_device_write_iops", "blkio_write_iops"),
)


def resources(body: ResourcesBody) -> Resources:
    """Return the limits a client asks for."""
    found = Resources(
        memory_swappiness=None if body.memory_swappiness == -1 else body.memory_swappiness,
        oom_kill_disable=body.oom_kill_disable,
        pids_limit=body.pids_limit,
    )
    for theirs, ours in _PLAIN:
        if value := getattr(body, theirs):
            setattr(found, ours, value)
    if body.blkio_weight_device:
        found.blkio_weight_device = [(item.path, item.weight) for item in body.blkio_weight_device]
    for theirs, ours in _RATES:
        if items := getattr(body, theirs):
            setattr(found, ours, [(item.path, item.rate) for item in items])
    return found


def devices(given: list[DeviceBody] | None) -> list[DeviceMapping]:
    """Return what ``--device`` asks for; what is left out is as on the host, and rwm."""
    return [
        DeviceMapping(
            item.path_on_host,
            item.path_in_container or item.path_on_host,
            item.cgroup_permissions or "rwm",
        )
        for item in given or ()
    ]


def view(host: HostOptions) -> Json:
    """Return the limits as ``HostConfig`` of inspect has them."""
    given = host.resources
    found: Json = {
        "Memory": given.memory_bytes,
        "MemorySwap": given.memory_swap_bytes,
        "MemoryReservation": given.memory_reservation_bytes,
        "MemorySwappiness": given.memory_swappiness,
        "KernelMemory": given.kernel_memory_bytes,
        "OomKillDisable": bool(given.oom_kill_disable),
        "OomScoreAdj": host.oom_score_adj,
        "NanoCpus": given.nano_cpus,
        "CpuPeriod": given.cpu_period_us,
        "CpuQuota": given.cpu_quota_us,
        "CpuShares": given.cpu_shares,
        "CpusetCpus": given.cpuset_cpus,
        "CpusetMems": given.cpuset_mems,
        # dockerd says null for what is not limited, however that was said
        "PidsLimit": given.pids_limit if (given.pids_limit or 0) > 0 else None,
        "BlkioWeight": given.blkio_weight,
        "BlkioWeightDevice": _pairs(given.blkio_weight_device, "Weight"),
        "BlkioDeviceReadBps": _pairs(given.blkio_read_bps, "Rate"),
        "BlkioDeviceWriteBps": _pairs(given.blkio_write_bps, "Rate"),
        "BlkioDeviceReadIOps": _pairs(given.blkio_read_iops, "Rate"),
        "BlkioDeviceWriteIOps": _pairs(given.blkio_write_iops, "Rate"),
        "Devices": [
            {
                "PathOnHost": item.host_path,
                "PathInContainer": item.container_path,
                "CgroupPermissions": item.permissions,
            }
            for item in host.devices
        ],
    }
    if host.sysctls:
        found["Sysctls"] = host.sysctls
    return found


def group(engine: "Engine", container: "Container") -> Json:
    """Return where a container's control group is, on this machine; ours, not Docker's."""
    cgroups = engine.cgroups
    found: Json = {"Version": cgroups.kind, "Paths": cgroups.paths_of(container)}
    if cgroups.kind == "none" and (answer := cgroups.why_not("memory")) is not None:
        found["Reason"], found["Remedy"] = answer
    return found


def _pairs(items: list[tuple[str, int]], value: str) -> list[Json]:
    return [{"Path": path, value: number} for path, number in items]
