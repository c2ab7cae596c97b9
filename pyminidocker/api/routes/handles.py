"""/minidocker/netlink: a kernel socket of the lab, for who may use the engine's socket anyway.

The connection is taken over: the client says by one byte that it has read the 101 head, and gets
one line of JSON; with it comes the socket.
"""

import msgspec

from pyminidocker.api.message import Duplex, Hijack, Outcome, Request
from pyminidocker.api.router import Route
from pyminidocker.engine import handles
from pyminidocker.engine.engine import Engine
from pyminidocker.errors import InvalidArgument
from pyminidocker.framing.http import RAW_STREAM


class _NetlinkBody(msgspec.Struct, rename="pascal"):
    container: str = ""


async def netlink(engine: Engine, request: Request) -> Outcome:
    """POST /minidocker/netlink."""
    body = await request.document(_NetlinkBody)
    if not request.wants_upgrade:
        raise InvalidArgument("descriptors travel on a taken-over connection: 'Upgrade: tcp'")
    await engine.network_ready()
    sock = handles.netlink(engine, body.container)

    async def serve(duplex: Duplex) -> None:
        with sock:
            if await duplex.read():
                line = msgspec.json.encode({"Container": body.container}) + b"\n"
                duplex.send_descriptors(line, [sock.fileno()])

    return Hijack(serve, RAW_STREAM)


ROUTES: list[Route] = [("POST", "/minidocker/netlink", netlink)]
