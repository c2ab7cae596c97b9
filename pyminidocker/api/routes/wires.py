"""/minidocker/plugs and /minidocker/routes: this host's end of its wires, and static routes.

A plug is asked for on a connection that is then taken over: the client says that it has read the
101 head by sending one byte, and gets one line of JSON; with it comes a packet socket, or the line
says what went wrong.  From then on nobody says anything, and when the connection ends, the plug is
pulled.
"""

import msgspec

from pyminidocker.api.message import NO_CONTENT, Duplex, Hijack, Outcome, Request, as_json
from pyminidocker.api.router import Route
from pyminidocker.engine.engine import Engine
from pyminidocker.engine.wires import Plug, PlugRequest, StaticRoute
from pyminidocker.errors import InvalidArgument, MiniDockerError
from pyminidocker.framing.http import RAW_STREAM


class _PlugBody(msgspec.Struct, rename="pascal"):
    address: str = ""
    mtu: int = 1500
    wire: str = ""
    peer: str = ""


class _RouteBody(msgspec.Struct, rename="pascal"):
    destination: str = ""
    gateway: str = ""


def _plug(plug: Plug) -> dict[str, object]:
    return {
        "Link": plug.link,
        "Address": plug.address,
        "Subnet": plug.subnet,
        "Mtu": plug.mtu_bytes,
        "Wire": plug.wire,
        "Peer": plug.peer,
    }


def _route(route: StaticRoute) -> dict[str, str]:
    return {"Destination": route.destination, "Gateway": route.gateway}


def plugs(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/plugs."""
    del request
    return as_json([_plug(plug) for plug in engine.wires.list()])


async def plug(engine: Engine, request: Request) -> Outcome:
    """POST /minidocker/plugs."""
    body = await request.document(_PlugBody)
    if not request.wants_upgrade:
        raise InvalidArgument(
            "a plug lasts as long as its connection: ask with 'Upgrade: tcp'",
            hint="use: minidocker wire create HOST HOST",
        )
    wanted = PlugRequest(body.address, body.mtu, body.wire, body.peer)
    await engine.network_ready()
    engine.wires.check(wanted)

    async def serve(duplex: Duplex) -> None:
        if not await duplex.read():
            return
        try:
            made, sock = engine.wires.plug(wanted)
        except MiniDockerError as error:
            told = {"message": str(error), "hint": error.hint}
            await duplex.write(msgspec.json.encode(told) + b"\n")
            return
        try:
            with sock:
                line = msgspec.json.encode(_plug(made)) + b"\n"
                duplex.send_descriptors(line, [sock.fileno()])
            while await duplex.read():
                pass
        finally:
            engine.wires.unplug(made.link)

    return Hijack(serve, RAW_STREAM)


def routes(engine: Engine, request: Request) -> Outcome:
    """GET /minidocker/routes."""
    del request
    return as_json([_route(route) for route in engine.wires.routes()])


async def add_route(engine: Engine, request: Request) -> Outcome:
    """POST /minidocker/routes."""
    body = await request.document(_RouteBody)
    await engine.network_ready()
    return as_json(_route(engine.wires.add_route(body.destination, body.gateway)), 201)


async def delete_route(engine: Engine, request: Request) -> Outcome:
    """DELETE /minidocker/routes."""
    body = await request.document(_RouteBody)
    await engine.network_ready()
    engine.wires.delete_route(body.destination, body.gateway)
    return NO_CONTENT


ROUTES: list[Route] = [
    ("GET", "/minidocker/plugs", plugs),
    ("POST", "/minidocker/plugs", plug),
    ("GET", "/minidocker/routes", routes),
    ("POST", "/minidocker/routes", add_route),
    ("DELETE", "/minidocker/routes", delete_route),
]
