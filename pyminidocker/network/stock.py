"""Sockets made in the lab, kept by the host agent to connect from there.

A socket belongs for life to the network namespace it was made in, and the agent cannot enter the
lab's (setns(2) would need privileges over its own user namespace, too).  So the engine, which lives
in the lab, makes unconnected sockets a batch at a time and passes them over; each is used for one
connection.  The agent asks for more before it has run out.

See: unix(7) "SCM_RIGHTS"; network_namespaces(7).
"""

import socket
from collections.abc import Callable

# kind -> (family, type); the names are those of the control protocol
KINDS = {
    "tcp4": (socket.AF_INET, socket.SOCK_STREAM),
    "tcp6": (socket.AF_INET6, socket.SOCK_STREAM),
    "udp4": (socket.AF_INET, socket.SOCK_DGRAM),
    "udp6": (socket.AF_INET6, socket.SOCK_DGRAM),
}
BATCH = 64
_LOW = 32  # with less than that, more are asked for


def make_batch(kind: str) -> list[socket.socket]:
    """Make a batch of sockets in the calling thread's network namespace.

    Raises:
        OSError: EMFILE; EAFNOSUPPORT (the kernel has no IPv6).
    """
    family, type_ = KINDS[kind]
    made: list[socket.socket] = []
    try:
        made.extend(socket.socket(family, type_) for _ in range(BATCH))
    except OSError:
        if not made:
            raise
    return made


class Stock:
    """The agent's sockets, by kind.

    Args:
        ask: sends the engine a request for a batch of a kind.
    """

    def __init__(self, ask: Callable[[str], None]) -> None:
        self._ask = ask
        self._sockets: dict[str, list[socket.socket]] = {kind: [] for kind in KINDS}
        self._asked: set[str] = set()
        self._waiting: dict[str, list[Callable[[], None]]] = {kind: [] for kind in KINDS}

    def add(self, kind: str, sockets: list[socket.socket]) -> None:
        """Take a batch in and wake those who wait for it."""
        self._asked.discard(kind)
        self._sockets[kind] += sockets
        waiting, self._waiting[kind] = self._waiting[kind], []
        for action in waiting:
            action()

    def take(self, kind: str) -> socket.socket | None:
        """Return a socket, or None when there is none right now; then ``wait``."""
        self.fill(kind)
        sockets = self._sockets[kind]
        return sockets.pop() if sockets else None

    def put_back(self, kind: str, sock: socket.socket) -> None:
        """Take an unused socket back."""
        self._sockets[kind].append(sock)

    def fill(self, kind: str) -> None:
        """Ask for a batch when few are left, unless one is under way."""
        if len(self._sockets[kind]) < _LOW and kind not in self._asked:
            self._asked.add(kind)
            self._ask(kind)

    def wait(self, kind: str, action: Callable[[], None]) -> None:
        """Call ``action`` once when the next batch has come."""
        self._waiting[kind].append(action)

    def count(self, kind: str) -> int:
        """Return how many are there."""
        return len(self._sockets[kind])
