"""The engine's hand on the zygote: hands out parked children, hears what became of processes.

Every process has a token and somebody who listens for it.  News is delivered inside the callback
that read it, in order: a ``Started`` and an ``Exited`` that arrive together are both acted upon
before any coroutine runs, so nobody ever sees a container that is half gone.

Parked children get their veth pair ahead of time: making one costs half a millisecond, which no
``start`` should wait for.  It is made in quiet moments, and when these are rare, right after a
specification was sent, while the engine would only wait for the child that carries it out.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from pyminidocker.errors import InitError, MiniDockerError, Unavailable
from pyminidocker.network.endpoints import Prepared
from pyminidocker.runtime.spec import ContainerSpec, ExecSpec
from pyminidocker.runtime.zygote import (
    Closed,
    Exited,
    Failed,
    Lost,
    Parked,
    ParkedChild,
    ParkFailed,
    Started,
)

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

LOG = logging.getLogger("minidockerd")
QUIET_S = 0.004  # without a start; a whole ``run`` takes about as long
LOW_STOCK = 2  # fewer links than that are made while a child works
# Children kept without a link: ``--network none`` must not find an eth0.
BARE_RESERVE = 1


class Listener(Protocol):
    """Who wants to hear about one process."""

    def started(self, news: Started) -> None:
        """It runs."""

    def failed(self, error: InitError) -> None:
        """It will never run."""

    def exited(self, exit_code: int) -> None:
        """It ran and is gone."""


class Supervisor:
    """All processes the engine has in the lab."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._zygote = engine.lab.zygote
        self._listeners: dict[str, Listener] = {}
        self._prepared: dict[int, Prepared] = {}  # slot -> link
        self._prepare_timer: asyncio.TimerHandle | None = None
        self._last_start = 0.0
        self._is_closed = False

    def open(self) -> None:
        """Begin to listen."""
        asyncio.get_running_loop().add_reader(self._zygote.fileno(), self._on_news)

    def close(self) -> None:
        """Stop listening; the zygote itself belongs to the lab."""
        if not self._is_closed:
            self._is_closed = True
            asyncio.get_running_loop().remove_reader(self._zygote.fileno())
        if self._prepare_timer is not None:
            self._prepare_timer.cancel()

    def take(self, network: str, *, linked: bool) -> tuple[ParkedChild | None, Prepared | None]:
        """Choose a parked child for a start.

        Args:
            network: ``new`` or ``host``.
            linked: it shall have a veth pair; makes one now when none is ready.

        Raises:
            SystemFailure: the kernel refused to make the link.
        """
        bare: ParkedChild | None = None
        for child in self._zygote.parked():
            if child.network != network:
                continue
            prepared = self._prepared.get(child.slot)
            if linked and prepared is not None:
                del self._prepared[child.slot]
                return child, prepared
            if prepared is None and bare is None:
                bare = child
        if bare is not None and linked:
            return bare, self.engine.lab_network.prepare_endpoint(bare.netns_fd)
        return bare, None

    def start(
        self,
        token: str,
        spec: ContainerSpec,
        stdio: tuple[int, int, int] | None,
        child: ParkedChild | None,
        listener: Listener,
    ) -> None:
        """Start a container's first process; see ``Zygote.start``."""
        self._check_alive()
        self._listeners[token] = listener
        try:
            self._zygote.start(token, spec, stdio, child)
        except BaseException:
            self._listeners.pop(token, None)
            raise
        loop = asyncio.get_running_loop()
        self._last_start = loop.time()
        if len(self._prepared) < LOW_STOCK:
            loop.call_soon(self._prepare_one)

    def exec(
        self,
        token: str,
        spec: ExecSpec,
        pidfd: int,
        stdio: tuple[int, int, int] | None,
        listener: Listener,
    ) -> None:
        """Start a further process in a container; see ``Zygote.exec``."""
        self._check_alive()
        self._listeners[token] = listener
        try:
            self._zygote.exec(token, spec, pidfd, stdio)
        except BaseException:
            self._listeners.pop(token, None)
            raise

    def _check_alive(self) -> None:
        if self._is_closed:
            raise Unavailable("the engine is shutting down")

    def _on_news(self) -> None:
        for news in self._zygote.receive():
            match news:
                case Started(token=token):
                    self._listeners[token].started(news)
                case Exited(token=token, exit_code=exit_code):
                    self._listeners.pop(token).exited(exit_code)
                case Failed(token=token, error=error):
                    self._listeners.pop(token).failed(error)
                case Parked():
                    self.prepare_soon()
                case Lost(child=child):
                    self._prepared.pop(child.slot, None)
                case ParkFailed(network=network, error=error):
                    LOG.warning("cannot prepare a container (network %s): %s", network, error)
                case Closed():
                    self._on_closed()

    def prepare_soon(self) -> None:
        """Make links for parked children, once the engine has nothing more urgent to do."""
        if self._prepare_timer is None and self.engine.is_network_ready and not self._is_closed:
            self._prepare_timer = asyncio.get_running_loop().call_later(QUIET_S, self._on_quiet)

    def _on_quiet(self) -> None:
        self._prepare_timer = None
        is_quiet = asyncio.get_running_loop().time() - self._last_start >= QUIET_S
        # One per turn of the loop, so that requests come in between.
        if not is_quiet or self._prepare_one():
            self.prepare_soon()

    def _prepare_one(self) -> bool:
        """Make a link for the oldest child that has none; tell whether there may be more to do."""
        if self._is_closed or not self.engine.is_network_ready:
            return False
        bare = [
            child
            for child in self._zygote.parked()
            if child.network == "new" and child.slot not in self._prepared
        ]
        if len(bare) <= BARE_RESERVE:
            return False
        child = bare[0]
        try:
            self._prepared[child.slot] = self.engine.lab_network.prepare_endpoint(child.netns_fd)
        except (MiniDockerError, OSError) as error:
            # Not tried again until the next child; a start that needs a link tells the user why.
            LOG.warning("cannot prepare a network endpoint: %s", error)
            return False
        return True

    def _on_closed(self) -> None:
        """The zygote died, and the kernel has killed every container with it."""
        if self._is_closed:
            return
        LOG.critical("the zygote died; all containers are gone and no new ones can be started")
        self.close()
        for listener in list(self._listeners.values()):
            listener.exited(137)
        self._listeners.clear()
        self.engine.lab_is_lost()
