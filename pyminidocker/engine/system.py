"""Facts about the engine and the disk it uses (``docker info``, ``docker system df``)."""

import asyncio
import os
import platform
from typing import TYPE_CHECKING

from pyminidocker.engine import limits
from pyminidocker.engine.results import (
    ContainerSize,
    DiskUsage,
    EngineFacts,
    EngineInfo,
    ImageUsage,
    VolumeUsage,
)
from pyminidocker.images.trees import tree_size

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "user", "uts")


class System:
    """Questions about the whole engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def info(self) -> EngineInfo:
        """Return the facts for ``docker info``."""
        engine = self.engine
        statuses = [item.status for item in engine.containers.index.by_id.values()]
        running = sum(status in ("running", "restarting") for status in statuses)
        paused = statuses.count("paused")
        options = ["name=seccomp,profile=default"]
        if engine.lab.rootless:
            options.append("name=rootless")
        return EngineInfo(
            id=engine.id,
            name=platform.node(),
            containers=len(statuses),
            running=running,
            paused=paused,
            stopped=len(statuses) - running - paused,
            images=len(engine.images.store.listings(include_intermediate=True)),
            state_dir=engine.state_dir,
            kernel_version=platform.release(),
            operating_system=_operating_system(),
            architecture=platform.machine(),
            cpus=len(os.sched_getaffinity(0)),
            memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
            rootless=engine.lab.rootless,
            cgroup_version=self._cgroup_version(),
            security_options=options,
            warnings=[*limits.warnings(engine), *self._warnings()],
            enforceable=limits.enforceable(engine),
        )

    def _cgroup_version(self) -> str:
        """Return the version in use; where nothing can be limited, the one this host has."""
        kind = self.engine.cgroups.kind
        if kind != "none":
            return kind.removeprefix("v")
        return "2" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "1"

    def _warnings(self) -> list[str]:
        lines: list[str] = []
        if self.engine.is_network_ready:
            lines += [f"WARNING: {line}" for line in self.engine.lab_network.problems]
        lines += [f"WARNING: {line}" for line in self.engine.problems]
        return lines

    async def disk_usage(self) -> DiskUsage:
        """Measure what images, containers and volumes take on disk."""
        engine = self.engine
        containers = list(engine.containers.index.by_id.values())
        uppers = {item.id: item.upper_dir for item in containers}
        volumes = engine.volumes.list()

        def measure() -> tuple[dict[str, int], dict[str, int]]:
            return (
                {key: tree_size(path) for key, path in uppers.items()},
                {item.name: tree_size(item.mountpoint) for item in volumes},
            )

        own, volume_sizes = await asyncio.to_thread(measure)
        sizes = {}
        counts: dict[str, int] = {}
        for item in containers:
            image_id = item.record.image_id
            counts[image_id] = counts.get(image_id, 0) + 1
            image = engine.images.store.catalog.images.get(image_id)
            image_size = image.size if image else 0  # 0: a damaged image, named in the warnings
            sizes[item.id] = ContainerSize(own[item.id], own[item.id] + image_size)
        images = [
            ImageUsage(row.image.id, row.image.size, row.shared_size, counts.get(row.image.id, 0))
            for row in engine.images.store.listings()
        ]
        # Layers that only the build cache keeps are counted there.
        layers = {
            layer.chain_id: layer.size
            for image in engine.images.store.catalog.images.values()
            for layer in image.layers
        }
        return DiskUsage(
            layers_size_bytes=sum(layers.values()),
            images=images,
            containers=sizes,
            volumes=[
                VolumeUsage(
                    item.name, volume_sizes[item.name], len(engine.volumes.users(item.name))
                )
                for item in volumes
            ],
        )

    def host_network(self) -> str:
        """Return in words what ``--network host`` is here."""
        lab = self.engine.lab
        if lab.has_machine_network:
            return f"this machine, {lab.machine_name}"
        own = os.readlink("/proc/self/ns/net")
        return f"the lab host of engine {lab.name}, {own}; not this machine"

    def facts(self) -> EngineFacts:
        """Return the processes and namespaces behind this engine."""
        lab = self.engine.lab
        return EngineFacts(
            pid=os.getpid(),
            zygote_pid=lab.zygote_pid,
            agent_pid=lab.agent_pid,
            rootless=lab.rootless,
            uid_map=" ".join(str(number) for row in lab.uid_map for number in row),
            namespaces={name: os.stat(f"/proc/self/ns/{name}").st_ino for name in _NAMESPACES},
            state_dir=self.engine.state_dir,
            run_dir=self.engine.run_dir,
        )


def _operating_system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()
