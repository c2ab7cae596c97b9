"""The layers of a stage or image as a tree to copy from: ``COPY --from``."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from pyminidocker.build.tree import Node
from pyminidocker.errors import NotImplementedHere
from pyminidocker.images.records import Layer


class LayersTree:
    """A stack of layers; a ``Tree``.  Use it as a context manager.

    Args:
        layers: bottom first.
        title: for messages, ``stage "builder"`` or ``image "alpine"``.
    """

    def __init__(self, layers: Sequence[Layer], title: str) -> None:
        self.title = title
        self._layers = layers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the layers."""

    def get(self, path: str) -> Node | None:
        """Return what is at ``path``, no link followed; None when there is nothing."""
        raise NotImplementedHere("COPY --from")

    def children(self, path: str) -> list[Node]:
        """Return what is in the directory ``path``, by name."""
        raise NotImplementedHere("COPY --from")

    def chunks(self, node: Node) -> Iterator[bytes]:
        """Yield the content of a regular file."""
        raise NotImplementedHere("COPY --from")

    def content_digest(self, node: Node) -> str:
        """Return ``sha256:...`` of a regular file's content; kept per layer and path."""
        raise NotImplementedHere("COPY --from")
