"""The registry service: pull, push, log in, look, and HTTP to the machine's side for others.

The protocol is in ``images/registry`` and runs in threads; this is its way to the loop, to the
image store, and through the host agent to the real network.  daemon.json is read anew for each
operation, so that a change needs no restart.
"""

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pyminidocker import __version__, paths
from pyminidocker.errors import MiniDockerError
from pyminidocker.images.records import Image
from pyminidocker.oci.reference import Reference, parse

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.images.registry.auth import Credentials
    from pyminidocker.images.registry.downloads import Downloads
    from pyminidocker.images.registry.endpoints import Settings
    from pyminidocker.images.registry.inspect import Distribution
    from pyminidocker.images.registry.known import Known
    from pyminidocker.images.registry.push import Pushed
    from pyminidocker.images.registry.transport import HttpClient

Json = dict[str, Any]
Tell = Callable[[Json], None]
Done = TypeVar("Done")


class _Transfer(Protocol):
    def cancel(self) -> None: ...


class Registry:
    """What an engine does with registries."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._downloads: Downloads | None = None
        self._known: Known | None = None
        self._transfers: set[_Transfer] = set()

    def close(self) -> None:
        """End all transfers; what has arrived is used by the next try."""
        for transfer in list(self._transfers):
            transfer.cancel()

    # -- pull ---------------------------------------------------------------------------------

    async def pull(
        self,
        name: str,
        *,
        platform: str = "",
        credentials: "Credentials | None" = None,
        tell: Tell | None = None,
    ) -> Image:
        """Fetch an image, or make sure that the one we have is still what the name means.

        When the caller is cancelled, so is the pull.

        Args:
            name: a reference as a user writes it; without tag or digest, ``latest``.
            platform: ``os/architecture[/variant]``; empty is this machine's.
            credentials: for the registry; None is anonymous.
            tell: called on the loop with moby's progress messages.

        Raises:
            InvalidArgument: not a reference, or not a platform.
            NotFound: there is no such image, or it is not for us (moby's words).
            Unreachable, Broken: the registry cannot be reached, or broke off too often.
            PermissionDenied: it wants (other) credentials.
            IntegrityError: what it sent is not what it promised.
            SystemFailure: the disk is full.
        """
        from pyminidocker.images.registry.endpoints import endpoints
        from pyminidocker.images.registry.pull import Pull

        reference = parse(name).with_default_tag()
        if reference.digest:  # as Docker: a tag beside a digest says nothing
            reference = Reference(reference.domain, reference.path, "", reference.digest)
        settings, http = self._prepare()
        pull = Pull(
            self.engine.images.store,
            self._arrivals(),
            http,
            settings,
            credentials or _anonymous(),
            self._teller(tell),
        )
        places = endpoints(reference.domain, settings)
        image = await self._run(pull, lambda: pull.run(places, reference, platform), http)
        attributes = {"name": reference.familiar_name}
        self.engine.events.emit("image", "pull", reference.familiar, attributes)
        return image

    async def pull_all(
        self,
        name: str,
        *,
        platform: str = "",
        credentials: "Credentials | None" = None,
        tell: Tell | None = None,
    ) -> list[Image]:
        """Fetch all tags of a repository; arguments and errors as for ``pull``."""
        from pyminidocker.images.registry.inspect import tags

        reference = parse(name)
        found = await self._ask(
            reference, credentials, lambda session: tags(session, reference.path)
        )
        return [
            await self.pull(
                f"{reference.name}:{tag}", platform=platform, credentials=credentials, tell=tell
            )
            for tag in found
        ]

    # -- push ---------------------------------------------------------------------------------

    async def push(
        self,
        name: str,
        *,
        credentials: "Credentials | None" = None,
        tell: Tell | None = None,
    ) -> "list[Pushed]":
        """Send an image, or all tags of a repository when ``name`` has none.

        Args:
            name: a reference as a user writes it.
            credentials: for the registry; None is anonymous.
            tell: called on the loop with moby's progress messages.

        Raises:
            InvalidArgument: not a reference, or one with a digest.
            NotFound: no image has this name.
            Unreachable, Broken: the registry cannot be reached, or broke off too often.
            PermissionDenied: it wants (other) credentials.
        """
        from pyminidocker.images.registry.endpoints import endpoints
        from pyminidocker.images.registry.push import Push

        reference = parse(name)
        settings, http = self._prepare()
        push = Push(
            self.engine.images.store,
            self._memory(),
            f"{self.engine.state_dir}/downloads",
            http,
            settings,
            credentials or _anonymous(),
            self._teller(tell),
        )
        ways = endpoints(reference.domain, settings)[-1]
        pushed = await self._run(push, lambda: push.run(ways, reference), http)
        attributes = {"name": reference.familiar_name}
        self.engine.events.emit("image", "push", reference.familiar, attributes)
        return pushed

    # -- looking ------------------------------------------------------------------------------

    async def check_login(self, credentials: "Credentials") -> str:
        """Make sure that a registry accepts credentials; return an identity token or "".

        Raises:
            Unauthorized: it does not.
            Unreachable: it cannot be reached.
        """
        from pyminidocker.images.registry.inspect import log_in, server_domain

        domain = server_domain(credentials.serveraddress)
        return await self._ask(Reference(domain, "-"), credentials, log_in)

    async def inspect(self, name: str, credentials: "Credentials | None" = None) -> "Distribution":
        """Return what a registry has under a name, without fetching the image.

        Raises:
            NotFound: there is no such image.
            Unreachable, PermissionDenied: as for ``pull``.
        """
        from pyminidocker.images.registry.inspect import inspect

        reference = parse(name).with_default_tag()
        return await self._ask(reference, credentials, lambda session: inspect(session, reference))

    async def http(self) -> "HttpClient":
        """Return a client for URLs, seen from the real machine; it blocks: use it in threads.

        The caller closes it.
        """
        return self._prepare()[1]

    def forget_downloads(self) -> int:
        """Remove what broken pulls left for the next try; return the bytes that were freed."""
        if self._downloads is None and not os.path.isdir(f"{self.engine.state_dir}/downloads"):
            return 0  # nobody has pulled anything: no need to import how
        return self._arrivals().sweep(0)

    # -- the way there ------------------------------------------------------------------------

    def _prepare(self) -> "tuple[Settings, HttpClient]":
        from pyminidocker.images.registry.endpoints import certificate_directories, load_settings
        from pyminidocker.images.registry.proxies import Proxies
        from pyminidocker.images.registry.transport import HttpClient

        root = paths.config_root()
        settings = load_settings(f"{root}/daemon.json")
        client = HttpClient(
            self.engine.agent_line.dialer(),
            Proxies.of_environment(settings.proxies),
            certificate_directories(root),
            f"minidocker/{__version__}",
        )
        return settings, client

    def _arrivals(self) -> "Downloads":
        if self._downloads is None:
            from pyminidocker.images.registry.downloads import Downloads

            blobs = self.engine.images.store.blobs
            self._downloads = Downloads(f"{self.engine.state_dir}/downloads", blobs)
            self._downloads.sweep()
        return self._downloads

    def _memory(self) -> "Known":
        if self._known is None:
            from pyminidocker.images.registry.known import Known

            self._known = Known(f"{self.engine.state_dir}/images/transfers.json")
        return self._known

    def _teller(self, tell: Tell | None) -> Tell:
        """Return what carries messages from any thread to the loop."""
        if tell is None:
            return _nobody
        loop = asyncio.get_running_loop()

        def carry(record: Json) -> None:
            loop.call_soon_threadsafe(tell, record)

        return carry

    async def _run(self, transfer: _Transfer, work: Callable[[], Done], http: "HttpClient") -> Done:
        """Run a transfer in a thread; it is over when this returns, also when it is cancelled."""
        self._transfers.add(transfer)
        task = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            transfer.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # nobody is there to hear it
            raise
        finally:
            self._transfers.discard(transfer)
            http.close()

    async def _ask(
        self,
        reference: Reference,
        credentials: "Credentials | None",
        question: Callable[..., Done],
    ) -> Done:
        """Ask a registry something that takes a request or two."""
        from pyminidocker.images.registry.endpoints import endpoints
        from pyminidocker.images.registry.failures import Refused, explain, translate
        from pyminidocker.images.registry.session import Session

        settings, http = self._prepare()
        ways = endpoints(reference.domain, settings)[-1]
        session = Session(http, ways, credentials or _anonymous())
        try:
            return await self._run(_Question(http), lambda: question(session), http)
        except Refused as error:
            if reference.path == "-":
                raise
            raise translate(error, reference) from error
        except MiniDockerError as error:
            raise explain(error, reference) from error.__cause__


class _Question:
    """A short exchange, as a transfer."""

    def __init__(self, http: "HttpClient") -> None:
        self.cancel = http.abort


def _anonymous() -> "Credentials":
    from pyminidocker.images.registry.auth import ANONYMOUS

    return ANONYMOUS


def _nobody(_record: Json) -> None:
    """Nobody wants to know."""
