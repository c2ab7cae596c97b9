"""``create``: check, merge with the image, make the volumes and the directory, write the record.

Everything that can be refused is refused before the first file exists; what fails later (a full
disk) takes back what was made.
"""

import errno
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyminidocker.engine import (
    create_checks,
    create_networks,
    database,
    image_defaults,
    limits,
    mounts,
    security,
    volume_fill,
)
from pyminidocker.engine.container import Container
from pyminidocker.engine.records import (
    ContainerConfig,
    ContainerRecord,
    EndpointRecord,
    HostOptions,
)
from pyminidocker.errors import NotFound
from pyminidocker.ids import new_id, new_name
from pyminidocker.images.atomic import disk_failure
from pyminidocker.images.records import Image
from pyminidocker.images.trees import remove_tree

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


async def create(
    engine: "Engine",
    config: ContainerConfig,
    host: HostOptions,
    endpoints: Mapping[str, EndpointRecord] | None,
    name: str,
    of: Image | None = None,
    purpose: str = "",
) -> tuple[Container, list[str]]:
    """Make a container; see ``Containers.create``."""
    index = engine.containers.index
    create_checks.check(config, host, engine.lab)
    warnings = limits.settle(engine, host.resources)
    wanted = create_networks.wanted(engine, config, host, endpoints or {})
    image = of or _image(engine, config.image)
    if name:
        index.check_name(name)
        name = name.removeprefix("/")
    else:
        name = new_name(index.by_name.keys())
    image_defaults.merge(config, image.config.config)
    container_id = new_id()
    if not config.hostname:
        config.hostname = _host_name(engine) if host.network_mode == "host" else container_id[:12]
    resolved = mounts.resolve(engine, host, config.volumes)
    argv = image_defaults.command(config)
    record = ContainerRecord(
        id=container_id,
        name=name,
        created=time.time(),
        image_id=image.id,
        image=config.image,
        path=argv[0],
        args=argv[1:],
        config=config,
        host=host,
        mounts=resolved.points,
        endpoints=wanted,
        purpose=purpose,
    )
    container = Container(record, engine.directories.of(container_id))
    # The name is taken from here on: filling volumes waits, and others may ask for it meanwhile.
    index.add(container)
    try:
        await _make_directory(engine, container_id)
        container.size_on_disk = database.update(container.config_path, record, database.PAGE)
        if resolved.to_fill:
            await volume_fill.fill(engine, container, resolved.to_fill)
    except BaseException as error:
        index.discard(container)
        remove_tree(container.directory)
        engine.volumes.discard_new(resolved.made)
        if isinstance(error, OSError):
            raise disk_failure(error, f"creating container {name}") from error
        raise
    engine.events.emit("container", "create", container_id, container.event_attributes())
    return container, warnings + _warnings(host) + security.warnings(host, engine.lab)


def _warnings(host: HostOptions) -> list[str]:
    """Return what a client should tell its user about options that have no effect."""
    if host.network_mode == "host" and host.port_bindings:
        return ["Published ports are discarded when using host network mode"]
    return []


def _host_name(engine: "Engine") -> str:
    """Return the name of what ``--network host`` shows: the lab host, or the real machine."""
    return engine.lab.machine_name if engine.lab.has_machine_network else os.uname().nodename


def _image(engine: "Engine", ref: str) -> Image:
    try:
        return engine.images.get(ref)
    except NotFound as error:
        from pyminidocker.images.base.bootstrap import ALL_NAMES  # costs more than a start

        name = ref.partition(":")[0]
        if name in ALL_NAMES:
            hint = f"make it on this machine: minidocker image bootstrap {name}"
        else:
            hint = (
                f"get it from its registry: minidocker pull {ref}; or make a base image on this"
                f" machine: minidocker image bootstrap {' '.join(ALL_NAMES)}"
            )
        raise NotFound(str(error), hint=hint) from error


async def _make_directory(engine: "Engine", container_id: str) -> None:
    try:
        engine.directories.make(container_id)
    except OSError as error:
        remove_tree(engine.directories.of(container_id))
        if error.errno != errno.ENOSPC or not await engine.directories.clear():
            raise
        engine.directories.make(container_id)
