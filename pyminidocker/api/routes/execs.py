"""/containers/{name}/exec and /exec: further processes in running containers."""

from pyminidocker.api.message import Answer, Duplex, Hijack, Outcome, Request, as_json
from pyminidocker.api.router import Route
from pyminidocker.api.routes.streaming import connect, content_type
from pyminidocker.api.schema import containers as schema
from pyminidocker.api.schema import create as bodies
from pyminidocker.engine.engine import Engine
from pyminidocker.errors import InvalidArgument


async def create(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/exec."""
    body = await request.document(bodies.ExecBody)
    record = engine.execs.create(request.name, bodies.exec_record(body))
    return as_json({"Id": record.id}, 201)


async def start(engine: Engine, request: Request) -> Outcome:
    """POST /exec/{id}/start: detached, or with the connection as the process's pipe."""
    body = await request.document(bodies.ExecStartBody)
    record = engine.execs.get(request.name)
    rows, cols = 0, 0
    if body.console_size is not None:
        if len(body.console_size) != 2:
            raise InvalidArgument("ConsoleSize must be [height, width]")
        rows, cols = body.console_size
    if body.detach:
        await engine.execs.start(record.id, rows=rows, cols=cols)
        return Answer(200)
    attachment = engine.execs.attach(
        record.id, stdin=record.open_stdin, stdout=record.open_stdout, stderr=record.open_stderr
    )

    async def begin() -> None:
        await engine.execs.start(record.id, rows=rows, cols=cols)

    async def serve(duplex: Duplex) -> None:
        await connect(duplex, attachment, begin)

    return Hijack(serve, content_type(request, tty=attachment.tty))


def inspect(engine: Engine, request: Request) -> Outcome:
    """GET /exec/{id}/json."""
    return as_json(schema.exec_inspect(engine.execs.get(request.name)))


def resize(engine: Engine, request: Request) -> Outcome:
    """POST /exec/{id}/resize."""
    engine.execs.resize(request.name, rows=request.number("h") or 0, cols=request.number("w") or 0)
    return Answer(200)


ROUTES: list[Route] = [
    ("POST", "/containers/{name}/exec", create),
    ("POST", "/exec/{name}/start", start),
    ("GET", "/exec/{name}/json", inspect),
    ("POST", "/exec/{name}/resize", resize),
]
