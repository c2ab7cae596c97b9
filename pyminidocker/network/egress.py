"""The way out of the lab without any helper program: a process with a foot in each world.

A rootless network namespace has no cable to the outside.  A socket, though, belongs for life to the
namespace it was made in, and descriptors can be passed between processes (SCM_RIGHTS, unix(7)).
So the engine opens listening sockets inside the lab and hands them to the *host agent* (``agent``),
a small process that never left the real host's namespaces: it accepts connections on the lab's side
and connects out on the host's side.  What can pass is TCP and DNS; ``rules`` refuses the rest.

    container --> veth, bridge --> nft redirect --> listener | agent --> socket --> the outside
                                        (lab's namespace)    |    (real host's namespace)
"""

import socket

from pyminidocker.kernel.fd import send_with_fds
from pyminidocker.network.dns_relay import DNS_PORT

# Where the proxy listens in the lab: below the ephemeral ports, and nobody's well-known one.
PROXY_PORT = 30080
_BACKLOG = 4096


def hand_over(control: socket.socket) -> None:
    """Open the sockets that stand for the outside, and pass them to the agent.

    Called in the namespace beyond the uplink (``outside``), where everything is redirected to them.
    Our own copies are closed, so that connections are refused, not left waiting, should the agent
    die.

    Args:
        control: the engine's end of the agent's socket.

    Raises:
        OSError: EADDRINUSE (a process of the lab has the port), EPIPE (the agent has gone).
    """
    with socket.create_server(("0.0.0.0", PROXY_PORT), backlog=_BACKLOG) as proxy:  # noqa: S104
        send_with_fds(control, b"proxy", [proxy.fileno()])
    hand_over_dns(control)


def hand_over_dns(control: socket.socket) -> None:
    """Open DNS sockets on every address of the calling thread's namespace for the agent.

    Args:
        control: the engine's end of the agent's socket.

    Raises:
        OSError: as for ``hand_over``.
    """
    dns_tcp = socket.socket()
    dns_udp = socket.socket(type=socket.SOCK_DGRAM)
    with dns_tcp, dns_udp:
        for sock in (dns_tcp, dns_udp):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("0.0.0.0", DNS_PORT))  # noqa: S104 - the lab's own
        dns_tcp.listen(_BACKLOG)
        for role, sock in ((b"dns-tcp", dns_tcp), (b"dns-udp", dns_udp)):
            send_with_fds(control, role, [sock.fileno()])
