"""A small event loop for the host agent: epoll, deadlines, and turns for busy connections.

The agent lives as long as the engine and is forked before anything heavy is imported, so this
stands in for asyncio (10 MB).  Sockets are watched edge-triggered: the kernel reports that
something has changed, and whoever is told must use the socket until it says EAGAIN.

See: epoll(7).
"""

import select
import sys
import time
from collections.abc import Callable

Handler = Callable[[int], None]
Deadline = tuple[float, Callable[[], None]]  # a moment of the monotonic clock, what to do then

EDGE = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET


def _moment(deadline: Deadline) -> float:
    return deadline[0]


class Reactor:
    """Calls handlers when their descriptors are ready, one at a time, until stopped."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._deadlines: list[Deadline] = []
        self._turns: list[Callable[[], None]] = []
        self._running = True

    def watch(self, fd: int, handler: Handler, mask: int = EDGE) -> None:
        """Call ``handler(events)`` whenever ``fd`` is ready for what ``mask`` says (EPOLL*)."""
        self._epoll.register(fd, mask)
        self._handlers[fd] = handler

    def forget(self, fd: int) -> None:
        """Stop watching ``fd``; must come before it is closed."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Call ``action`` in ``delay_s`` seconds; it must check itself whether it still matters."""
        self._deadlines.append((time.monotonic() + delay_s, action))
        self._deadlines.sort(key=_moment)  # in order already when all delays are the same

    def again(self, action: Callable[[], None]) -> None:
        """Call ``action`` after the others that are ready have had their turn."""
        self._turns.append(action)

    def stop(self) -> None:
        """Make ``run`` return after the current handler."""
        self._running = False

    def _timeout_s(self) -> float:
        if self._turns:
            return 0.0
        if self._deadlines:
            return max(0.0, self._deadlines[0][0] - time.monotonic())
        return -1.0

    def run(self) -> None:
        """Serve until ``stop``.

        The trouble of one connection must not end the others: an exception nobody expected is
        reported on standard error, and the loop goes on.
        """
        while self._running:
            try:
                self._one_round()
            except Exception:  # noqa: BLE001 - the process boundary
                sys.excepthook(*sys.exc_info())
        self._epoll.close()

    def _one_round(self) -> None:
        for fd, events in self._epoll.poll(self._timeout_s()):
            handler = self._handlers.get(fd)  # an earlier handler may have closed it
            if handler is not None:
                handler(events)
        turns, self._turns = self._turns, []
        for action in turns:
            action()
        while self._deadlines and self._deadlines[0][0] <= time.monotonic():
            self._deadlines.pop(0)[1]()
