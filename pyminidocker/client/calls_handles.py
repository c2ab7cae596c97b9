"""Kernel sockets of the lab."""

from __future__ import annotations

from pyminidocker import errors
from pyminidocker.client.transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from pyminidocker.client.connection import Stream

    Json = dict[str, Any]


def receive_socket(stream: Stream) -> tuple[Json, socket.socket]:
    """Say on a taken-over connection that we listen; return what is told, and the socket with it.

    Raises:
        SystemFailure: what is told is what went wrong.
        Unavailable: the engine ended meanwhile.
    """
    from socket import socket as Socket  # noqa: N812 - a class

    from pyminidocker.client.json_text import loads

    stream.send(b"\n")
    line, fds = stream.receive_descriptors()
    if not line:
        raise errors.Unavailable("the engine closed the connection without an answer")
    told: Json = loads(line)
    if "message" in told:
        raise errors.SystemFailure(told["message"], hint=told.get("hint", ""))
    return told, Socket(fileno=fds[0])


class HandleCalls(Transport):
    """Calls whose answer is a descriptor."""

    def netlink(self, container: str = "") -> socket.socket:
        """POST /minidocker/netlink: an rtnetlink socket made in a container's network namespace.

        Whoever made the engine may change links, addresses and routes with it.

        Args:
            container: name or id of a running one; empty for the lab host.

        Raises:
            NotFound: no such container.
            Conflict: it does not run.
        """
        with self.upgrade("/minidocker/netlink", body={"Container": container}) as stream:
            return receive_socket(stream)[1]
