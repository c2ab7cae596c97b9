"""Names on user-defined networks, as Docker's embedded DNS server gives them.

A container on such a network has ``nameserver 127.0.0.11``.  The sockets behind that address are
opened inside its network namespace (``network/dns_sockets.py``) and served by the engine's event
loop (``dns_server.py``), so every question comes with the container that asks, and is answered from
what is connected at that moment (``dns_names.py``).  On the default bridge there are no names.

See: RFC 1035; docs/decisions/0010.
"""

import asyncio
from typing import TYPE_CHECKING

from pyminidocker.engine import etc_files
from pyminidocker.errors import SystemFailure

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.dns_peers import PeerServer
    from pyminidocker.engine.dns_server import DnsServer
    from pyminidocker.engine.engine import Engine


class Dns:
    """The DNS servers of all running containers on user-defined networks."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._servers: dict[str, DnsServer] = {}  # container id -> ..
        self._peer_server: PeerServer | None = None
        self._is_warm = False

    def has_names(self, container: "Container") -> bool:
        """Tell whether a container that is on its networks gets names: on any the user made."""
        networks = self.engine.networks
        return any(networks.is_user_defined(network) for network, _ in networks.of(container))

    def open(self, container: "Container", netns_fd: int) -> None:
        """Serve 127.0.0.11 inside a container's network namespace; nothing if it is served already.

        To be called when the container's child was taken, before its program runs, and when a
        running container gets its first user-defined network.

        Args:
            container: who asks.
            netns_fd: its network namespace; used during the call only.

        Raises:
            SystemFailure: the kernel refused a socket or a rule.
        """
        networks = self.engine.networks.of(container)
        if any(network.driver == "overlay" for network, _ in networks):
            self._serve_peers()
        if container.id in self._servers:
            return
        from pyminidocker.engine.dns_server import DnsServer
        from pyminidocker.network import dns_sockets

        try:
            sockets = dns_sockets.open_sockets(self.engine.lab_network.inside, netns_fd)
        except OSError as error:
            raise SystemFailure(
                f"cannot serve names to container {container.name}: {error.strerror}",
                hint="on the default bridge (without --network) it starts, but has no names",
            ) from error
        self._servers[container.id] = DnsServer(self.engine, container, sockets)
        etc_files.name_server_changed(self.engine, container)
        if not self._is_warm:
            self._is_warm = True
            # Beside the first container's start; its first question comes later.
            self.engine.background(asyncio.to_thread(_load_messages))

    def _serve_peers(self) -> None:
        """Let the other hosts of overlay networks ask for names of containers here."""
        if self._peer_server is not None:
            return
        from pyminidocker.engine.dns_peers import PeerServer

        try:
            self._peer_server = PeerServer(self.engine)
        except OSError as error:
            self.engine.report(f"other hosts cannot ask for names here: {error}")

    def close(self, container: "Container") -> None:
        """Stop serving a container; safe to repeat."""
        server = self._servers.pop(container.id, None)
        if server is not None:
            server.close()

    def stop(self) -> None:
        """Stop serving all containers and hosts: the engine ends."""
        while self._servers:
            self._servers.popitem()[1].close()
        if self._peer_server is not None:
            self._peer_server.close()
            self._peer_server = None


def _load_messages() -> None:
    from pyminidocker.network import dns_messages

    assert dns_messages.A
