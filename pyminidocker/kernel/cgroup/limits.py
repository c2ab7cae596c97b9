"""What can be limited for a group of processes, in one vocabulary for both versions of cgroups.

The words and units are Docker's.  What version 2 counts differently (a weight instead of shares,
swap apart from memory) is converted where it is written, by the formulas that runc uses, so that
the same ``docker run`` means the same on both.

See: moby api/types/container/hostconfig.go "Resources"; kernel
Documentation/admin-guide/cgroup-v1/, cgroup-v2.rst.
"""

from dataclasses import dataclass
from typing import Any

UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class BlkioDevice:
    """Limits for one block device.

    Attributes:
        major: the device's major number.
        minor: the device's minor number.
        weight: share of the device under contention, 10 to 1000; 0 = not set.
        read_bps: bytes a second that may be read; 0 = not set.
        write_bps: bytes a second that may be written; 0 = not set.
        read_iops: reads a second; 0 = not set.
        write_iops: writes a second; 0 = not set.
    """

    major: int
    minor: int
    weight: int = 0
    read_bps: int = 0
    write_bps: int = 0
    read_iops: int = 0
    write_iops: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits to be set; 0, "" and None leave a value as it is, -1 takes a limit away.

    Attributes:
        memory_bytes: memory of all processes together, page cache among it.
        memory_swap_bytes: memory and swap together, as Docker counts.
        memory_reservation_bytes: what the kernel tries to leave them when memory is short.
        memory_swappiness: 0 to 100, readiness to swap; version 1 only.
        cpu_quota_us: processor time in each period.
        cpu_period_us: the length of a period; 100,000 when only a quota is given.
        cpu_shares: weight against others that want the processor too; 1024 is everybody's.
        cpuset_cpus: processors that may be used, ``0-2,4``.
        cpuset_mems: memory nodes that may be used.
        pids_max: processes and threads.
        blkio_weight: share of block devices under contention, 10 to 1000.
        blkio_devices: limits by device.
    """

    memory_bytes: int = 0
    memory_swap_bytes: int = 0
    memory_reservation_bytes: int = 0
    memory_swappiness: int | None = None
    cpu_quota_us: int = 0
    cpu_period_us: int = 0
    cpu_shares: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_max: int = 0
    blkio_weight: int = 0
    blkio_devices: tuple[BlkioDevice, ...] = ()

    def given(self) -> dict[str, Any]:
        """Return the limits that are to be set.

        See: Limits.
        """
        found = {name: getattr(self, name) for name in _NEEDS}
        return {name: value for name, value in found.items() if value != getattr(_NONE, name)}

    def needs(self) -> dict[str, str]:
        """Return {feature: the first field that needs it}: what a host must have for this.

        Features are what manager.FEATURES has.

        See: manager.FEATURES.
        """
        needed: dict[str, str] = {}
        for name in self.given():
            for feature in _NEEDS[name]:
                needed.setdefault(feature, name)
        for device in self.blkio_devices:
            if device.weight:
                needed.setdefault("weight", "blkio_devices")
            if device.read_bps or device.write_bps or device.read_iops or device.write_iops:
                needed.setdefault("throttle", "blkio_devices")
        return needed


_NEEDS = {
    "memory_bytes": ("memory",),
    "memory_swap_bytes": ("memory", "swap"),
    "memory_reservation_bytes": ("memory", "reservation"),
    "memory_swappiness": ("memory", "swappiness"),
    "cpu_quota_us": ("cpu", "quota"),
    "cpu_period_us": ("cpu", "quota"),
    "cpu_shares": ("cpu", "shares"),
    "cpuset_cpus": ("cpuset",),
    "cpuset_mems": ("cpuset",),
    "pids_max": ("pids",),
    "blkio_weight": ("io", "weight"),
    "blkio_devices": ("io",),
}


_NONE = Limits()


def weight_of_shares(shares: int) -> int:
    """Return version 2's cpu.weight (1 to 10,000) for Docker's shares (2 to 262,144).

    See: runc libcontainer/cgroups/utils.go ConvertCPUSharesToCgroupV2Value.
    """
    if shares == 0:
        return 0
    return 1 + (max(shares, 2) - 2) * 9999 // 262142


def io_weight_of_blkio(weight: int) -> int:
    """Return version 2's io.weight (1 to 10,000) for Docker's blkio weight (10 to 1000).

    See: runc libcontainer/cgroups/utils.go ConvertBlkIOToIOWeightValue.
    """
    if weight == 0:
        return 0
    return 1 + (weight - 10) * 9999 // 990


def swap_of(memory_bytes: int, memory_swap_bytes: int) -> int:
    """Return version 2's memory.swap.max for Docker's memory and memory-and-swap.

    Args:
        memory_bytes: the limit of memory; 0 = not set.
        memory_swap_bytes: memory and swap; 0 = not set, -1 = unlimited.

    Raises:
        ValueError: the sum is smaller than memory alone, or memory is not set.

    Returns:
        Bytes; 0 = no swap at all is a real answer here, -1 is unlimited.

    See: runc libcontainer/cgroups/utils.go ConvertMemorySwapToCgroupV2Value.
    """
    if memory_swap_bytes == UNLIMITED:
        return UNLIMITED
    if memory_bytes in (0, UNLIMITED):
        raise ValueError("memory and swap together can be limited only when memory is")
    if memory_swap_bytes < memory_bytes:
        raise ValueError("memory and swap together are less than memory")
    return memory_swap_bytes - memory_bytes
