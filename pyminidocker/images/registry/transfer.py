"""What a pull and a push have in common: an end from outside, attempts, and who is told.

See: ``attempts`` and ``workers``, which see that a transfer has been stopped.
"""

import threading
from typing import TYPE_CHECKING

from pyminidocker.errors import MiniDockerError
from pyminidocker.images.registry.attempts import Attempts, Cancelled
from pyminidocker.images.registry.endpoints import Settings
from pyminidocker.images.registry.progress import Json, Meter, Tell, short, state

if TYPE_CHECKING:
    from pyminidocker.images.registry.auth import Credentials
    from pyminidocker.images.registry.transport import HttpClient
    from pyminidocker.images.store import ImageStore


class Transfer:
    """One pull or push.

    Args:
        store: the images.
        http: carries the requests; its ``abort`` is called when the transfer fails or is cancelled.
        settings: how many things at once, and how many attempts.
        credentials: ours.
        tell: takes moby's messages, in any thread.
    """

    def __init__(
        self,
        store: "ImageStore",
        http: "HttpClient",
        settings: Settings,
        credentials: "Credentials",
        tell: Tell,
    ) -> None:
        self._store = store
        self._http = http
        self._settings = settings
        self._credentials = credentials
        self._tell = tell
        self._stop = threading.Event()  # also set when one of several things at once failed
        self._is_cancelled = False

    def cancel(self) -> None:
        """End it, from another thread; ``run`` raises Cancelled."""
        self._is_cancelled = True
        self._stop.set()
        self._http.abort()

    def _go_on(self) -> None:
        """Be ready for the next try, after one that was stopped because something failed.

        Raises:
            Cancelled: it was not only that.
        """
        self._stop.clear()
        self._http.resume()
        if self._is_cancelled:  # looked at last: a ``cancel`` from now on stops the next try
            raise Cancelled("the transfer was cancelled")

    def _attempts(self, most: int, name: str) -> Attempts:
        """Return the attempts at one thing.

        Args:
            most: how many.
            name: a digest, under which pauses are told.
        """

        def tell_pause(seconds: float, _error: MiniDockerError) -> None:
            unit = "second" if round(seconds) <= 1 else "seconds"
            self._tell(state(short(name), f"Retrying in {max(1, round(seconds))} {unit}"))

        return Attempts(most, self._stop, tell_pause)


def unseen() -> Meter:
    """Return the meter of something so small that nobody wants to see it arrive."""
    return Meter(_drop, "", "", 0)


def _drop(_record: Json) -> None:
    pass
