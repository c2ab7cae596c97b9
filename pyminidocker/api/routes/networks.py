"""/networks."""

from pyminidocker.api.message import Outcome, Request, as_json
from pyminidocker.api.router import Route
from pyminidocker.api.schema import system as schema
from pyminidocker.engine.engine import Engine
from pyminidocker.engine.records import EndpointRecord, NetworkRecord


def _members(engine: Engine, record: NetworkRecord) -> dict[str, tuple[str, EndpointRecord]]:
    return {
        container_id: (engine.containers.get(container_id).name, given)
        for container_id, given in engine.networks.endpoints(record.id).items()
    }


def list_networks(engine: Engine, request: Request) -> Outcome:
    """GET /networks; as in dockerd without the containers on them."""
    found = engine.networks.list(request.filters())
    return as_json([schema.network(record, {}) for record in found])


def inspect(engine: Engine, request: Request) -> Outcome:
    """GET /networks/{name}."""
    record = engine.networks.get(request.name)
    return as_json(schema.network(record, _members(engine, record)))


def prune(engine: Engine, request: Request) -> Outcome:
    """POST /networks/prune: there are only the three that are always there."""
    del engine, request
    return as_json({"NetworksDeleted": None})


ROUTES: list[Route] = [
    ("GET", "/networks", list_networks),
    ("POST", "/networks/prune", prune),
    ("GET", "/networks/{name}", inspect),
]
