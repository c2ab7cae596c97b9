"""The registry service: pull, push, log in, look, and HTTP to the machine's side for others.

The protocol is in ``images/registry`` and runs in threads; this is its way to the loop, to the
image store, and through the host agent to the real network.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyminidocker.errors import NotImplementedHere
from pyminidocker.images.records import Image

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine
    from pyminidocker.images.registry.auth import Credentials
    from pyminidocker.images.registry.transport import HttpClient

Json = dict[str, Any]
Tell = Callable[[Json], None]


class Registry:
    """What an engine does with registries."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    async def pull(
        self,
        name: str,
        *,
        platform: str = "",
        credentials: "Credentials | None" = None,
        tell: Tell | None = None,
    ) -> Image:
        """Fetch an image, or make sure that the one we have is still what the name means.

        Args:
            name: a reference as a user writes it; without tag or digest, ``latest``.
            platform: ``os/architecture[/variant]``; empty is this machine's.
            credentials: for the registry; None is anonymous.
            tell: called on the loop with moby's progress messages.

        Raises:
            NotFound: there is no such image, or it is not for us (moby's words).
            Unavailable: the registry cannot be reached.
            PermissionDenied: it wants (other) credentials.
            IntegrityError: what it sent is not what it promised.
        """
        raise NotImplementedHere(f"pulling {name} is not there yet")

    async def http(self) -> "HttpClient":
        """Return a client for URLs, seen from the real machine; it blocks: use it in threads.

        The caller closes it.
        """
        raise NotImplementedHere("HTTP is not there yet")
