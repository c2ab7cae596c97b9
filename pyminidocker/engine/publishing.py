"""Publishing: the real machine's ports that lead to containers.

reserve   before the process starts: the machine's ports are bound, nobody is let in yet
activate  the container has its addresses: connections are let through, the lab has its rule
follow    its networks have changed: the same ports, another address behind them
release   the container has ended: the ports are free again
"""

from typing import TYPE_CHECKING

from pyminidocker.engine.container import Container
from pyminidocker.engine.ports import PublishedPort

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine


class Publishing:
    """All published ports of an engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._by_container: dict[str, list[PublishedPort]] = {}

    async def reserve(self, container: Container) -> None:
        """Take the ports a container wants to have published; nothing when it wants none.

        Called before ``ContainerProcess.begin``.  Connections that come in wait for ``activate``.

        Raises:
            SystemFailure: a port cannot be had; with dockerd's words.
        """

    def activate(self, container: Container) -> None:
        """Let connections through: the container has joined its networks and knows its addresses.

        Raises:
            SystemFailure: the lab's packet filter refused.
        """

    def follow(self, container: Container) -> None:
        """Send connections to where the container is now: after a connect or disconnect."""

    def release(self, container: Container) -> None:
        """Give the container's ports back; safe to repeat, and without effect when it has none."""

    def bindings(self, container: Container) -> dict[str, list[tuple[str, int]]]:
        """Return what is published now: "80/tcp" -> [(host address, host port)]."""
        found: dict[str, list[tuple[str, int]]] = {}
        for port in self._by_container.get(container.id, ()):
            found.setdefault(port.name, []).append((port.host_ip, port.host_port))
        return found

    def published(self, container: Container) -> list[PublishedPort]:
        """Return the container's published ports."""
        return list(self._by_container.get(container.id, ()))
