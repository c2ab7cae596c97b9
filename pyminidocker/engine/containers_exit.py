"""The end of a life: streams to their end, books closed, policy asked, waiters woken."""

import asyncio
import os
import time
from typing import TYPE_CHECKING

from pyminidocker.engine import etc_files, restart, start_network
from pyminidocker.engine.container import Container
from pyminidocker.engine.records import MountPoint

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


def exited(engine: "Engine", container: Container, exit_code: int) -> None:
    """Do everything that follows from the end of the first process.

    All processes of the pid namespace are gone when this is called, so reading the pipes to their
    end takes no waiting.
    """
    os.close(container.pidfd)
    container.pidfd = -1
    engine.cgroups.vacate(container)
    record, state = container.record, container.record.state
    container.hub.finish()
    if container.health is not None:
        container.health.stop()
        container.health = None
    state.pid = 0
    state.exit_code = exit_code
    state.finished_at = time.time()
    delay_s = restart.delay_after_exit(container)
    state.status = "exited" if delay_s is None else "restarting"
    engine.events.emit(
        "container",
        "die",
        container.id,
        {**container.event_attributes(), "exitCode": str(exit_code)},
    )
    release(engine, container)
    engine.execs.container_exited(container)
    container.announce_exit()
    if delay_s is not None:
        engine.containers.restart_after(container, delay_s)
    elif record.host.auto_remove and not engine.is_stopping:
        engine.containers.remove_soon(container)
        return  # its record is about to go; "exited" need not be written
    # After the waiters were told: whoever removes the container at once spares us this write.
    asyncio.get_running_loop().call_soon(_save, engine, container)


def _save(engine: "Engine", container: Container) -> None:
    if engine.containers.index.by_id.get(container.id) is container:
        container.save()


def release(engine: "Engine", container: Container) -> None:
    """Take back ports, names, addresses, /etc files and the use of volumes; safe to repeat."""
    for mount in container.record.mounts:
        if mount.type == "volume":
            emit_volume(engine, container, mount, "unmount")
    engine.publishing.release(container)
    engine.dns.close(container)
    start_network.release(engine, container)
    etc_files.remove_all(engine, container.id)


def emit_volume(engine: "Engine", container: Container, mount: MountPoint, action: str) -> None:
    """Tell that a volume was mounted into or unmounted from a container."""
    attributes = {"container": container.id, "driver": mount.driver}
    if action == "mount":
        attributes.update(
            {
                "destination": mount.destination,
                "propagation": mount.propagation,
                "read/write": "true" if mount.rw else "false",
            }
        )
    engine.events.emit("volume", action, mount.name, attributes)
