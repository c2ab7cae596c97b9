"""Start a container again after its policy's pause."""

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from pyminidocker.engine import containers_start
from pyminidocker.engine.container import Container
from pyminidocker.errors import MiniDockerError

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

LOG = logging.getLogger("minidockerd")


def schedule(engine: "Engine", container: Container, delay_s: float) -> None:
    """Start ``container`` again in ``delay_s`` seconds unless somebody stops it before."""
    container.restart_timer = asyncio.get_running_loop().call_later(
        delay_s, lambda: engine.background(_again(engine, container))
    )


async def _again(engine: "Engine", container: Container) -> None:
    async with container.lock:
        if container.restart_timer is None or container.status != "restarting":
            return  # stopped or removed meanwhile
        container.restart_timer = None
        if engine.is_stopping:
            return
        try:
            await containers_start.launch(engine, container)
        except MiniDockerError as error:
            # As Docker: a policy does not insist on what cannot start at all.
            LOG.warning("cannot restart container %s: %s", container.name, error)
            container.record.state.status = "exited"
            container.record.state.finished_at = time.time()
            container.save()
            container.announce_exit()
