"""The engine's groups: one for each container, made ahead of time, and one around all of them.

A parked child is in a group of its own already; a start only remembers whose it is now, and sets
the container's limits.  The group around all groups keeps a part of the machine for the machine, so
that no container can take all of it, whatever limits it was started with.

See: kernel.cgroup.manager, docs/decisions/0020.
"""

import asyncio
import logging
import resource
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from pyminidocker.errors import InvalidArgument, NotImplementedHere
from pyminidocker.kernel.cgroup.limits import Limits
from pyminidocker.kernel.cgroup.oom import OomWatch

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine
    from pyminidocker.kernel.cgroup.manager import Group
    from pyminidocker.kernel.cgroup.usage import Usage

LOG = logging.getLogger("minidockerd")
OomListener = Callable[["Container", int], None]

# What the machine keeps for itself: memory, and three quarters of the processes it can have.
_LEAST_KEPT_BYTES = 256 << 20
_KEPT_SHARE = 8
_PIDS_SHARE = 4
_MOST_PIDS = 16_384
# The kernel tells of an OOM before it has chosen whom to kill.
_LOOK_AGAIN_S = (0.005, 0.05, 0.25)
# A place is looked for when an engine starts.
_LOOK_AGAIN = "minidocker system stop    (the next one will look again)"
_KERNEL_NAMES = {"io": "blkio"}


