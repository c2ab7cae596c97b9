"""/containers/{name}/{pause,unpause,stats}, /minidocker/stats: hold containers, watch them."""

from collections.abc import Callable

import msgspec

from pyminidocker.api.message import NO_CONTENT, Outcome, Request, Streaming, as_json
from pyminidocker.api.router import Route
from pyminidocker.api.schema import stats as schema
from pyminidocker.engine.container import Container
from pyminidocker.engine.engine import Engine
from pyminidocker.engine.stats import INTERVAL_S, Latest
from pyminidocker.errors import InvalidArgument


async def pause(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/pause."""
    await engine.containers.pause(request.name)
    return NO_CONTENT


async def unpause(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/unpause."""
    await engine.containers.unpause(request.name)
    return NO_CONTENT


async def container_stats(engine: Engine, request: Request) -> Outcome:
    """GET /containers/{name}/stats: Docker's document, once or every second.

    One that does not run has nothing but zeros; the stream ends when the container is removed.
    """
    container = engine.containers.get(request.name)
    if request.flag("stream", default=True):

        def encode(latest: Latest) -> bytes:
            if container.id not in engine.containers.index.by_id:
                return b""
            return _line(schema.docker_stats(container, latest.get(container.id)))

        return Streaming(engine.stats.follow(lambda: [container], encode))
    if request.flag("one-shot"):
        latest = await engine.stats.once([container])
    else:
        latest = await engine.stats.twice([container])
    return as_json(schema.docker_stats(container, latest.get(container.id)))


async def all_stats(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/stats: a row for each container, once or again and again.

    Query: ``name`` (several; default: all that run), ``all`` (those too that do not run),
    ``stream``, ``interval`` in seconds, ``one-shot`` (without a share of processors, at once).
    """
    names = [name for name in request.all_of("name") if name]
    select = _selection(engine, names, everything=request.flag("all"))

    def rows(latest: Latest) -> list[schema.Json]:
        return [schema.row(one, latest.get(one.id)) for one in select()]

    if request.flag("stream"):

        def encode(latest: Latest) -> bytes:
            found = rows(latest)
            return b"" if names and not found else _line(found)  # all of them were removed

        return Streaming(engine.stats.follow(select, encode, _interval(request)))
    if request.flag("one-shot"):
        return as_json(rows(await engine.stats.once(select())))
    return as_json(rows(await engine.stats.twice(select())))


def _selection(
    engine: Engine, names: list[str], *, everything: bool
) -> Callable[[], list[Container]]:
    known = engine.containers.index.by_id
    if names:
        given = [engine.containers.get(name) for name in names]
        return lambda: [one for one in given if one.id in known]
    return lambda: engine.containers.list(all=everything)


def _interval(request: Request) -> float:
    text = request.query.get("interval", "")
    try:
        return float(text) if text else INTERVAL_S
    except ValueError:
        raise InvalidArgument(f"invalid interval: {text!r}") from None


def _line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


ROUTES: list[Route] = [
    ("POST", "/containers/{name}/pause", pause),
    ("POST", "/containers/{name}/unpause", unpause),
    ("GET", "/containers/{name}/stats", container_stats),
    ("GET", "/minidocker/stats", all_stats),
]
