"""Answers of the engine that are not records: plain values that ``api/schema.py`` puts into JSON.

Sizes are bytes, times are float seconds since the epoch.
"""

from msgspec import Struct, field


class WaitResult(Struct):
    """How a container ended (``docker wait``)."""

    exit_code: int
    error: str = ""


class PathStat(Struct):
    """What ``docker cp`` asks about a path first (X-Docker-Container-Path-Stat).

    ``mode`` is st_mode of stat(2); ``api/schema.py`` turns it into Go's os.FileMode.
    """

    name: str
    size_bytes: int
    mode: int
    mtime: float
    link_target: str = ""


class Change(Struct):
    """One line of ``docker diff``: ``kind`` is 0 changed, 1 added, 2 deleted."""

    path: str
    kind: int


class TopResult(Struct):
    """``docker top``: column titles and one row per process."""

    titles: list[str]
    processes: list[list[str]]


class PruneReport(Struct):
    """What a prune removed.  For images ``deleted`` holds pairs ("Untagged"|"Deleted", name)."""

    deleted: list[str] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)
    space_reclaimed_bytes: int = 0


class ContainerSize(Struct):
    """``docker ps -s``: the writable layer alone, and with the image's layers."""

    rw_bytes: int
    root_fs_bytes: int


class VolumeUsage(Struct):
    """One volume in ``docker system df -v``."""

    name: str
    size_bytes: int
    reference_count: int


class ImageUsage(Struct):
    """One image in ``docker system df -v``; ``containers`` counts containers made from it."""

    id: str
    size_bytes: int
    shared_size_bytes: int
    containers: int


class DiskUsage(Struct):
    """``docker system df``."""

    layers_size_bytes: int
    images: list[ImageUsage]
    containers: dict[str, ContainerSize]
    volumes: list[VolumeUsage]


class EngineInfo(Struct):
    """Facts for ``docker info``; ``warnings`` are the lines printed at its end.

    ``enforceable`` has those of kernel.cgroup's features that this host can enforce.
    """

    id: str
    name: str
    containers: int
    running: int
    paused: int
    stopped: int
    images: int
    state_dir: str
    kernel_version: str
    operating_system: str
    architecture: str
    cpus: int
    memory_bytes: int
    rootless: bool
    cgroup_version: str
    security_options: list[str]
    warnings: list[str]
    enforceable: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


class EngineFacts(Struct):
    """What GET /minidocker/engine tells: processes and namespaces behind this engine."""

    pid: int
    zygote_pid: int
    agent_pid: int
    rootless: bool
    uid_map: str
    namespaces: dict[str, int]  # ns type -> inode number
    state_dir: str
    run_dir: str
