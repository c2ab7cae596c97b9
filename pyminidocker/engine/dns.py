"""Names on user-defined networks, as Docker's embedded DNS server gives them.

A container on such a network has ``nameserver 127.0.0.11``.  The sockets behind that address are
opened inside its network namespace and served by the engine's event loop, so every question comes
with the container that asks, and is answered from what is connected at that moment.

See: RFC 1035; docs/decisions/0010.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyminidocker.engine.container import Container
    from pyminidocker.engine.engine import Engine


class Dns:
    """The DNS servers of all running containers on user-defined networks."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def open(self, container: "Container", netns_fd: int) -> None:
        """Serve 127.0.0.11 inside a container's network namespace; nothing if it is served already.

        To be called when the container's child was taken, before its program runs, and when a
        running container gets its first user-defined network.

        Args:
            container: who asks.
            netns_fd: its network namespace; used during the call only.

        Raises:
            SystemFailure: the kernel refused a socket.
        """

    def close(self, container: "Container") -> None:
        """Stop serving a container; safe to repeat."""

    def stop(self) -> None:
        """Stop serving all containers: the engine ends."""
