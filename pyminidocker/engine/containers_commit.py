"""``commit``: a container's layer and config become an image."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyminidocker.engine import image_defaults, states
from pyminidocker.engine.container import Container
from pyminidocker.engine.records import ContainerConfig
from pyminidocker.engine.stillness import still
from pyminidocker.oci import command_line
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
    pause: bool,
) -> str:
    """Make an image from a container; see ``Containers.commit``."""
    states.check("commit", container.status, container_id=container.id, name=container.name)
    parent = engine.images.by_id(container.record.image_id)
    run = run_config(container.record.config, overrides, changes)
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
    async with still(engine, [container] if pause else []):
        async with container.lock:  # nobody removes it meanwhile
            image = await asyncio.to_thread(
                lambda: engine.images.store.commit(
                    parent, container.upper_dir, config, name=name, comment=comment
                )
            )
        attributes = {**container.event_attributes(), "comment": comment, "imageID": image.id}
        if name:
            engine.events.emit("image", "tag", image.id, {"name": name})
            attributes["imageRef"] = name
        engine.events.emit("container", "commit", container.id, attributes)
    return image.id


def run_config(
    config: ContainerConfig, overrides: ContainerConfig | None, changes: Sequence[str]
) -> RunConfig:
    """Return the config of an image made from a container.

    What the client sent along is changed by the instructions, and what is still open is filled in
    from the container's.  ONBUILD and SHELL are an image's alone: containers have none, so the new
    image has none either.

    Args:
        config: the container's.
        overrides: what the client sent along, if anything; it counts as the whole config then.
        changes: Dockerfile lines.

    Raises:
        InvalidArgument: a malformed change.

    See: moby daemon/commit.go, CreateImageFromContainer and merge.
    """
    run = _of_image(overrides or config)
    if changes:
        from pyminidocker.engine.config_changes import apply_lines  # few commits need the language

        apply_lines(run, changes)
    below = _of_image(config)
    run.user = run.user or below.user
    run.exposed_ports = {**below.exposed_ports, **run.exposed_ports}
    names = {item.partition("=")[0] for item in run.env}
    run.env = run.env + [item for item in below.env if item.partition("=")[0] not in names]
    run.labels = {**(below.labels or {}), **(run.labels or {})} or None
    run.entrypoint, run.cmd = command_line.of_container(run.entrypoint, run.cmd, below)
    if below.healthcheck is not None:
        run.healthcheck = image_defaults.health_over(run.healthcheck, below.healthcheck)
    run.working_dir = run.working_dir or below.working_dir
    run.volumes = {**(below.volumes or {}), **(run.volumes or {})} or None
    run.stop_signal = run.stop_signal or below.stop_signal
    return run


def _of_image(config: ContainerConfig) -> RunConfig:
    """Return a container's config in an image's form."""
    check = config.healthcheck
    return RunConfig(
        user=config.user,
        exposed_ports={port: {} for port in config.exposed_ports},
        env=list(config.env),
        entrypoint=config.entrypoint,
        cmd=config.cmd,
        volumes={path: {} for path in config.volumes} or None,
        working_dir=config.working_dir,
        labels=dict(config.labels) or None,
        stop_signal=config.stop_signal,
        healthcheck=None if check is None else image_defaults.health_config(check),
    )
