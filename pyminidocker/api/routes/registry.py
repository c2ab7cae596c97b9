"""/images/create, /images/{name}/push, /auth and /distribution: pull, push, log in, look.

As dockerd does, a pull that fails before anything has happened is answered with a status (404 for
"pull access denied"); whatever fails later is told in the stream of messages.

See: moby's api/server/router/image/image_routes.go.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import msgspec

from pyminidocker.api.message import Outcome, Request, Streaming, as_json
from pyminidocker.api.router import Route
from pyminidocker.api.routes import archives
from pyminidocker.engine.engine import Engine
from pyminidocker.engine.registry import Tell
from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.oci.reference import Reference, parse

Json = dict[str, Any]
Transfer = Callable[[Tell], Awaitable[object]]


async def create(engine: Engine, request: Request) -> Outcome:
    """POST /images/create: pull ``fromImage``, or make an image of an archive (``fromSrc``)."""
    query = request.query
    name = query.get("fromImage", "")
    if not name:
        return await archives.import_image(engine, request)
    reference = _with_tag(parse(name), query.get("tag", ""))
    platform = query.get("platform", "")
    credentials = _credentials(request)
    is_one = bool(reference.tag or reference.digest)
    pull = engine.registry.pull if is_one else engine.registry.pull_all

    def transfer(tell: Tell) -> Awaitable[object]:
        return pull(str(reference), platform=platform, credentials=credentials, tell=tell)

    return await _stream(transfer)


def _with_tag(reference: Reference, tag: str) -> Reference:
    """Return a reference with the parameter ``tag``, which may be a digest."""
    if not tag:
        return reference
    if ":" in tag:
        return parse(f"{reference.name}@{tag}")
    return reference.with_tag(tag)


async def push(engine: Engine, request: Request) -> Outcome:
    """POST /images/{name}/push."""
    reference = _with_tag(parse(request.name), request.query.get("tag", ""))
    credentials = _credentials(request)

    def transfer(tell: Tell) -> Awaitable[object]:
        return engine.registry.push(str(reference), credentials=credentials, tell=tell)

    return await _stream(transfer)


async def auth(engine: Engine, request: Request) -> Outcome:
    """POST /auth."""
    from pyminidocker.images.registry.auth import credentials_of
    from pyminidocker.images.registry.failures import Refused, Unauthorized

    given = credentials_of(await request.document(dict[str, object]))
    if not given.username and not given.identitytoken:
        raise InvalidArgument("invalid username: it is empty")
    try:
        token = await engine.registry.check_login(given)
    except (Unauthorized, Refused) as error:
        status = 401 if isinstance(error, Unauthorized) or error.status == 401 else 500
        return as_json({"message": str(error)}, status)
    return as_json({"Status": "Login Succeeded", "IdentityToken": token})


async def distribution(engine: Engine, request: Request) -> Outcome:
    """GET /distribution/{name}/json."""
    found = await engine.registry.inspect(request.name, _credentials(request))
    descriptor = found.descriptor
    return as_json(
        {
            "Descriptor": {
                "mediaType": descriptor.media_type,
                "digest": descriptor.digest,
                "size": descriptor.size,
            },
            "Platforms": [
                {
                    "architecture": one.architecture,
                    "os": one.os,
                    **({"variant": one.variant} if one.variant else {}),
                }
                for one in found.platforms
            ],
        }
    )


def _credentials(request: Request) -> Any:
    from pyminidocker.images.registry.auth import decode_header

    text = request.headers.get("x-registry-auth", "")
    return decode_header(text) if text else None


async def _stream(transfer: Transfer) -> Outcome:
    """Begin a transfer; answer when the first message is there, or raise when it fails before."""
    pieces = _messages(transfer)
    await anext(pieces)  # a generator that has begun is closed properly when the client leaves
    return Streaming(pieces)


async def _messages(transfer: Transfer) -> AsyncGenerator[bytes, None]:
    queue: asyncio.Queue[Json | None] = asyncio.Queue()
    task = asyncio.ensure_future(transfer(queue.put_nowait))
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        record = await queue.get()
        if record is None:
            await task  # it failed before it began
        yield b""
        while record is not None:
            yield msgspec.json.encode(record) + b"\r\n"
            record = await queue.get()
        try:
            await task
        except MiniDockerError as error:
            hint = {"hint": error.hint} if error.hint else {}
            told = {"errorDetail": {"message": str(error)}, "error": str(error), **hint}
            yield msgspec.json.encode(told) + b"\r\n"
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])


ROUTES: list[Route] = [
    ("POST", "/images/create", create),
    ("POST", "/images/{name}/push", push),
    ("POST", "/auth", auth),
    ("GET", "/distribution/{name}/json", distribution),
]
