"""Kernel sockets of the lab."""

from __future__ import annotations

from pyminidocker import errors
from pyminidocker.client.transport import Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket


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
        from socket import socket as Socket  # noqa: N812 - a class

        with self.upgrade("/minidocker/netlink", body={"Container": container}) as stream:
            stream.send(b"\n")
            _, fds = stream.receive_descriptors()
        if not fds:
            raise errors.Unavailable("the engine closed the connection without an answer")
        return Socket(fileno=fds[0])
