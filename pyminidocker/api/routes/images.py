"""/images, /minidocker/images, /minidocker/layers and /minidocker/compare."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from pyminidocker.api.message import Answer, Outcome, Request, Streaming, as_json
from pyminidocker.api.router import Route
from pyminidocker.api.schema import create as bodies
from pyminidocker.api.schema import images as schema
from pyminidocker.engine.engine import Engine
from pyminidocker.errors import InvalidArgument, MiniDockerError, NotFound


def list_images(engine: Engine, request: Request) -> Outcome:
    """GET /images/json."""
    shared = request.flag("shared-size")
    found = engine.images.list(all=request.flag("all"), filters=request.filters())
    return as_json([schema.list_row(listing, shared=shared) for listing in found])


def inspect(engine: Engine, request: Request) -> Outcome:
    """GET /images/{name}/json."""
    try:
        image = engine.images.get(request.name)
    except NotFound as error:
        # dockerd says it twice, and docker-py looks for the second half
        raise NotFound(f"no such image: {request.name}: {error}", hint=error.hint) from error
    store = engine.images.store
    return as_json(schema.inspect(image, store.tags(image.id), store.repo_digests(image.id)))


def history(engine: Engine, request: Request) -> Outcome:
    """GET /images/{name}/history."""
    return as_json(schema.history(engine.images.store.history(request.name)))


async def tag(engine: Engine, request: Request) -> Outcome:
    """POST /images/{name}/tag."""
    await engine.images.tag(
        request.name, request.query.get("repo", ""), request.query.get("tag", "")
    )
    return Answer(201)


async def remove(engine: Engine, request: Request) -> Outcome:
    """DELETE /images/{name}."""
    removed = await engine.images.remove(
        request.name,
        force=request.flag("force"),
        prune_parents=not request.flag("noprune"),
    )
    return as_json([{kind: target} for kind, target in removed])


async def prune(engine: Engine, request: Request) -> Outcome:
    """POST /images/prune."""
    report = await engine.images.prune(request.filters())
    return as_json(
        {
            "ImagesDeleted": [{kind: target} for kind, target in report.images] or None,
            "SpaceReclaimed": report.space_reclaimed_bytes,
        }
    )


async def bootstrap(engine: Engine, request: Request) -> Outcome:
    """POST /minidocker/images/bootstrap: progress as a stream of JSON lines."""
    body = await request.document(bodies.BootstrapBody)
    if not body.names:
        raise InvalidArgument("name at least one base image")
    return Streaming(_bootstrap(engine, body.names))


async def _bootstrap(engine: Engine, names: list[str]) -> AsyncIterator[bytes]:
    queue: asyncio.Queue[dict[str, str] | None] = asyncio.Queue()

    def progress(name: str, status: str) -> None:
        queue.put_nowait({"id": name, "status": status})

    async def work() -> None:
        try:
            await engine.images.bootstrap(names, progress)
        except MiniDockerError as error:
            hint = {"hint": error.hint} if error.hint else {}
            queue.put_nowait({"error": str(error), **hint})
        finally:
            queue.put_nowait(None)

    # It goes on when the client leaves: a half-made image would help nobody.
    task = asyncio.create_task(work())
    while (record := await queue.get()) is not None:
        yield msgspec.json.encode(record) + b"\n"
    await task


def layers(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/layers."""
    return as_json({"Layers": engine.images.layers(request.query.get("ref", ""))})


async def layer_file(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/layers/file."""
    layer = request.number("layer")
    if layer is None:
        raise InvalidArgument("parameter layer is missing")
    data = await engine.images.layer_file(
        request.query.get("ref", ""), layer, request.query.get("path", "")
    )
    return Answer(200, data, "application/octet-stream")


async def compare(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/compare."""
    query = request.query
    compared = await engine.images.compare(
        query.get("a", ""), query.get("b", ""), query.get("kind") or "auto"
    )
    return as_json(compared)


ROUTES: list[Route] = [
    ("GET", "/images/json", list_images),
    ("POST", "/images/prune", prune),
    ("GET", "/images/{name}/json", inspect),
    ("GET", "/images/{name}/history", history),
    ("POST", "/images/{name}/tag", tag),
    ("DELETE", "/images/{name}", remove),
    ("POST", "/minidocker/images/bootstrap", bootstrap),
    ("GET", "/minidocker/layers", layers),
    ("GET", "/minidocker/layers/file", layer_file),
    ("GET", "/minidocker/compare", compare),
]
