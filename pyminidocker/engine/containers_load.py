"""What an engine does about containers when it starts: load, sweep, mark as exited, start again.

The previous engine may have been killed at any moment.  All that ran then is gone with its lab, so
a record that says "running" becomes "exited" with code 255, as dockerd does for containers whose
end it did not see; ``--rm`` containers are removed; policies start what has to run.
"""

import logging
import os
import time
from typing import TYPE_CHECKING

from pyminidocker.engine import containers_start, database, restart
from pyminidocker.engine.container import Container
from pyminidocker.engine.records import ContainerRecord
from pyminidocker.errors import IntegrityError, MiniDockerError

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

LOG = logging.getLogger("minidockerd")
LOST_EXIT_CODE = 255


def load(engine: "Engine") -> None:
    """Read all records; corrupt ones are named in the log and left for a human to mend."""
    engine.directories.open()
    root = engine.directories.root
    index = engine.containers.index
    for entry in os.listdir(root):
        if entry.startswith("."):
            continue
        directory = f"{root}/{entry}"
        try:
            loaded = database.load(f"{directory}/config.json", ContainerRecord)
        except IntegrityError as error:
            engine.report_damage(error)
            continue
        if loaded is None:  # never finished, or removed but not cleared away
            if os.path.isdir(f"{directory}/diff") and os.listdir(f"{directory}/diff"):
                engine.report(
                    f"{directory}/config.json is blank, so this container is lost; its files are in"
                    f" {directory}/diff; remove {directory} when you have what you need"
                )
            else:
                engine.directories.discard(entry)
            continue
        record, size = loaded
        if record.id != entry or record.name in index.by_name:
            engine.report(f"{directory}/config.json names another container; left alone")
            continue
        if record.purpose == "build":
            engine.directories.discard(entry)
            continue
        container = Container(record, directory, size)
        _mark_as_lost(container)
        index.add(container)
    _sweep_etc(engine)


def _sweep_etc(engine: "Engine") -> None:
    os.makedirs(engine.etc_dir, mode=0o711, exist_ok=True)
    for entry in os.listdir(engine.etc_dir):
        os.unlink(f"{engine.etc_dir}/{entry}")


def _mark_as_lost(container: Container) -> None:
    record, state = container.record, container.record.state
    if state.status in ("running", "paused", "restarting"):
        if state.status != "restarting":
            state.exit_code = LOST_EXIT_CODE
            state.finished_at = time.time()
        state.status = "exited"
        if state.health is not None:
            state.health.status = "unhealthy"  # as at every end, see health.Monitor.stop
    elif state.status == "removing":
        state.status = "dead"
    else:
        return
    state.pid = 0
    for endpoint in record.endpoints.values():
        endpoint.clear()
    container.save()


async def resume(engine: "Engine") -> None:
    """Remove what has ``--rm``, start what its policy wants running, oldest first."""
    containers = sorted(
        engine.containers.index.by_id.values(), key=lambda item: item.record.created
    )
    for container in containers:
        if engine.is_stopping:
            return
        if container.record.host.auto_remove and container.status in ("exited", "dead"):
            engine.containers.remove_soon(container)
        elif restart.starts_with_engine(container):
            async with container.lock:
                if container.status != "exited":
                    continue
                try:
                    await containers_start.launch(engine, container)
                except MiniDockerError as error:
                    LOG.warning("cannot restart container %s: %s", container.name, error)
