"""/containers/{name}/confinement: what holds a container's processes."""

from pyminidocker.api.message import Outcome, Request, as_json
from pyminidocker.api.router import Route
from pyminidocker.engine.engine import Engine


async def examine(engine: Engine, request: Request) -> Outcome:
    """GET /containers/{name}/confinement: tried now, by a process inside."""
    from pyminidocker.engine import confinement

    found = await confinement.examine(engine, request.name)
    return as_json({_pascal(key): value for key, value in found.items()})


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


ROUTES: list[Route] = [("GET", "/containers/{name}/confinement", examine)]
