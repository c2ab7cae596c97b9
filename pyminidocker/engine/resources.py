"""What a container may use of the machine, as its record keeps it."""

from msgspec import Struct, field


class Resources(Struct, omit_defaults=True):
    """What a container may use of the machine (the ``Resources`` in Docker's ``HostConfig``).

    Zero, None and "" mean: not limited by this container's own options.

    Attributes:
        memory_swap_bytes: memory and swap together, as Docker has it; -1 is unlimited.
        memory_reservation_bytes: what the kernel spares while memory is short.
        nano_cpus: billionths of a processor; excludes ``cpu_period_us`` and ``cpu_quota_us``.
        cpu_shares: weight against others, 2 to 262144; the kernel's default is 1024.
        cpuset_cpus: like ``0-3,7``; ``cpuset_mems`` likewise.
        pids_limit: processes and threads; 0 and -1 are unlimited.
        blkio_weight: 10 to 1000.
        blkio_weight_device: (path, weight).
        blkio_read_bps: (path, bytes each second); likewise for writing, and iops.
    """

    memory_bytes: int = 0
    memory_swap_bytes: int = 0
    memory_reservation_bytes: int = 0
    memory_swappiness: int | None = None
    kernel_memory_bytes: int = 0
    oom_kill_disable: bool | None = None
    nano_cpus: int = 0
    cpu_period_us: int = 0
    cpu_quota_us: int = 0
    cpu_shares: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_limit: int | None = None
    blkio_weight: int = 0
    blkio_weight_device: list[tuple[str, int]] = field(default_factory=list)
    blkio_read_bps: list[tuple[str, int]] = field(default_factory=list)
    blkio_write_bps: list[tuple[str, int]] = field(default_factory=list)
    blkio_read_iops: list[tuple[str, int]] = field(default_factory=list)
    blkio_write_iops: list[tuple[str, int]] = field(default_factory=list)


class DeviceMapping(Struct):
    """One ``--device``; ``permissions`` are letters of r, w, m."""

    host_path: str
    container_path: str
    permissions: str = "rwm"
