"""The network namespace of a running container, opened for a moment.

See: network_namespaces(7).
"""

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager

from pyminidocker.engine.container import Container
from pyminidocker.errors import Conflict
from pyminidocker.kernel import namespaces


@contextmanager
def netns_of(container: Container) -> Iterator[int]:
    """Open the network namespace of a running container; the descriptor is closed afterwards.

    Raises:
        Conflict: it does not run (any more).
    """
    if not container.is_running:
        raise Conflict(f"container {container.id} is not running")
    try:
        fd = namespaces.open_namespace(container.record.state.pid, "network")
    except OSError as error:
        raise Conflict(f"container {container.id} is not running") from error
    try:
        ended = select.poll()
        ended.register(container.pidfd, select.POLLIN)
        if ended.poll(0):  # its number may be another's already
            raise Conflict(f"container {container.id} is not running")
        yield fd
    finally:
        os.close(fd)
