"""/minidocker/topology and /minidocker/capture: the lab as it is, and what travels through it."""

import msgspec

from pyminidocker.api.message import Answer, Outcome, Request
from pyminidocker.api.router import Route
from pyminidocker.engine.engine import Engine


async def topology(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/topology."""
    del request
    return Answer(200, msgspec.json.encode(await engine.topology.take()) + b"\n")


ROUTES: list[Route] = [
    ("GET", "/minidocker/topology", topology),
]
