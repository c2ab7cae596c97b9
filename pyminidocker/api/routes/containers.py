"""/containers: create, list, inspect, and the verbs that change a container's state."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from pyminidocker.api.message import NO_CONTENT, Answer, Outcome, Request, Streaming, as_json
from pyminidocker.api.router import Route
from pyminidocker.api.schema import containers as schema
from pyminidocker.api.schema import create as bodies
from pyminidocker.api.schema import networks, resources
from pyminidocker.engine import links
from pyminidocker.engine.container import Container
from pyminidocker.engine.engine import Engine
from pyminidocker.engine.records import RestartPolicy
from pyminidocker.engine.results import ContainerSize, WaitResult
from pyminidocker.errors import MiniDockerError, NotFound, NotImplementedHere


async def create(engine: Engine, request: Request) -> Outcome:
    """POST /containers/create."""
    body = await request.document(bodies.CreateBody)
    if platform := request.query.get("platform", ""):
        engine.images.check_platform(body.image or "", platform)
    container, warnings = await engine.containers.create(
        bodies.container_config(body),
        bodies.host_options(body.host_config),
        endpoints=networks.endpoints(body.networking_config),
        name=request.query.get("name", ""),
    )
    return as_json({"Id": container.id, "Warnings": warnings}, 201)


def _image_shown(engine: Engine, container: Container) -> str:
    """Return the image's name, or its id when that name means another image by now."""
    record = container.record
    try:
        if engine.images.get(record.image).id == record.image_id:
            return record.image
    except MiniDockerError:
        pass
    return record.image_id


def list_containers(engine: Engine, request: Request) -> "Outcome | asyncio.Future[Outcome]":
    """GET /containers/json."""
    limit = request.number("limit") or 0
    found = engine.containers.list(
        all=request.flag("all"), limit=max(0, limit), filters=request.filters()
    )
    if request.flag("size"):
        return asyncio.ensure_future(_list_with_sizes(engine, found))
    rows = [schema.list_row(container) for container in found]
    for row, container in zip(rows, found, strict=True):
        row["Image"] = _image_shown(engine, container)
    return as_json(rows)


async def _list_with_sizes(engine: Engine, found: list[Container]) -> Outcome:
    rows = []
    for container in found:
        row = schema.list_row(container, await engine.containers.size(container.id))
        row["Image"] = _image_shown(engine, container)
        rows.append(row)
    return as_json(rows)


def inspect(engine: Engine, request: Request) -> "Outcome | asyncio.Future[Outcome]":
    """GET /containers/{name}/json."""
    container = engine.containers.get(request.name)
    if request.flag("size"):
        return asyncio.ensure_future(_inspect_with_size(engine, container))
    return as_json(_inspected(engine, container, None))


async def _inspect_with_size(engine: Engine, container: Container) -> Outcome:
    size = await engine.containers.size(container.id)
    return as_json(_inspected(engine, container, size))


def _inspected(engine: Engine, container: Container, size: ContainerSize | None) -> dict[str, Any]:
    found = schema.inspect(container, _lower_dirs(engine, container), size)
    found["Minidocker"] = {"Cgroup": resources.group(engine, container)}
    return found


def _lower_dirs(engine: Engine, container: Container) -> tuple[str, ...]:
    try:
        return tuple(engine.images.lower_dirs(container.record.image_id))
    except NotFound:
        return ()


