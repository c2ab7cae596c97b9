"""/images/get, /images/load, import, and what an image carries in vain.

See: moby api/server/router/image/image_routes.go.
"""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from pyminidocker.api.message import Outcome, Request, Streaming, as_json
from pyminidocker.api.router import Route
from pyminidocker.engine import images_archives
from pyminidocker.engine.engine import Engine
from pyminidocker.errors import MiniDockerError

_TAR = "application/x-tar"
Json = dict[str, Any]


def save_one(engine: Engine, request: Request) -> Outcome:
    """GET /images/{name}/get."""
    return Streaming(images_archives.save(engine, [request.name]), content_type=_TAR)


def save_many(engine: Engine, request: Request) -> Outcome:
    """GET /images/get."""
    # docker-py joins names by commas, Docker's own client repeats the parameter.
    names = [name for line in request.all_of("names") for name in line.split(",") if name]
    return Streaming(images_archives.save(engine, names), content_type=_TAR)


async def load(engine: Engine, request: Request) -> Outcome:
    """POST /images/load."""
    messages = images_archives.load(
        engine, request.body.chunks(), quiet=request.flag("quiet", default=True)
    )
    return await _stream(messages, tells_all=True)  # as dockerd, always 200


async def import_image(engine: Engine, request: Request) -> Outcome:
    """POST /images/create with ``fromSrc``."""
    query = request.query
    source = query.get("fromSrc", "")
    repository, tag = query.get("repo", ""), query.get("tag", "")
    if source not in ("", "-") and "://" not in source:
        source = f"http://{source}"
    messages = images_archives.import_image(
        engine,
        request.body.chunks() if source in ("", "-") else source,
        name=f"{repository}:{tag}" if repository and tag else repository,
        message=query.get("message", ""),
        changes=[line for line in request.all_of("changes") if line.strip()],
        platform=query.get("platform", ""),
    )
    return await _stream(messages)


async def waste(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/waste."""
    return as_json(await engine.images.waste(request.query.get("ref", "")))


async def _stream(messages: AsyncGenerator[Json, None], *, tells_all: bool = False) -> Outcome:
    """Answer when the first message is there: until then the client may still be sending.

    What fails before that is answered with a status, or, with ``tells_all``, told like the rest.
    """
    pieces = _lines(messages, tells_all=tells_all)
    await anext(pieces)
    return Streaming(pieces)


async def _lines(
    messages: AsyncGenerator[Json, None], *, tells_all: bool
) -> AsyncGenerator[bytes, None]:
    try:
        try:
            message = await anext(messages, None)
        except MiniDockerError as error:
            if not tells_all:
                raise
            message = _told(error)
        yield b""
        try:
            while message is not None:
                yield msgspec.json.encode(message) + b"\r\n"
                message = await anext(messages, None)
        except MiniDockerError as error:
            yield msgspec.json.encode(_told(error)) + b"\r\n"
    finally:
        await messages.aclose()


def _told(error: MiniDockerError) -> Json:
    hint = {"hint": error.hint} if error.hint else {}
    return {"errorDetail": {"message": str(error)}, "error": str(error), **hint}


ROUTES: list[Route] = [
    ("GET", "/images/get", save_many),
    ("GET", "/images/{name}/get", save_one),
    ("POST", "/images/load", load),
    ("GET", "/minidocker/waste", waste),
]
