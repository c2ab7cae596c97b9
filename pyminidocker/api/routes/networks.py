"""/networks."""

from pyminidocker.api.message import NO_CONTENT, Answer, Outcome, Request, as_json
from pyminidocker.api.router import Route
from pyminidocker.api.schema import networks as schema
from pyminidocker.engine.engine import Engine
from pyminidocker.engine.records import EndpointRecord, NetworkRecord

# Which host "host" is: docs/decisions/0013.
HOST_IS = "com.pyminidocker.host"


def _members(engine: Engine, record: NetworkRecord) -> dict[str, tuple[str, EndpointRecord]]:
    return {
        container_id: (engine.containers.get(container_id).name, given)
        for container_id, given in engine.networks.endpoints(record.id).items()
    }


def _shown(
    engine: Engine, record: NetworkRecord, members: dict[str, tuple[str, EndpointRecord]]
) -> dict[str, object]:
    shown: dict[str, object] = schema.network(record, members)
    if record.driver == "host":
        shown["Options"] = {**record.options, HOST_IS: engine.system.host_network()}
    return shown


def list_networks(engine: Engine, request: Request) -> Outcome:
    """GET /networks; as in dockerd without the containers on them."""
    found = engine.networks.list(request.filters())
    return as_json([_shown(engine, record, {}) for record in found])


def inspect(engine: Engine, request: Request) -> Outcome:
    """GET /networks/{name}."""
    record = engine.networks.get(request.name)
    return as_json(_shown(engine, record, _members(engine, record)))


async def create(engine: Engine, request: Request) -> Outcome:
    """POST /networks/create."""
    body = await request.document(schema.NetworkBody)
    record, warning = await engine.networks.create(schema.request(body))
    return as_json({"Id": record.id, "Warning": warning}, 201)


def remove(engine: Engine, request: Request) -> Outcome:
    """DELETE /networks/{name}."""
    engine.networks.remove(request.name)
    return NO_CONTENT


async def connect(engine: Engine, request: Request) -> Outcome:
    """POST /networks/{name}/connect."""
    body = await request.document(schema.ConnectBody)
    wish = schema.endpoint(body.endpoint_config)
    await engine.networks.connect(request.name, body.container or "", wish)
    return Answer(200)


async def disconnect(engine: Engine, request: Request) -> Outcome:
    """POST /networks/{name}/disconnect."""
    body = await request.document(schema.DisconnectBody)
    await engine.networks.disconnect(request.name, body.container or "", force=bool(body.force))
    return Answer(200)


def prune(engine: Engine, request: Request) -> Outcome:
    """POST /networks/prune."""
    return as_json({"NetworksDeleted": engine.networks.prune(request.filters()) or None})


ROUTES: list[Route] = [
    ("GET", "/networks", list_networks),
    ("POST", "/networks/create", create),
    ("POST", "/networks/prune", prune),
    ("GET", "/networks/{name}", inspect),
    ("DELETE", "/networks/{name}", remove),
    ("POST", "/networks/{name}/connect", connect),
    ("POST", "/networks/{name}/disconnect", disconnect),
]
