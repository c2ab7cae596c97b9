"""``diff`` and sizes: what a container has written into its own layer."""

import asyncio
from typing import TYPE_CHECKING

from pyminidocker.engine.container import Container
from pyminidocker.engine.results import Change, ContainerSize
from pyminidocker.images.diff import changes
from pyminidocker.images.trees import tree_size

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


async def diff(engine: "Engine", container: Container) -> list[Change]:
    """Return the container's changes; see ``Containers.diff``."""
    layers = engine.images.by_id(container.record.image_id).layers
    found = await asyncio.to_thread(changes, container.upper_dir, layers)
    return [Change(change.path, change.kind) for change in found]


async def size(engine: "Engine", container: Container) -> ContainerSize:
    """Measure the writable layer; see ``Containers.size``."""
    own = await asyncio.to_thread(tree_size, container.upper_dir)
    return ContainerSize(own, own + engine.images.by_id(container.record.image_id).size)
