"""POST /build, /build/prune, and /minidocker/build/cache."""

from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec

from pyminidocker.api.message import Outcome, Request, Streaming, as_json
from pyminidocker.api.router import Route
from pyminidocker.engine.engine import Engine

if TYPE_CHECKING:  # most engines never build
    from pyminidocker.build.classic import Teller
    from pyminidocker.build.context import Context
    from pyminidocker.build.options import BuildOptions
    from pyminidocker.build.service import Builder

Json = dict[str, Any]

_builders: "WeakKeyDictionary[Engine, Builder]" = WeakKeyDictionary()


def builder_of(engine: Engine) -> "Builder":
    """Return an engine's builder, making it (and importing its room) at the first call."""
    if engine not in _builders:
        from pyminidocker.build.service import Builder

        _builders[engine] = Builder(engine)
    return _builders[engine]


async def build(engine: Engine, request: Request) -> Outcome:
    """POST /build: Docker's classic stream, or our records."""
    from pyminidocker.api.schema import build as schema
    from pyminidocker.build.classic import Teller

    builder = builder_of(engine)
    options = schema.options(request)
    context = await _context(engine, request, options)
    if request.flag("records"):
        records = builder.build(options, context)
        return Streaming(_lines(records), content_type="application/x-ndjson")
    try:
        # What is wrong with the Dockerfile as a whole is an answer of its own, as with dockerd.
        plan = builder.plan(options, context)
    except BaseException:
        context.close()
        raise
    texts = [arg.text for arg in plan.dockerfile.global_args]
    teller = Teller(texts, quiet=options.quiet)
    return Streaming(_classic(builder.build(options, context, plan), teller))


async def _context(engine: Engine, request: Request, options: "BuildOptions") -> "Context":
    from pyminidocker.build import context, remote
    from pyminidocker.build.threads import in_thread

    if not options.remote or options.remote == "client-session":
        return await context.receive(request.body.chunks(), engine.state_dir)
    client = await engine.registry.http()
    try:
        url, dockerfile = options.remote, options.dockerfile
        fetch = partial(remote.fetch_context, url, client, engine.state_dir, dockerfile)
        return await in_thread(fetch, client.abort)
    finally:
        client.close()


async def _lines(records: "AsyncGenerator[Json, None]") -> AsyncIterator[bytes]:
    """Yield records as lines; the build ends with whoever reads them."""
    try:
        async for record in records:
            yield msgspec.json.encode(record) + b"\n"
    finally:
        await records.aclose()


async def _classic(records: "AsyncGenerator[Json, None]", teller: "Teller") -> AsyncIterator[bytes]:
    """Yield Docker's messages as lines."""
    try:
        async for record in records:
            if messages := teller.take(record):
                yield b"".join(msgspec.json.encode(message) + b"\r\n" for message in messages)
    finally:
        await records.aclose()


async def prune(engine: Engine, request: Request) -> Outcome:
    """POST /build/prune."""
    kept = request.number("keep-storage", 0) or 0
    return as_json(
        await builder_of(engine).prune(
            request.filters(), everything=request.flag("all"), keep_bytes=kept
        )
    )


async def cache(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/build/cache."""
    del request
    return as_json({"Records": await builder_of(engine).cache_rows()})


ROUTES: list[Route] = [
    ("POST", "/build", build),
    ("POST", "/build/prune", prune),
    ("GET", "/minidocker/build/cache", cache),
]
