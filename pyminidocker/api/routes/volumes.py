"""/volumes, and /minidocker/volume/archive."""

from pyminidocker.api.message import NO_CONTENT, Outcome, Request, Streaming, as_json
from pyminidocker.api.router import Route
from pyminidocker.api.schema import create as bodies
from pyminidocker.api.schema import system as schema
from pyminidocker.engine import volume_archives
from pyminidocker.engine.engine import Engine


def list_volumes(engine: Engine, request: Request) -> Outcome:
    """GET /volumes."""
    found = engine.volumes.list(request.filters())
    return as_json({"Volumes": [schema.volume(record) for record in found], "Warnings": None})


async def create(engine: Engine, request: Request) -> Outcome:
    """POST /volumes/create."""
    body = await request.document(bodies.VolumeBody)
    record = engine.volumes.create(
        body.name or "",
        driver=body.driver or "local",
        labels=body.labels,
        options=body.driver_opts,
    )
    return as_json(schema.volume(record), 201)


def inspect(engine: Engine, request: Request) -> Outcome:
    """GET /volumes/{name}."""
    return as_json(schema.volume(engine.volumes.get(request.name)))


async def remove(engine: Engine, request: Request) -> Outcome:
    """DELETE /volumes/{name}."""
    await engine.volumes.remove(request.name, force=request.flag("force"))
    return NO_CONTENT


async def prune(engine: Engine, request: Request) -> Outcome:
    """POST /volumes/prune."""
    filters = request.filters()
    if request.versioned:
        # Up to 1.41, so for every client that names a version to us, it meant named ones too.
        filters.setdefault("all", ["true"])
    report = await engine.volumes.prune(filters)
    return as_json(
        {"VolumesDeleted": report.deleted, "SpaceReclaimed": report.space_reclaimed_bytes}
    )


async def export(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/volume/archive: what a volume holds, as a tar."""
    name, pause = request.query.get("name", ""), request.flag("pause")
    pieces = await volume_archives.export(engine, name, pause=pause)
    return Streaming(pieces, content_type="application/x-tar")


async def restore(engine: Engine, request: Request) -> Outcome:
    """PUT /minidocker/volume/archive: give a volume what a tar holds."""
    name, replace = request.query.get("name", ""), request.flag("replace")
    await volume_archives.restore(engine, name, request.body.chunks(), replace=replace)
    return as_json(schema.volume(engine.volumes.get(name)))


ROUTES: list[Route] = [
    ("GET", "/volumes", list_volumes),
    ("POST", "/volumes/create", create),
    ("POST", "/volumes/prune", prune),
    ("GET", "/volumes/{name}", inspect),
    ("DELETE", "/volumes/{name}", remove),
    ("GET", "/minidocker/volume/archive", export),
    ("PUT", "/minidocker/volume/archive", restore),
]
