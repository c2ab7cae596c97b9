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
from signal import SIGKILL
from typing import TYPE_CHECKING, Protocol

from pyminidocker.errors import InitError, MiniDockerError, SystemFailure, Unavailable
from pyminidocker.kernel.pidfd import pidfd_send_signal
from pyminidocker.network.plans import Prepared
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
    from pyminidocker.kernel.cgroup.manager import Group

LOG = logging.getLogger("minidockerd")
QUIET_S = 0.004  # without a start; a whole ``run`` takes about as long
MOST_UNTIDY = 16  # groups that wait for a quiet moment to be removed
LOW_STOCK = 2  # fewer links than that are made while a child works
# Children kept without a link: ``--network none`` must not find an eth0.
BARE_RESERVE = 2


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
        self._spoiled: set[int] = set()  # slots of children that are being killed
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []  # for a child of this kind
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
        for network in ("new", "host", "machine"):
            self._wake(network, Unavailable("the engine is shutting down"))

    async def child_for(self, network: str, *, linked: bool) -> None:
        """Return when ``take`` will find a child; have one made at once when none is there.

        Args:
            network: ``new``, ``host`` or ``machine``.
            linked: as for ``take``.

        Raises:
            SystemFailure: the kernel refuses to make one.
            Unavailable: the engine is shutting down.
        """
        while self._choose(network, linked=linked) is None:
            self._check_alive()
            self._zygote.hurry(network)
            news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((network, news))
            await news

    def take(self, network: str, *, linked: bool) -> tuple[ParkedChild, Prepared | None]:
        """Choose a parked child for a start; ``child_for`` has made sure that there is one.

        Args:
            network: ``new``, ``host`` or ``machine``.
            linked: it shall have a veth pair; makes one now when none is ready.

        Raises:
            SystemFailure: no child is there, or the kernel refused to make the link.
        """
        child = self._choose(network, linked=linked)
        if child is None:
            raise SystemFailure(f"no process is prepared for a container (network {network})")
        prepared = self._prepared.pop(child.slot, None)
        if linked and prepared is None:
            prepared = self.engine.lab_network.prepare_endpoint(child.netns_fd)
        return child, prepared

    def spare_links(self) -> set[str]:
        """Return the lab's ends of the cables that were made ahead of time."""
        return {prepared.host_link for prepared in self._prepared.values()}

    def _choose(self, network: str, *, linked: bool) -> ParkedChild | None:
        """Return the best child that is parked: for a link one that has it, else one that has none.

        A child that has a link is of no use to a container that wants none.
        """
        children = [
            child
            for child in self._zygote.parked()
            if child.network == network and child.slot not in self._spoiled
        ]
        bare = [child for child in children if child.slot not in self._prepared]
        if linked and len(bare) < len(children):
            return next(child for child in children if child.slot in self._prepared)
        return bare[0] if bare else None

    def spoil(self, child: ParkedChild) -> None:
        """Kill a child that was taken and could not be used: what it was given is in the way."""
        self._spoiled.add(child.slot)
        pidfd_send_signal(child.pidfd, SIGKILL)

    def _wake(self, network: str, error: Exception | None = None) -> None:
        """Let those who wait for a child of this kind look again, or tell them to give up."""
        woken = [news for kind, news in self._waiting if kind == network]
        self._waiting = [item for item in self._waiting if item[0] != network]
        for news in woken:
            if news.done():
                continue  # its client has gone
            if error is None:
                news.set_result(None)
            else:
                news.set_exception(error)

    def start(
        self,
        token: str,
        spec: ContainerSpec,
        stdio: tuple[int, int, int] | None,
        child: ParkedChild,
        listener: Listener,
        netns_fd: int = -1,
    ) -> None:
        """Start a container's first process; see ``Zygote.start``."""
        self._check_alive()
        self._listeners[token] = listener
        try:
            self._zygote.start(token, spec, stdio, child, netns_fd)
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
        group: "Group | None" = None,
    ) -> None:
        """Start a further process in a container; see ``Zygote.exec``."""
        self._check_alive()
        self._listeners[token] = listener
        try:
            self._zygote.exec(token, spec, pidfd, stdio, group)
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
                    self.prepare_soon()
                case Failed(token=token, error=error):
                    self._listeners.pop(token).failed(error)
                case Parked(child=child):
                    self._wake(child.network)
                    self.prepare_soon()
                case Lost(child=child):
                    self._prepared.pop(child.slot, None)
                    self._spoiled.discard(child.slot)
                case ParkFailed(network=network, error=error):
                    LOG.warning("cannot prepare a container (network %s): %s", network, error)
                    told = SystemFailure(f"cannot prepare a container: {error}", hint=error.hint)
                    self._wake(network, told)
                case Closed():
                    self._on_closed()

    def prepare_soon(self, delay_s: float = QUIET_S) -> None:
        """Make links for parked children, once the engine has nothing more urgent to do."""
        if not self.engine.is_network_ready or self._is_closed:
            return
        loop = asyncio.get_running_loop()
        if self._prepare_timer is not None:
            if self._prepare_timer.when() <= loop.time() + delay_s:
                return
            self._prepare_timer.cancel()  # it waits for a group that does not go yet
        self._prepare_timer = loop.call_later(delay_s, self._on_quiet)

    def _on_quiet(self) -> None:
        self._prepare_timer = None
        is_quiet = asyncio.get_running_loop().time() - self._last_start >= QUIET_S
        groups = self._zygote.groups
        tidy_in_s = groups.tidy() if is_quiet or groups.waiting > MOST_UNTIDY else 0.0
        # One per turn of the loop, so that requests come in between.
        if not is_quiet or self._prepare_one():
            self.prepare_soon()
        elif tidy_in_s:
            self.prepare_soon(tidy_in_s)

    def _prepare_one(self) -> bool:
        """Make a link for the oldest child that has none; tell whether there may be more to do."""
        if self._is_closed or not self.engine.is_network_ready:
            return False
        bare = [
            child
            for child in self._zygote.parked()
            if child.network == "new"
            and child.slot not in self._prepared
            and child.slot not in self._spoiled
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