class Cgroups:
    """Which container is in which group, and what this host can limit.

    Attributes:
        kind: ``v2``, ``v1`` or ``none``.
    """

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._manager = engine.lab.groups
        self.kind = self._manager.kind
        self._groups: dict[str, Group] = {}  # container id ->
        self._watched: dict[str, int] = {}  # container id -> what the watch knows it by
        self._kills: dict[str, int] = {}  # container id -> how many were told
        self._watch: OomWatch | None = None
        self._listeners: list[OomListener] = []
        self._lab_limits = Limits()

    def open(self) -> None:
        """Limit the lab, and begin to listen; from inside the event loop."""
        if self.kind == "none":
            return
        self._watch = OomWatch()
        asyncio.get_running_loop().add_reader(self._watch.fileno(), self._on_oom)
        try:
            self.limit_lab(self._default_lab_limits())
        except (InvalidArgument, NotImplementedHere) as error:
            LOG.warning("the lab is not limited as a whole: %s", error)

    def close(self) -> None:
        """Stop listening."""
        if self._watch is not None:
            asyncio.get_running_loop().remove_reader(self._watch.fileno())
            self._watch.close()
            self._watch = None

    # -- what this host can do ----------------------------------------------------------------

    def why_not(self, feature: str) -> tuple[str, str] | None:
        """Tell why a feature cannot be had here: (reason, remedy); None when it can.

        Args:
            feature: one of kernel.cgroup.manager.FEATURES.
        """
        reason = self._manager.missing.get(feature)
        if reason is None:
            return None
        remedy = self._manager.remedy
        return reason, f"{remedy}\n{_LOOK_AGAIN}" if remedy else ""

    # -- whose group is whose -----------------------------------------------------------------

    def group_of(self, container: "Container") -> "Group | None":
        """Return the group of a running container; None when it does not run or has none."""
        return self._groups.get(container.id)

    def paths_of(self, container: "Container") -> dict[str, str]:
        """Return {controller, as the kernel calls it: directory}; empty when it does not run."""
        group = self._groups.get(container.id)
        if group is None:
            return {}
        names = _KERNEL_NAMES if self.kind == "v1" else {}
        return {names.get(name, name): directory for name, directory in group.paths.items()}

    def occupy(self, container: "Container", group: "Group | None") -> None:
        """A parked child is about to become ``container``: so does its group."""
        if group is None:
            return
        self._groups[container.id] = group
        if self._watch is None:
            return
        try:
            self._watched[container.id] = self._watch.add(group)
        except OSError as error:
            LOG.warning("container %s: OOM is not watched: %s", container.name, error)

    def vacate(self, container: "Container") -> None:
        """A container has ended, or did not come to life; safe to repeat.

        Tells the last OOM, and only then forgets whose group it was.
        """
        group = self._groups.get(container.id)
        if group is None:
            return
        self._tell(container, group)
        del self._groups[container.id]
        self._kills.pop(container.id, None)
        watched = self._watched.pop(container.id, -1)
        if self._watch is not None:
            self._watch.remove(watched)

    # -- out of memory ------------------------------------------------------------------------

    def listen_oom(self, listener: OomListener) -> None:
        """Have ``listener(container, kills)`` called when the kernel has killed for want of memory.

        ``kills`` is how many in this life; it is called before the exit of the container is booked.
        """
        self._listeners.append(listener)

    def _on_oom(self) -> None:
        if self._watch is None:
            return
        for group in self._watch.ready():
            for container_id, mine in list(self._groups.items()):
                if mine is group:
                    self._look(container_id, group, 0)

    def _look(self, container_id: str, group: "Group", turn: int) -> None:
        if self._groups.get(container_id) is not group:
            return  # it has ended, and was told then
        container = self.engine.containers.index.by_id.get(container_id)
        if container is None or self._tell(container, group) or turn == len(_LOOK_AGAIN_S):
            return
        loop = asyncio.get_running_loop()
        loop.call_later(_LOOK_AGAIN_S[turn], self._look, container_id, group, turn + 1)

    def _tell(self, container: "Container", group: "Group") -> bool:
        """Tell the listeners if more processes were killed than they know; return whether so."""
        kills = group.oom_kills()
        if kills <= self._kills.get(container.id, 0):
            return False
        self._kills[container.id] = kills
        for listener in self._listeners:
            listener(container, kills)
        return True

    # -- the lab as a whole -------------------------------------------------------------------

    def lab_limits(self) -> "Limits":
        """Return the limits around all containers together."""
        return self._lab_limits

    def lab_paths(self) -> dict[str, str]:
        """Return {controller: directory} of the group around all containers."""
        return dict(self._manager.bases)

    def lab_usage(self) -> "Usage":
        """Return what all containers together use.

        Raises:
            NotImplementedHere: there are no groups on this host.
        """
        self._check_lab()
        return self._manager.lab().usage()

    def limit_lab(self, limits: "Limits") -> None:
        """Change the limits around all containers together; what is not mentioned stays.

        It may take seconds, as memory that is in use must be taken back: not for the event loop,
        unless nothing runs yet.

        Raises:
            NotImplementedHere: this host cannot.
            InvalidArgument: the kernel does not take the values.
        """
        self._check_lab()
        for feature in limits.needs():
            if (answer := self.why_not(feature)) is not None:
                raise NotImplementedHere(
                    f"the lab's {feature} cannot be limited on this host: {answer[0]}",
                    hint=answer[1],
                )
        try:
            self._manager.lab().apply(limits)
        except OSError as error:
            raise InvalidArgument(
                f"the kernel does not take these limits for the lab: {error.filename}:"
                f" {error.strerror}",
                hint="stop some containers first, or give the lab more than they use now",
            ) from error
        self._lab_limits = replace(self._lab_limits, **limits.given())

    def _check_lab(self) -> None:
        if self.kind == "none":
            reason, remedy = self.why_not("memory") or ("", "")
            raise NotImplementedHere(f"the lab cannot be limited here: {reason}", hint=remedy)

    def _default_lab_limits(self) -> "Limits":
        total, swap = _memory_bytes()
        memory = total - max(_LEAST_KEPT_BYTES, total // _KEPT_SHARE)
        has = {name: self.why_not(name) is None for name in ("memory", "swap", "pids")}
        return Limits(
            memory_bytes=max(memory, total // 2) if has["memory"] else 0,
            # Without swap there is nothing to keep, and there may be some later.
            memory_swap_bytes=max(memory, total // 2) + swap // 2 if has["swap"] and swap else 0,
            pids_max=_most_pids() if has["pids"] else 0,
        )


def _memory_bytes() -> tuple[int, int]:
    """Return the machine's memory and swap."""
    found = {"MemTotal": 0, "SwapTotal": 0}
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0]) << 10
    return found["MemTotal"], found["SwapTotal"]


def _most_pids() -> int:
    """Return how many processes and threads the lab may have: a part of what the machine has."""
    most = []
    for name in ("pid_max", "threads-max"):
        with open(f"/proc/sys/kernel/{name}", encoding="ascii") as file:
            most.append(int(file.read()))
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    if soft != resource.RLIM_INFINITY:
        most.append(soft)
    return min(min(most) // _PIDS_SHARE, _MOST_PIDS)
