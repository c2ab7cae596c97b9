"""/_ping, /version, /info, /events, /system/df, /minidocker/engine and the engine's end."""

import os
import signal
from collections.abc import AsyncIterator

import msgspec

from pyminidocker.api.message import NO_CONTENT, Answer, Outcome, Request, Streaming, as_json
from pyminidocker.api.router import Route
from pyminidocker.api.schema import containers as container_schema
from pyminidocker.api.schema import images as image_schema
from pyminidocker.api.schema import system as schema
from pyminidocker.api.schema.times import parse_timestamp
from pyminidocker.engine.engine import Engine
from pyminidocker.engine.events import EventStream

_PING_HEADERS = (
    ("Builder-Version", "1"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("Pragma", "no-cache"),
)
_PING = Answer(200, b"OK", "text/plain; charset=utf-8", _PING_HEADERS)
_PING_HEAD = Answer(200, b"", "text/plain; charset=utf-8", _PING_HEADERS)


def ping(engine: Engine, request: Request) -> Outcome:
    """GET or HEAD /_ping: what nearly every docker command begins with."""
    del engine
    return _PING_HEAD if request.method == "HEAD" else _PING


def version(engine: Engine, request: Request) -> Outcome:
    """GET /version."""
    del engine, request
    return as_json(schema.version())


def info(engine: Engine, request: Request) -> Outcome:
    """GET /info."""
    del request
    return as_json(schema.info(engine.system.info()))


def events(engine: Engine, request: Request) -> Outcome:
    """GET /events."""
    stream = engine.events.subscribe(
        since=parse_timestamp(request.query.get("since", ""), "since"),
        until=parse_timestamp(request.query.get("until", ""), "until"),
        filters=request.filters(),
    )
    return Streaming(_events(stream))


async def _events(stream: EventStream) -> AsyncIterator[bytes]:
    try:
        async for event in stream:
            yield msgspec.json.encode(schema.event(event)) + b"\n"
    finally:
        stream.close()


async def disk_usage(engine: Engine, request: Request) -> Outcome:
    """GET /system/df."""
    del request
    usage = await engine.system.disk_usage()
    listings = {listing.image.id: listing for listing in engine.images.list(all=True)}
    images = []
    for used in usage.images:
        if (listing := listings.get(used.id)) is not None:
            row = image_schema.list_row(listing, used.containers)
            row.update(SharedSize=used.shared_size_bytes, Size=used.size_bytes)
            images.append(row)
    return as_json(
        {
            "LayersSize": usage.layers_size_bytes,
            "Images": images,
            "Containers": [
                container_schema.list_row(container, usage.containers.get(container.id))
                for container in engine.containers.list(all=True)
            ],
            "Volumes": [
                {
                    **schema.volume(engine.volumes.get(used.name)),
                    "UsageData": {"RefCount": used.reference_count, "Size": used.size_bytes},
                }
                for used in usage.volumes
            ],
            "BuildCache": await _build_cache(engine),
            "BuilderSize": 0,
        }
    )


async def _build_cache(engine: Engine) -> list[dict[str, object]]:
    from pyminidocker.api.routes.build import builder_of  # most engines never build

    return await builder_of(engine).usage_rows()


def facts(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/engine."""
    del request
    return as_json(schema.facts(engine.system.facts()))


def shutdown(engine: Engine, request: Request) -> Outcome:
    """POST /minidocker/shutdown: as if the engine had received SIGTERM."""
    del engine, request
    os.kill(os.getpid(), signal.SIGTERM)
    return NO_CONTENT


ROUTES: list[Route] = [
    ("HEAD", "/_ping", ping),
    ("GET", "/_ping", ping),
    ("GET", "/version", version),
    ("GET", "/info", info),
    ("GET", "/events", events),
    ("GET", "/system/df", disk_usage),
    ("GET", "/minidocker/engine", facts),
    ("POST", "/minidocker/shutdown", shutdown),
]
