"""What engine scenarios have in common: run, wait, read."""

from typing import Any

from pyminidocker.engine.container import Container
from pyminidocker.engine.engine import Engine
from pyminidocker.engine.records import ContainerConfig, ExecRecord, HostOptions
from pyminidocker.engine.results import WaitResult


async def create(engine: Engine, *argv: str, name: str = "", **options: Any) -> Container:
    """Make a busybox container; options of either kind by their record names."""
    config = {k: v for k, v in options.items() if k in ContainerConfig.__struct_fields__}
    host = {k: v for k, v in options.items() if k in HostOptions.__struct_fields__}
    assert len(config) + len(host) == len(options), options
    container, _ = await engine.containers.create(
        ContainerConfig(**{"image": "busybox", "cmd": list(argv), **config}),
        HostOptions(**host),
        name=name,
    )
    return container


async def start(engine: Engine, *argv: str, **options: Any) -> Container:
    """Make and start one."""
    container = await create(engine, *argv, **options)
    await engine.containers.start(container.id)
    return container


async def output(engine: Engine, container: Container) -> str:
    """Return all it wrote, stdout and stderr mixed."""
    records = [record async for record in engine.containers.logs(container.id)]
    return b"".join(record.data for record in records).decode()


async def run(engine: Engine, *argv: str, **options: Any) -> tuple[WaitResult, str]:
    """Run one to its end and remove it."""
    container = await start(engine, *argv, **options)
    result = await engine.containers.wait(container.id)
    text = await output(engine, container)
    await engine.containers.remove(container.id, volumes=True)
    return result, text


async def execute(
    engine: Engine, container: Container, *argv: str, **options: Any
) -> tuple[int, str]:
    """Run one more process in it; return exit code and output."""
    record = engine.execs.create(container.id, ExecRecord("", "", list(argv), **options))
    attachment = engine.execs.attach(record.id, stdin=False, stdout=True, stderr=True)
    await engine.execs.start(record.id)
    text = b"".join([data async for _, data in attachment]).decode()
    return await engine.execs.wait(record.id), text
