"""``commit``: a container's layer and config become an image."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyminidocker.engine import image_defaults
from pyminidocker.engine.container import Container
from pyminidocker.engine.records import ContainerConfig
from pyminidocker.images.records import Image
from pyminidocker.oci.image_spec import History, ImageConfig, RootFs, RunConfig

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


async def commit(
    engine: "Engine",
    container: Container,
    *,
    repository: str,
    tag: str,
    author: str,
    comment: str,
    changes: Sequence[str],
    overrides: ContainerConfig | None,
) -> str:
    """Make an image from a container; see ``Containers.commit``."""
    parent = engine.images.by_id(container.record.image_id)
    run = run_config(container.record.config, overrides, parent)
    if changes:
        from pyminidocker.engine.config_changes import apply_lines  # few commits need the language

        apply_lines(run, changes)
    name = ""
    if repository:
        name = f"{repository}:{tag or 'latest'}"
    created = datetime.fromtimestamp(time.time(), UTC).isoformat().replace("+00:00", "Z")
    command = container.record.config.cmd or []
    config = ImageConfig(
        architecture=parent.config.architecture,
        os=parent.config.os,
        rootfs=RootFs([]),
        created=created,
        author=author,
        variant=parent.config.variant,
        config=run,
        history=[
            *parent.config.history,
            History(created=created, created_by=" ".join(command), author=author, comment=comment),
        ],
    )
    async with container.lock:  # nobody removes it meanwhile
        image = await asyncio.to_thread(
            lambda: engine.images.store.commit(
                parent, container.upper_dir, config, name=name, comment=comment
            )
        )
    attributes = {**container.event_attributes(), "comment": comment, "imageID": image.id}
    if name:
        attributes["imageRef"] = name
    engine.events.emit("container", "commit", container.id, attributes)
    if name:
        engine.events.emit("image", "tag", image.id, {"name": name})
    return image.id


def run_config(
    config: ContainerConfig, overrides: ContainerConfig | None, parent: Image
) -> RunConfig:
    """Return the container's config in an image's form, with parts replaced.

    Args:
        config: the container's.
        overrides: what the client sent along; fields it leaves empty count as not given.
        parent: keeps what containers do not have (ONBUILD, SHELL).
    """
    given = overrides or ContainerConfig()
    check = given.healthcheck or config.healthcheck
    names = {item.partition("=")[0] for item in given.env}
    env = [item for item in config.env if item.partition("=")[0] not in names] + given.env
    return RunConfig(
        user=given.user or config.user,
        exposed_ports={port: {} for port in (*config.exposed_ports, *given.exposed_ports)},
        env=env,
        entrypoint=given.entrypoint or config.entrypoint,
        cmd=given.cmd or config.cmd,
        volumes={path: {} for path in (*config.volumes, *given.volumes)} or None,
        working_dir=given.working_dir or config.working_dir,
        labels={**config.labels, **given.labels} or None,
        stop_signal=given.stop_signal or config.stop_signal,
        healthcheck=None if check is None else image_defaults.health_config(check),
        shell=parent.config.config.shell,
        on_build=parent.config.config.on_build,
    )