async def start(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/start."""
    if request.query.get("checkpoint"):
        raise NotImplementedHere(
            "starting from a checkpoint is not supported by this engine",
            hint="'minidocker checkpoint' says what is missing",
        )
    await engine.containers.start(request.name)
    return NO_CONTENT


async def stop(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/stop."""
    await engine.containers.stop(
        request.name, timeout_s=request.number("t"), signal=request.query.get("signal", "")
    )
    return NO_CONTENT


async def restart(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/restart."""
    await engine.containers.restart(
        request.name, timeout_s=request.number("t"), signal=request.query.get("signal", "")
    )
    return NO_CONTENT


async def kill(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/kill."""
    await engine.containers.kill(request.name, signal=request.query.get("signal") or "SIGKILL")
    return NO_CONTENT


async def remove(engine: Engine, request: Request) -> Outcome:
    """DELETE /containers/{name}."""
    if request.flag("link"):
        links.remove(engine, request.name)
        return NO_CONTENT
    await engine.containers.remove(
        request.name, force=request.flag("force"), volumes=request.flag("v")
    )
    return NO_CONTENT


def rename(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/rename."""
    engine.containers.rename(request.name, request.query.get("name", ""))
    return NO_CONTENT


async def update(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/update."""
    body = await request.document(bodies.UpdateBody)
    restart_policy = None
    if (given := body.restart_policy) is not None and given.name:
        restart_policy = RestartPolicy(given.name, given.maximum_retry_count or 0)
    warnings = await engine.containers.update(
        request.name, restart=restart_policy, resources=resources.resources(body)
    )
    return as_json({"Warnings": warnings or None})


def wait(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/wait: the head at once, the body at the end.

    Docker's clients start a container when they have seen the head; those that only want to know
    the end say ``early=0`` and are woken once.
    """
    condition = request.query.get("condition") or "not-running"
    future = engine.containers.wait(request.name, condition=condition)
    if future.done():
        return Answer(200, _wait_body(future.result()))
    return Streaming(_wait(future), early=request.flag("early", default=True))


async def _wait(future: "asyncio.Future[WaitResult]") -> AsyncIterator[bytes]:
    yield _wait_body(await future)


def _wait_body(result: WaitResult) -> bytes:
    error = {"Message": result.error} if result.error else None
    return msgspec.json.encode({"StatusCode": result.exit_code, "Error": error}) + b"\n"


def resize(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/resize."""
    engine.containers.resize(
        request.name, rows=request.number("h") or 0, cols=request.number("w") or 0
    )
    return Answer(200)


async def top(engine: Engine, request: Request) -> Outcome:
    """GET /containers/{name}/top."""
    found = await engine.containers.top(request.name, request.query.get("ps_args", ""))
    return as_json({"Titles": found.titles, "Processes": found.processes})


async def changes(engine: Engine, request: Request) -> Outcome:
    """GET /containers/{name}/changes."""
    found = await engine.containers.diff(request.name)
    return as_json([{"Path": change.path, "Kind": change.kind} for change in found] or None)


async def prune(engine: Engine, request: Request) -> Outcome:
    """POST /containers/prune."""
    report = await engine.containers.prune(request.filters())
    return as_json(
        {
            "ContainersDeleted": report.deleted or None,
            "SpaceReclaimed": report.space_reclaimed_bytes,
        }
    )


async def commit(engine: Engine, request: Request) -> Outcome:
    """POST /commit."""
    query = request.query
    body = await request.document(bodies.ConfigBody)
    config = bodies.container_config(body) if body != bodies.ConfigBody() else None
    image_id = await engine.containers.commit(
        query.get("container", ""),
        repository=query.get("repo", ""),
        tag=query.get("tag", ""),
        author=query.get("author", ""),
        comment=query.get("comment", ""),
        changes=[line for line in request.all_of("changes") if line.strip()],
        config=config,
        pause=request.flag("pause", default=True),
    )
    return as_json({"Id": image_id}, 201)


ROUTES: list[Route] = [
    ("POST", "/containers/create", create),
    ("GET", "/containers/json", list_containers),
    ("POST", "/containers/prune", prune),
    ("GET", "/containers/{name}/json", inspect),
    ("POST", "/containers/{name}/start", start),
    ("POST", "/containers/{name}/stop", stop),
    ("POST", "/containers/{name}/restart", restart),
    ("POST", "/containers/{name}/kill", kill),
    ("POST", "/containers/{name}/rename", rename),
    ("POST", "/containers/{name}/update", update),
    ("POST", "/containers/{name}/wait", wait),
    ("POST", "/containers/{name}/resize", resize),
    ("GET", "/containers/{name}/top", top),
    ("GET", "/containers/{name}/changes", changes),
    ("DELETE", "/containers/{name}", remove),
    ("POST", "/commit", commit),
]
