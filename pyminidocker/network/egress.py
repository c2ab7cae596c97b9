"""The way out of the lab without any helper program: a proxy with one foot in each world.

A rootless network namespace has no cable to the outside.  A socket, though, belongs for life to the
namespace it was made in, and descriptors can be passed between processes (SCM_RIGHTS, unix(7)).  So the
engine opens listening sockets inside the lab and hands them to the *host agent*, a small process that
never left the real host's namespaces: it accepts connections on the lab's side and connects out on
the host's side.  This module is the agent; it imports nothing heavy, because it is forked from the engine
before the engine grows.
"""

from socket import socket


def agent_main(control: socket) -> None:
    """Serve the lab from the real host until ``control`` reaches end of file; then return.

    Args:
        control: unix socket to the engine; each message is one JSON line, sockets come along with
            it by SCM_RIGHTS.
    """
    raise NotImplementedError
