"""RUN: a real container on the stage so far; what it wrote becomes a layer.

The container is listed while it runs, can be looked into with exec, and is removed in any case.
Volumes of the image are not mounted, so that what a RUN writes there stays in the image, as with
BuildKit.

See: moby builder/dockerfile/dispatchers.go, dispatchRun.
"""

import codecs
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from pyminidocker.build.failures import StepFailed
from pyminidocker.build.mounts import stubs
from pyminidocker.build.options import BuildOptions
from pyminidocker.build.state import State
from pyminidocker.build.threads import in_thread
from pyminidocker.engine.records import ContainerConfig, HostOptions, MountRequest
from pyminidocker.engine.streams import STDERR, Subscription
from pyminidocker.images.records import Image, StoredLayer
from pyminidocker.oci.image_spec import ImageConfig, RootFs

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine

Write = Callable[[str, str], Awaitable[None]]
_SHM_BYTES = HostOptions().shm_size_bytes


def stage_image(engine: "Engine", state: State) -> Image:
    """Return an image of a stage for its containers: the layers, and an empty config."""
    store = engine.images.store
    lower_dirs = [layer.directory for layer in reversed(state.layers)]
    config = ImageConfig(state.architecture, state.os, RootFs([]))
    return Image(
        id=state.image_id or "sha256:" + "0" * 64,
        manifest_digest="",
        config=config,
        layers=state.layers,
        blobs=(),
        lower_dirs=(store.init_layer, *lower_dirs),
        size=sum(layer.size for layer in state.layers),
        created=0.0,
    )


def container_of(
    state: State,
    image: Image,
    argv: Sequence[str],
    env: Sequence[str],
    *,
    network: str,
    options: BuildOptions,
    mounts: list[MountRequest],
) -> tuple[ContainerConfig, HostOptions]:
    """Return what the container of a RUN is made of.

    Args:
        state: gives user and working directory.
        image: of the stage.
        argv: the command.
        env: the whole environment.
        network: as in ``--network`` of a run.
        options: of the build.
        mounts: of the step.
    """
    config = ContainerConfig(
        image=image.id,
        user=state.run.user,
        env=list(env),
        cmd=list(argv),
        working_dir=state.run.working_dir,
        attach_stdout=True,
        attach_stderr=True,
    )
    host = HostOptions(
        network_mode=network,
        shm_size_bytes=options.shm_size_bytes or _SHM_BYTES,
        extra_hosts=list(options.extra_hosts),
        ulimits=list(options.ulimits),
        resources=structs.replace(options.resources),
        mounts=mounts,
    )
    return config, host


async def carry_out(
    engine: "Engine",
    state: State,
    config: ContainerConfig,
    host: HostOptions,
    image: Image,
    *,
    secret_env: list[str],
    epoch_s: int | None,
    write: Write,
    announce: Callable[[str], Awaitable[None]],
) -> StoredLayer | None:
    """Run the command; return the layer it made, None when it changed nothing.

    Args:
        engine: runs the container.
        state: of the stage.
        config: from ``container_of``; likewise ``host``.
        host: see there.
        image: from ``stage_image``.
        secret_env: variables that only the command sees.
        epoch_s: SOURCE_DATE_EPOCH.
        write: takes (stream, text) as it comes.
        announce: told the container's id once it is made, and "" when it is gone.

    Raises:
        StepFailed: the command ended with another code than 0.
        MiniDockerError: the container could not be made, or the command not be started.
    """
    targets = [request.target for request in host.mounts]
    tidy = await in_thread(lambda: stubs(state.layers, targets)) if targets else None
    with engine.images.lend(image):
        container, _ = await engine.containers.create(config, host, of=image, purpose="build")
        container.secret_env = secret_env
        try:
            await announce(container.id)
            code = await _run(engine, container, write)
            if code:
                raise StepFailed(
                    f"The command '{' '.join(config.cmd or ())}' returned a non-zero code: {code}",
                    code,
                )
            if tidy is not None:
                await in_thread(lambda: tidy(container.upper_dir))
            stored = await in_thread(
                lambda: engine.images.store.add_upper(
                    state.layers, container.upper_dir, clamp_mtime_s=epoch_s
                )
            )
        finally:
            await engine.containers.remove(container.id, force=True, volumes=True)
        await announce("")
        return stored


async def _run(engine: "Engine", container: "Container", write: Write) -> int:
    subscription = container.hub.subscribe()
    ended = container.on_exit()
    try:
        await engine.containers.start(container.id)
        await _pass_on(subscription, write)
        return (await ended).exit_code
    finally:
        subscription.close()
        ended.cancel()


async def _pass_on(subscription: Subscription, write: Write) -> None:
    """Hand the output on as text; a letter whose bytes come in two pieces stays whole."""
    make = codecs.getincrementaldecoder("utf-8")
    decoders = {"stdout": make("replace"), "stderr": make("replace")}
    async for stream, data in subscription:
        name = "stderr" if stream == STDERR else "stdout"
        if text := decoders[name].decode(data):
            await write(name, text)
    for name, decoder in decoders.items():
        if text := decoder.decode(b"", final=True):
            await write(name, text)
