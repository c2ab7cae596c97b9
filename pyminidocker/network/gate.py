"""A published port's own socket, watched while there is somebody to let in.

It is bound before its container starts; what comes meanwhile waits in the kernel.

See: epoll(7).
"""

import select
import socket

from pyminidocker.network.reactor import Handler, Reactor


class Gate:
    """Watches a socket for readable while it is open.

    Args:
        reactor: whose events drive it.
        sock: becomes the gate's.
        on_ready: called when something is there.
    """

    def __init__(self, reactor: Reactor, sock: socket.socket, on_ready: Handler) -> None:
        self.socket = sock
        self._reactor = reactor
        self._on_ready = on_ready
        self._is_open = False
        self._is_closed = False
        self.is_watched = False

    def set_open(self, is_open: bool) -> None:
        """Let in, or let wait."""
        self._is_open = is_open
        self.watch()

    def watch(self) -> None:
        """Watch if, and only if, the gate is open; also after a ``rest``."""
        wanted = self._is_open and not self._is_closed
        if wanted and not self.is_watched:
            self._reactor.watch(self.socket.fileno(), self._on_ready, select.EPOLLIN)
        elif self.is_watched and not wanted:
            self._reactor.forget(self.socket.fileno())
        self.is_watched = wanted

    def rest(self) -> None:
        """Look away until ``watch``: what waits would wake us for ever."""
        self._reactor.forget(self.socket.fileno())
        self.is_watched = False

    def close(self) -> None:
        """Free the port."""
        self._is_closed = True
        self.watch()
        self.socket.close()
