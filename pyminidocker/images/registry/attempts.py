"""Trying again: how often, after how long, and how to be stopped.

Only what may pass by itself is tried again: a connection that broke, a server in trouble.  A try
that moved bytes forward starts the count anew, so that a large layer gets through a bad line.
"""

import threading
from collections.abc import Callable

from pyminidocker.errors import MiniDockerError, Unavailable
from pyminidocker.images.registry.failures import Broken, Refused, Unreachable

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 10.0


class Cancelled(Unavailable):
    """Whoever wanted it has gone."""


class Attempts:
    """The attempts at one thing.

    Args:
        most: how many, one after the other without any progress.
        stop: set when nobody wants the thing any more.
        tell: called with the seconds until the next attempt, and why there must be one.
    """

    def __init__(
        self,
        most: int,
        stop: threading.Event,
        tell: Callable[[float, MiniDockerError], None] | None = None,
    ) -> None:
        self._most = most
        self._stop = stop
        self._tell = tell
        self._made = 0

    @property
    def is_cancelled(self) -> bool:
        """Nobody wants it any more."""
        return self._stop.is_set()

    def again(self, error: MiniDockerError, *, has_moved: bool = False) -> None:
        """Wait before the next attempt, or raise ``error`` when there shall be none.

        Args:
            error: what ended the last attempt.
            has_moved: it brought us forward.

        Raises:
            Cancelled: nobody wants it any more.
        """
        if self._stop.is_set():
            raise Cancelled("the transfer was cancelled") from error
        self._made = 0 if has_moved else self._made + 1
        if not _may_pass(error) or self._made >= self._most:
            raise error
        pause_s = min(_FIRST_PAUSE_S * 2**self._made, _LONGEST_PAUSE_S)
        if isinstance(error, Refused) and error.retry_after_s:
            pause_s = min(max(pause_s, error.retry_after_s), _LONGEST_PAUSE_S)
        if self._tell is not None:
            self._tell(pause_s, error)
        if self._stop.wait(pause_s):
            raise Cancelled("the transfer was cancelled") from error


def _may_pass(error: MiniDockerError) -> bool:
    if isinstance(error, Refused):
        return error.is_passing
    return isinstance(error, Broken | Unreachable)
