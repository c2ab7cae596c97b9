"""The image service: the image store seen from the loop, with what containers forbid added."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyminidocker.engine.results import PruneReport

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]


class Images:
    """All images of an engine.

    Attributes:
        store: the ``images.store.ImageStore``; read it freely from the loop.
    """

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def get(self, ref: str) -> Any:
        """Return the image (``images.store.Image``) that ``ref`` means: name, id or id prefix.

        Raises:
            NotFound: "No such image: x".
        """
        raise NotImplementedError

    def list(self, *, all: bool = False, filters: Filters | None = None) -> "list[Any]":
        """Return images, newest first (filters: dangling, label, before, since, reference)."""
        raise NotImplementedError

    async def tag(self, ref: str, repository: str, tag: str = "") -> None:
        """Add a name to an image.

        Raises:
            InvalidArgument: malformed name.
        """
        raise NotImplementedError

    async def remove(
        self, ref: str, *, force: bool = False, prune_parents: bool = True
    ) -> "list[tuple[str, str]]":
        """Untag or delete; returns ("Untagged"|"Deleted", name or id) in order.

        Raises:
            NotFound: no such image.
            Conflict: a container uses it, or several names do and it was given by id.
        """
        raise NotImplementedError

    async def prune(self, filters: Filters | None = None) -> PruneReport:
        """Delete dangling images (filter dangling=false: all unused; until; label)."""
        raise NotImplementedError

    async def bootstrap(self, names: Sequence[str], progress: Callable[[str, str], None]) -> None:
        """Make base images without a registry; ``progress(name, status)`` is called on the loop.

        Raises:
            NotFound: an unknown base image.
            NotImplementedHere: this host has not got what that image is made from.
        """
        raise NotImplementedError

    def layers(self, ref: str) -> "list[dict[str, Any]]":
        """Return the layers of an image, lowest first, in the shape of GET /minidocker/layers."""
        raise NotImplementedError

    async def compare(self, a: str, b: str, kind: str = "auto") -> "dict[str, Any]":
        """Compare two of: image, ``image@N``, container, "" (nothing); see GET /minidocker/compare."""
        raise NotImplementedError

    async def layer_file(self, ref: str, layer: int, path: str) -> bytes:
        """Return a file as one layer holds it, even when a higher layer hides it.

        Raises:
            NotFound: the layer has no such file.
        """
        raise NotImplementedError
