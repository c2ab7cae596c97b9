"""Handles on the lab for whoever owns the engine: kernel sockets, made where the lab is.

A socket belongs for life to the network namespace it was made in, and the kernel asks both who made
it and who uses it.  The engine's owner is a mighty user of the lab's user namespace, being its
creator.  So a notebook that is given a netlink socket of the lab can build bridges and cables there
with its own code, and never has to enter the lab.

See: netlink(7); user_namespaces(7) "Capabilities", rule 3.
"""

import socket
from typing import TYPE_CHECKING

from pyminidocker.engine.netns import netns_of

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


def netlink(engine: "Engine", ref: str = "") -> socket.socket:
    """Return a new rtnetlink(7) socket of the lab's network namespace, or of a container's.

    It is of type SOCK_DGRAM, which is all the same to netlink, but not to asyncio, and with that
    to pyroute2.

    Args:
        engine: whose lab.
        ref: a running container; empty for the lab host.

    Raises:
        NotFound: no such container.
        Conflict: it does not run.
        OSError: the kernel refused a socket.
    """
    if not ref:
        return _socket()
    with netns_of(engine.containers.get(ref)) as netns_fd, engine.lab_network.inside(netns_fd):
        return _socket()


def _socket() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, socket.NETLINK_ROUTE)
