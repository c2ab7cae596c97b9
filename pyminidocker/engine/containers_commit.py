"""``commit``: a container's layer and config become an image."""

import asyncio
import json
import shlex
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyminidocker.engine import image_defaults
from pyminidocker.engine.container import Container
from pyminidocker.engine.records import ContainerConfig
from pyminidocker.errors import InvalidArgument
from pyminidocker.images.records import Image
from pyminidocker.oci.image_spec import HealthConfig, History, ImageConfig, RootFs, RunConfig
from pyminidocker.units import whole_number

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
    for line in changes:
        apply_change(run, line)
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


def apply_change(run: RunConfig, line: str) -> None:
    """Apply one Dockerfile line (``--change``).

    Raises:
        InvalidArgument: an instruction that does not only change the config, or a malformed one.
    """
    instruction, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    word = instruction.upper()
    if word not in _CHANGES:
        raise InvalidArgument(f"{instruction.lower()} is not a valid change command")
    if not rest:
        raise InvalidArgument(f"{word} requires at least one argument")
    _CHANGES[word](run, rest)


def _json_list(text: str) -> list[str] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return None


def _command(text: str) -> list[str]:
    given = _json_list(text)
    return ["/bin/sh", "-c", text] if given is None else given


def _words(text: str) -> list[str]:
    given = _json_list(text)
    if given is not None:
        return given
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InvalidArgument(f"malformed change {text!r}: {error}") from None


def _pairs(text: str) -> list[tuple[str, str]]:
    words = _words(text)
    if "=" not in words[0]:  # the old form: NAME value with blanks
        name, _, value = text.partition(" ")
        return [(name, value.strip())]
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InvalidArgument(
                f'Syntax error - can\'t find = in "{word}". Must be of the form: name=value'
            )
        pairs.append((name, value))
    return pairs


def _set_cmd(run: RunConfig, text: str) -> None:
    run.cmd = _command(text)


def _set_entrypoint(run: RunConfig, text: str) -> None:
    run.entrypoint = _command(text)


def _set_env(run: RunConfig, text: str) -> None:
    for name, value in _pairs(text):
        run.env = [item for item in run.env if item.partition("=")[0] != name]
        run.env.append(f"{name}={value}")


def _set_label(run: RunConfig, text: str) -> None:
    run.labels = {**(run.labels or {}), **dict(_pairs(text))}


def _set_expose(run: RunConfig, text: str) -> None:
    for port in _words(text):
        number, _, protocol = port.partition("/")
        if not 0 < whole_number(number) < 65536:
            raise InvalidArgument(f"invalid containerPort: {port}")
        run.exposed_ports[f"{number}/{protocol.lower() or 'tcp'}"] = {}


def _set_volume(run: RunConfig, text: str) -> None:
    run.volumes = {**(run.volumes or {}), **{path: {} for path in _words(text)}}


def _set_user(run: RunConfig, text: str) -> None:
    run.user = text


def _set_workdir(run: RunConfig, text: str) -> None:
    run.working_dir = text if text.startswith("/") else f"{run.working_dir.rstrip('/')}/{text}"


def _set_stop_signal(run: RunConfig, text: str) -> None:
    run.stop_signal = text


def _set_health(run: RunConfig, text: str) -> None:
    from pyminidocker.dockerfile.instructions import HealthCheck
    from pyminidocker.dockerfile.parser import parse_trigger

    given = parse_trigger(f"HEALTHCHECK {text}")
    assert isinstance(given, HealthCheck)
    run.healthcheck = HealthConfig(
        test=list(given.test),
        interval=given.interval_ns,
        timeout=given.timeout_ns,
        start_period=given.start_period_ns,
        start_interval=given.start_interval_ns,
        retries=given.retries,
    )


def _add_on_build(run: RunConfig, text: str) -> None:
    run.on_build = [*(run.on_build or []), text]


_CHANGES = {
    "CMD": _set_cmd,
    "ENTRYPOINT": _set_entrypoint,
    "ENV": _set_env,
    "EXPOSE": _set_expose,
    "HEALTHCHECK": _set_health,
    "LABEL": _set_label,
    "ONBUILD": _add_on_build,
    "STOPSIGNAL": _set_stop_signal,
    "USER": _set_user,
    "VOLUME": _set_volume,
    "WORKDIR": _set_workdir,
}
