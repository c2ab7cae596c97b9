"""``rm`` and ``container prune``: the record first, then everything it stood for.

Once ``config.json`` is gone the container does not exist any more; its directory is rubbish,
cleared away in the background and, should the engine die before that, by the next one.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from pyminidocker.engine import containers_stop, restart, states
from pyminidocker.engine import filters as matching
from pyminidocker.engine.container import Container
from pyminidocker.engine.results import PruneReport
from pyminidocker.errors import Conflict, MiniDockerError, SystemFailure
from pyminidocker.images.trees import tree_size

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

LOG = logging.getLogger("minidockerd")
_PRUNE_FILTERS = frozenset(("until", "label", "label!"))


async def remove(engine: "Engine", container: Container, *, force: bool, volumes: bool) -> None:
    """Remove a container; see ``Containers.remove``."""
    verb = "remove -f" if force else "remove"
    states.check(verb, container.status, container_id=container.id, name=container.name)
    if force and container.status in ("running", "restarting", "paused"):
        try:
            await containers_stop.stop(engine, container, 0.0, "SIGKILL")
        except MiniDockerError as error:
            if not isinstance(error, Conflict) and container.is_running:
                raise SystemFailure(
                    f"cannot remove container {container.name}: could not kill: {error}"
                ) from error
    async with container.lock:
        if container.id not in engine.containers.index.by_id:
            return  # --rm was quicker
        states.check(verb, container.status, container_id=container.id, name=container.name)
        await remove_stopped(engine, container, volumes=volumes)


async def auto_remove(engine: "Engine", container: Container) -> None:
    """Remove a ``--rm`` container that ended; what stands in the way is only logged."""
    try:
        async with container.lock:
            if container.id in engine.containers.index.by_id and not container.is_running:
                await remove_stopped(engine, container, volumes=True)
    except MiniDockerError as error:
        LOG.warning("cannot remove container %s: %s", container.name, error)


async def remove_stopped(engine: "Engine", container: Container, *, volumes: bool) -> None:
    """Remove a container that does not run; the caller holds its lock.

    Raises:
        SystemFailure: its record cannot be deleted; it stays.
    """
    state = container.record.state
    before, state.status = state.status, "removing"
    restart.cancel(container)
    try:
        engine.directories.discard(container.id)
    except OSError as error:
        state.status = before
        raise SystemFailure(
            f"cannot remove container {container.name}: {error.strerror}: {error.filename}"
        ) from error
    engine.containers.index.discard(container)
    engine.execs.forget(container)
    container.hub.finish()
    engine.events.emit("container", "destroy", container.id, container.event_attributes())
    container.announce_removal()
    if container.record.mounts and volumes:
        await engine.volumes.remove_anonymous(
            [mount.name for mount in container.record.mounts if mount.name]
        )
    engine.images.container_removed()


async def prune(engine: "Engine", filters: matching.Filters | None) -> PruneReport:
    """Remove all containers that do not run; see ``Containers.prune``."""
    wanted = filters or {}
    matching.check_names(wanted, _PRUNE_FILTERS)
    until = matching.moment(wanted, "until")
    report = PruneReport()
    for container in list(engine.containers.index.by_id.values()):
        record = container.record
        if container.status not in ("created", "exited", "dead"):
            continue
        if until and record.created > until:
            continue
        if not matching.prune_labels_match(record.config.labels, wanted):
            continue
        size = await asyncio.to_thread(tree_size, container.upper_dir)
        try:
            await remove(engine, container, force=False, volumes=False)
        except MiniDockerError:
            continue  # somebody started or removed it meanwhile
        report.deleted.append(container.id)
        report.space_reclaimed_bytes += size
    engine.events.emit("container", "prune", "", {"reclaimed": str(report.space_reclaimed_bytes)})
    return report
