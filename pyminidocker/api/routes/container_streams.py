"""/containers/{name}/{attach,logs,archive,export}: bytes in and out of containers."""

from base64 import b64encode
from collections.abc import AsyncIterator

import msgspec

from pyminidocker.api.message import Answer, Duplex, Hijack, Outcome, Request, Streaming
from pyminidocker.api.router import Route
from pyminidocker.api.routes.streaming import connect, content_type
from pyminidocker.api.schema.files import path_stat
from pyminidocker.api.schema.times import parse_timestamp, rfc3339_padded
from pyminidocker.engine.engine import Engine
from pyminidocker.engine.records import LogRecord
from pyminidocker.engine.results import PathStat
from pyminidocker.errors import InvalidArgument
from pyminidocker.framing.http import MULTIPLEXED_STREAM, RAW_STREAM
from pyminidocker.framing.stdcopy import STDERR, STDOUT, frame

TAR = "application/x-tar"
# A finished log up to this size is sent in one piece: the common case of a short command.
_WHOLE_LOG_BYTES = 1 << 20


async def attach(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/attach."""
    container = engine.containers.get(request.name)
    attachment = await engine.containers.attach(
        container.id,
        stdin=request.flag("stdin"),
        stdout=request.flag("stdout"),
        stderr=request.flag("stderr"),
        logs=request.flag("logs"),
        stream=request.flag("stream"),
        detach_keys=request.query.get("detachKeys", ""),
    )

    async def serve(duplex: Duplex) -> None:
        await connect(duplex, attachment)

    return Hijack(serve, content_type(request, tty=attachment.tty))


async def logs(engine: Engine, request: Request) -> Outcome:
    """GET /containers/{name}/logs."""
    container = engine.containers.get(request.name)
    stdout, stderr = request.flag("stdout"), request.flag("stderr")
    if not (stdout or stderr):
        raise InvalidArgument("Bad parameters: you must choose at least one stream")
    follow = request.flag("follow")
    tail = request.query.get("tail", "all")
    records = engine.containers.logs(
        container.id,
        stdout=stdout,
        stderr=stderr,
        since=parse_timestamp(request.query.get("since", ""), "since"),
        until=parse_timestamp(request.query.get("until", ""), "until"),
        tail=int(tail) if tail.isdecimal() else -1,
        follow=follow,
    )
    tty = container.record.config.tty
    pieces = _log_pieces(
        records,
        tty=tty,
        timestamps=request.flag("timestamps"),
        details=request.flag("details"),
    )
    kind = RAW_STREAM if tty or request.versioned else MULTIPLEXED_STREAM
    if follow:
        return Streaming(pieces, content_type=kind)
    collected: list[bytes] = []
    size = 0
    async for piece in pieces:
        collected.append(piece)
        size += len(piece)
        if size > _WHOLE_LOG_BYTES:
            return Streaming(_after(collected, pieces), content_type=kind)
    return Answer(200, b"".join(collected), kind)


async def _after(collected: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield b"".join(collected)
    async for piece in rest:
        yield piece


async def _log_pieces(
    records: AsyncIterator[LogRecord], *, tty: bool, timestamps: bool, details: bool
) -> AsyncIterator[bytes]:
    async for record in records:
        data = record.data
        if details:
            data = b" " + data  # behind the attributes of log options, of which there are none
        if timestamps:
            data = rfc3339_padded(record.time_ns).encode() + b" " + data
        yield data if tty else frame(STDERR if record.stream == "stderr" else STDOUT, data)


def _stat_header(stat: PathStat) -> tuple[tuple[str, str], ...]:
    encoded = b64encode(msgspec.json.encode(path_stat(stat))).decode("ascii")
    return (("X-Docker-Container-Path-Stat", encoded),)


def _path(request: Request) -> str:
    path = request.query.get("path", "")
    if not path:
        raise InvalidArgument("bad parameter: 'path' cannot be empty")
    return path


async def archive_stat(engine: Engine, request: Request) -> Outcome:
    """HEAD /containers/{name}/archive."""
    stat = await engine.containers.stat_path(request.name, _path(request))
    return Answer(200, headers=_stat_header(stat))


async def archive_get(engine: Engine, request: Request) -> Outcome:
    """GET /containers/{name}/archive."""
    stat, pieces = await engine.containers.get_archive(request.name, _path(request))
    return Streaming(pieces, content_type=TAR, headers=_stat_header(stat))


async def archive_put(engine: Engine, request: Request) -> Outcome:
    """PUT /containers/{name}/archive."""
    await engine.containers.put_archive(
        request.name,
        _path(request),
        request.body.chunks(),
        no_overwrite_dir_non_dir=request.flag("noOverwriteDirNonDir"),
        copy_uid_gid=request.flag("copyUIDGID"),
    )
    return Answer(200)


async def export(engine: Engine, request: Request) -> Outcome:
    """GET /containers/{name}/export."""
    return Streaming(
        await engine.containers.export(request.name), content_type="application/octet-stream"
    )


ROUTES: list[Route] = [
    ("POST", "/containers/{name}/attach", attach),
    ("GET", "/containers/{name}/logs", logs),
    ("HEAD", "/containers/{name}/archive", archive_stat),
    ("GET", "/containers/{name}/archive", archive_get),
    ("PUT", "/containers/{name}/archive", archive_put),
    ("GET", "/containers/{name}/export", export),
]
