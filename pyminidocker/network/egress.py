"""The way out of the lab without any helper program: a process with a foot in each world.

A rootless network namespace has no cable to the outside.  A socket, though, belongs for life to the
namespace it was made in, and descriptors can be passed between processes (SCM_RIGHTS, unix(7)).
So the engine opens listening sockets inside the lab and hands them to the *host agent*, a small
process that never left the real host's namespaces: it accepts connections on the lab's side and
connects out on the host's side.  What can pass is TCP and DNS; ``rules`` refuses the rest.

    container --> veth, bridge --> nft redirect --> listener | agent --> socket --> the outside
                                        (lab's namespace)    |    (real host's namespace)

This module imports nothing heavy, because the agent is forked from the engine before it grows.
"""

import resource
import select
import socket

from pyminidocker.kernel.fd import receive_with_fds, send_with_fds
from pyminidocker.network.dns_relay import DNS_PORT, RESOLV_CONF, DnsRelay, Resolvers
from pyminidocker.network.proxy import Address, Listener, original_destination
from pyminidocker.network.reactor import Reactor

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


class Agent:
    """What the host agent serves.

    Args:
        control: socket to the engine: each message says in a word what to do with the one socket
            it brings (a stream is never read beyond the bytes its descriptors came with).
        resolv_conf: the real host's resolver configuration.
    """

    def __init__(self, control: socket.socket, resolv_conf: str = RESOLV_CONF) -> None:
        self._control = control
        self._reactor = Reactor()
        self._resolvers = Resolvers(resolv_conf)
        self._served: list[Listener | DnsRelay] = []
        control.setblocking(False)
        self._reactor.watch(control.fileno(), self._control_ready, select.EPOLLIN)

    def run(self) -> None:
        """Serve until the engine closes its end."""
        self._reactor.run()

    def _control_ready(self, _events: int) -> None:
        try:
            message, fds = receive_with_fds(self._control)
        except BlockingIOError:
            return
        except OSError:
            message, fds = b"", []
        if not message:
            self._reactor.stop()
        for fd in fds:
            self._serve(message, socket.socket(fileno=fd))

    def _serve(self, role: bytes, sock: socket.socket) -> None:
        if role == b"proxy":
            self._served.append(Listener(self._reactor, sock, original_destination))
        elif role == b"dns-tcp":
            self._served.append(Listener(self._reactor, sock, self._dns_targets))
        elif role == b"dns-udp":
            self._served.append(DnsRelay(self._reactor, sock, self._resolvers))
        else:
            sock.close()

    def _dns_targets(self, _connection: socket.socket) -> list[Address]:
        return [(server, DNS_PORT) for server in self._resolvers.current()]


def agent_main(control: socket.socket, resolv_conf: str = RESOLV_CONF) -> None:
    """Serve the lab from the real host until ``control`` reaches end of file; then return.

    Args:
        control: unix socket to the engine.
        resolv_conf: the real host's resolver configuration.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:  # every connection takes two descriptors, and 1024 is the usual soft limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        pass
    Agent(control, resolv_conf).run()
