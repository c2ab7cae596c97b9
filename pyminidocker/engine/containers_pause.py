"""``pause`` and ``unpause``: the freezer, which stops processes without their knowing.

A signal such as SIGSTOP is seen by a process's parent, and can be undone by anybody of the same
user; the freezer is a property of the group, so it also holds what is started meanwhile.

A process that is frozen dies only when it is thawed (in version 1 of cgroups), so whatever is meant
to end a paused container wakes it: see ``wakes``.

See: moby daemon/pause.go, unpause.go, kill.go; kernel cgroup-v1/freezer-subsystem.rst.
"""

import asyncio
import logging
from signal import SIGKILL
from typing import TYPE_CHECKING

from pyminidocker.engine import states
from pyminidocker.engine.container import Container
from pyminidocker.errors import Conflict, NotImplementedHere, SystemFailure
from pyminidocker.kernel.signals import parse_signal

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.kernel.cgroup.manager import Group

LOG = logging.getLogger("minidockerd")


async def pause(engine: "Engine", container: Container) -> None:
    """Freeze all processes of a container; see ``Containers.pause``."""
    async with container.lock:  # a start under way comes first
        states.check("pause", container.status, container_id=container.id, name=container.name)
        group = _group(engine, container)
        state = container.record.state
        # Before the freezing: whoever wants to kill it from now on knows that he has to wake it.
        state.status = "paused"
        failure = None
        try:
            await asyncio.to_thread(group.freeze)
        except OSError as error:
            failure = error
        if container.status != "paused":  # it ended, or was woken to end
            _thaw(container, group)
            raise Conflict(f"Container {container.id} is not running")
        if failure is not None:
            state.status = "running"
            _thaw(container, group)
            raise SystemFailure(f"Cannot pause container {container.id}: {failure}") from failure
        if container.health is not None:
            container.health.hold()
        container.save()
    engine.events.emit("container", "pause", container.id, container.event_attributes())


async def unpause(engine: "Engine", container: Container) -> None:
    """Let a paused container go on; see ``Containers.unpause``."""
    async with container.lock:
        states.check("unpause", container.status, container_id=container.id, name=container.name)
        wake(engine, container)


def wake(engine: "Engine", container: Container) -> None:
    """Let a container go on that is paused.

    Raises:
        SystemFailure: the kernel refuses.
    """
    group = engine.cgroups.group_of(container)
    if group is not None:
        try:
            group.thaw()
        except OSError as error:
            raise SystemFailure(f"Cannot unpause container {container.id}: {error}") from error
    container.record.state.status = "running"
    if container.health is not None:
        container.health.go_on()
    container.save()
    engine.events.emit("container", "unpause", container.id, container.event_attributes())


def wakes(container: Container, signal: int) -> bool:
    """Tell whether a signal wakes a paused container.

    SIGKILL does, and its stop signal; any other does so when it names no stop signal of its own,
    and else waits until somebody unpauses the container.

    See: moby daemon/kill.go, killWithSignal.
    """
    stop_signal = container.record.config.stop_signal
    return not stop_signal or signal in (SIGKILL, parse_signal(stop_signal))


def _group(engine: "Engine", container: Container) -> "Group":
    """Return the group to freeze.

    Raises:
        NotImplementedHere: this host has no freezer for us.
    """
    absent = engine.cgroups.why_not("freezer")
    group = engine.cgroups.group_of(container)
    if absent is None and group is not None:
        return group
    why, remedy = absent or ("it was started without a group", "start it again")
    raise NotImplementedHere(
        f"Cannot pause container {container.id}: {why}",
        hint=remedy or f"stop its first process: minidocker kill -s STOP {container.name}",
    )


def _thaw(container: Container, group: "Group") -> None:
    try:
        group.thaw()
    except OSError as error:
        if container.is_running:
            LOG.warning("cannot thaw container %s: %s", container.name, error)
