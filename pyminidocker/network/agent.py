"""The host agent: the one process of an engine that stays in the real machine's namespaces.

It is forked before the engine becomes the lab, imports nothing heavy, and serves both directions:
it carries outwards what the lab sends to the outside (``egress``), and inwards what arrives at the
machine's published ports (``forward``); and it hands out sockets of the machine's network, with
which the engine itself talks to registries.  The engine tells it what to do over a SOCK_SEQPACKET
socket, one message a packet, words separated by blanks:

    engine says               with           the agent answers
    proxy, dns-tcp, dns-udp   a lab socket   (serves the outside at it)
    facts                                    facts <first port> <last port> <first unprivileged>
    listen <id> <protocol>                   listening <id> <errno>
      <address> <port>
    aim <id> [<address> <port>]              (lets connections through to there, or to nowhere)
    unlisten <id>...                         closed <id>...
    stock <kind>              lab sockets    (keeps them to connect with)
    socket <id> <kind>                       socket <id> <errno>, with an unconnected socket
    resolve <id> <name>                      resolved <id> <EAI_* code> <address>...

and unasked it says ``want <kind>`` when its stock of lab sockets runs low.

See: unix(7), docs/decisions/0009.
"""

import errno
import resource
import select
import socket

from pyminidocker.kernel.fd import receive_with_fds, send_with_fds
from pyminidocker.network.dns_relay import DNS_PORT, RESOLV_CONF, DnsRelay, Resolvers
from pyminidocker.network.forward import TcpForward, bind_tcp
from pyminidocker.network.forward_udp import UdpForward, bind_udp
from pyminidocker.network.lookup import look_up
from pyminidocker.network.proxy import Address, Listener, original_destination
from pyminidocker.network.reactor import Reactor
from pyminidocker.network.stock import KINDS, Stock

_EPHEMERAL = "/proc/sys/net/ipv4/ip_local_port_range"
_UNPRIVILEGED = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
_MESSAGE_BYTES = 65536
_RETRY_S = 0.2
# Whoever ends the process closes its descriptors, all at once; no object does so a second time.
_kept: "list[Agent]" = []


class Agent:
    """What the host agent serves.

    Args:
        control: socket to the engine.
        resolv_conf: the real machine's resolver configuration.
    """

    def __init__(self, control: socket.socket, resolv_conf: str = RESOLV_CONF) -> None:
        self._control = control
        self._reactor = Reactor()
        self._resolvers = Resolvers(resolv_conf)
        self._served: list[Listener | DnsRelay] = []
        self._stock = Stock(lambda kind: self._say(f"want {kind}"))
        self._forwards: dict[str, TcpForward | UdpForward] = {}
        control.setblocking(False)
        self._reactor.watch(control.fileno(), self._control_ready, select.EPOLLIN)

    def run(self) -> None:
        """Serve until the engine closes its end."""
        self._reactor.run()

    def _say(self, text: str, fds: tuple[int, ...] = ()) -> None:
        try:
            send_with_fds(self._control, text.encode(), fds)
        except OSError:  # the engine has gone, or will ask again
            pass

    def _control_ready(self, _events: int) -> None:
        try:
            message, fds = receive_with_fds(self._control, _MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            message, fds = b"", []
        if not message:
            self._reactor.stop()
            return
        verb, *words = message.decode().split(" ")
        sockets = [socket.socket(fileno=fd) for fd in fds]
        if verb == "stock":
            self._restock(words[0], sockets)
        elif verb == "listen":
            self._listen(*words)
        elif verb == "aim":
            self._forwards[words[0]].aim((words[1], int(words[2])) if len(words) > 1 else None)
        elif verb == "unlisten":
            self._unlisten(words)
        elif verb == "socket":
            self._hand_out(*words)
        elif verb == "resolve":
            self._resolve(*words)
        elif verb == "facts":
            self._say(f"facts {_first_line(_EPHEMERAL)} {_first_line(_UNPRIVILEGED)}")
        else:
            self._serve(verb, sockets)

    # -- outwards -----------------------------------------------------------------------------

    def _serve(self, role: str, sockets: list[socket.socket]) -> None:
        for sock in sockets:
            if role == "proxy":
                self._served.append(Listener(self._reactor, sock, original_destination))
            elif role == "dns-tcp":
                self._served.append(Listener(self._reactor, sock, self._dns_targets))
            elif role == "dns-udp":
                self._served.append(DnsRelay(self._reactor, sock, self._resolvers))
            else:
                sock.close()

    def _dns_targets(self, _connection: socket.socket) -> list[Address]:
        return [(server, DNS_PORT) for server in self._resolvers.current()]

    def _hand_out(self, name: str, kind: str) -> None:
        """Make a socket in the machine's network for the engine to connect."""
        try:
            made = socket.socket(*KINDS[kind])
        except OSError as error:
            self._say(f"socket {name} {error.errno or errno.EIO}")
            return
        with made:
            self._say(f"socket {name} 0", (made.fileno(),))

    def _resolve(self, name: str, host: str) -> None:
        def found(code: int, addresses: list[str]) -> None:
            self._say(" ".join(["resolved", name, str(code), *addresses]))

        try:
            look_up(self._reactor, host, found)
        except OSError:  # no process to be had
            found(socket.EAI_MEMORY, [])

    # -- inwards ------------------------------------------------------------------------------

    def _listen(self, name: str, protocol: str, host: str, port: str) -> None:
        code = 0
        try:
            if protocol == "tcp":
                bound = bind_tcp(host, int(port))
                self._forwards[name] = TcpForward(self._reactor, bound, self._stock)
            else:
                bound = bind_udp(host, int(port))
                self._forwards[name] = UdpForward(self._reactor, bound, self._stock)
        except OSError as error:
            code = error.errno or errno.EIO
        self._say(f"listening {name} {code}")

    def _unlisten(self, names: list[str]) -> None:
        for name in names:
            forward = self._forwards.pop(name, None)
            if forward is not None:
                forward.close()
        self._say(" ".join(["closed", *names]))

    def _restock(self, kind: str, sockets: list[socket.socket]) -> None:
        if sockets:
            self._stock.add(kind, sockets)
        else:  # the engine has no descriptors left: ask again, but not at once
            self._reactor.after(_RETRY_S, lambda: self._stock.add(kind, []))


def _first_line(path: str) -> str:
    """Return a sysctl's numbers with single blanks, empty when the kernel does not have it."""
    try:
        with open(path, encoding="ascii") as file:  # noqa: PTH123 - the agent does without pathlib
            return " ".join(file.readline().split())
    except OSError:
        return ""


def agent_main(control: socket.socket, resolv_conf: str = RESOLV_CONF) -> None:
    """Serve the lab from the real machine until ``control`` reaches end of file; then return.

    Args:
        control: SOCK_SEQPACKET socket to the engine.
        resolv_conf: the real machine's resolver configuration.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:  # every connection takes two descriptors, and 1024 is the usual soft limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        pass
    agent = Agent(control, resolv_conf)
    _kept.append(agent)
    agent.run()
