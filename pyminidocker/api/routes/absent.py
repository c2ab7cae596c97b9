"""What this engine has not got, answered as a dockerd outside a swarm answers, or by name.

Docker's clients probe some of these and rely on the status: 503 for swarm, 404 for plugins.
"""

from pyminidocker.api.message import Handler, Outcome, Request, as_json
from pyminidocker.api.router import Route
from pyminidocker.engine.engine import Engine
from pyminidocker.errors import NotFound, NotImplementedHere, Unavailable

_BASE_IMAGES = "make a base image with: minidocker image bootstrap busybox"


def _not_a_manager(engine: Engine, request: Request) -> Outcome:
    del engine, request
    raise Unavailable(
        'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to'
        " connect this node to swarm and try again."
    )


def _not_in_a_swarm(engine: Engine, request: Request) -> Outcome:
    del engine, request
    raise Unavailable("This node is not part of a swarm")


def _no_plugins(engine: Engine, request: Request) -> Outcome:
    del engine, request
    return as_json([])


def _no_such_plugin(engine: Engine, request: Request) -> Outcome:
    del engine
    raise NotFound(f'plugin "{request.name}" not found')


def _absent(what: str, instead: str) -> Handler:
    def refuse(engine: Engine, request: Request) -> Outcome:
        del engine, request
        raise NotImplementedHere(f"{what} is not supported by this engine", hint=instead)

    return refuse


_SEARCH = _absent("searching the Hub", "look for images at the Hub's web page")
_BUILDKIT = _absent("BuildKit's protocol", "set DOCKER_BUILDKIT=0, or use: minidocker build")
_CHECKPOINT = _absent(
    "saving the memory of processes (checkpoint)",
    "'minidocker checkpoint' says what is missing; 'minidocker pause' keeps memory, and"
    " 'minidocker commit' files",
)

ROUTES: list[Route] = [
    *[
        (method, path, _not_a_manager)
        for path in ("/swarm", "/nodes", "/services", "/tasks", "/secrets", "/configs")
        for method in ("GET",)
    ],
    *[("GET", f"/{area}/{{name}}", _not_a_manager) for area in ("nodes", "services", "tasks")],
    *[("GET", f"/{area}/{{name}}", _not_a_manager) for area in ("secrets", "configs")],
    ("POST", "/services/create", _not_a_manager),
    ("POST", "/secrets/create", _not_a_manager),
    ("POST", "/configs/create", _not_a_manager),
    ("POST", "/swarm/leave", _not_in_a_swarm),
    ("POST", "/swarm/init", _absent("swarm mode", "an engine is one host")),
    ("POST", "/swarm/join", _absent("swarm mode", "an engine is one host")),
    ("GET", "/plugins", _no_plugins),
    ("GET", "/plugins/{name}/json", _no_such_plugin),
    ("POST", "/session", _BUILDKIT),
    ("GET", "/images/search", _SEARCH),
    ("POST", "/containers/{name}/checkpoints", _CHECKPOINT),
    ("GET", "/containers/{name}/checkpoints", _CHECKPOINT),
]
