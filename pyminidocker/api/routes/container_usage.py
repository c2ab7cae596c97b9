"""/containers/{name}/{pause,unpause,stats}: hold a container, and see what it uses."""

from pyminidocker.api.message import NO_CONTENT, Outcome, Request
from pyminidocker.api.router import Route
from pyminidocker.engine.engine import Engine


async def pause(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/pause."""
    await engine.containers.pause(request.name)
    return NO_CONTENT


async def unpause(engine: Engine, request: Request) -> Outcome:
    """POST /containers/{name}/unpause."""
    await engine.containers.unpause(request.name)
    return NO_CONTENT


ROUTES: list[Route] = [
    ("POST", "/containers/{name}/pause", pause),
    ("POST", "/containers/{name}/unpause", unpause),
]
