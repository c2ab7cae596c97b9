"""What a container can be told, and tells, about its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from typing import Unpack

    from pyminidocker.client.cgroup import Cgroup
    from pyminidocker.client.engine_client import EngineClient
    from pyminidocker.client.limits import UpdateOptions


class Limited:
    """Methods of ``Container`` about limits."""

    api: EngineClient
    id: str

    _attrs: dict[str, Any] | None

    def update(self, *, restart: str = "", **options: Unpack[UpdateOptions]) -> Self:
        """Change its limits, also while it runs: ``update(memory="128m", memory_swap="256m")``.

        Args:
            restart: another restart policy, such as ``on-failure:3``.
            options: as for ``Engine.run``: ``memory``, ``memory_swap``, ``memory_reservation``,
                ``cpus``, ``cpu_shares``, ``cpuset_cpus``, ``pids_limit`` and others; see
                ``UpdateOptions``.

        Raises:
            Conflict: it contradicts a limit that is there.
            InvalidArgument: a value that makes no sense, or that the kernel does not take.
            NotImplementedHere: this host cannot enforce it.
        """
        from pyminidocker.client.create_config import refuse_unknown
        from pyminidocker.client.limits import UPDATABLE, host_limits

        refuse_unknown(options, UPDATABLE)
        changes = host_limits(options)
        if restart:
            name, _, count = restart.partition(":")
            changes["RestartPolicy"] = {"Name": name, "MaximumRetryCount": int(count or 0)}
        self.api.container_update(self.id, changes)
        self._attrs = None  # asked again when somebody looks
        return self

    @property
    def oom_killed(self) -> bool:
        """Whether the kernel killed one of its processes for want of memory: asked now."""
        return bool(self.api.container_inspect(self.id)["State"]["OOMKilled"])

    @property
    def cgroup(self) -> Cgroup:
        """Its control group, with the machine's own files: asked now."""
        from pyminidocker.client.cgroup import cgroup_of

        return cgroup_of(self.api.container_inspect(self.id))
