"""The build context: what the client sent, as an index in memory and one unnamed file on disk.

Nothing of the archive becomes a name on the engine's disk, so that no path in it, absolute, with
``..`` or through a link, can reach anything; the content lies behind one descriptor and is gone
with the process, whatever kills it.  Only ``RUN --mount=type=bind`` needs real files:
``Context.directory`` makes them when asked.

See: moby builder/remotecontext; open(2), O_TMPFILE.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from pyminidocker.build.tree import Node
from pyminidocker.errors import NotImplementedHere


class Context:
    """One build's context; a ``Tree``.  Use it as a context manager, or call ``close``.

    Its methods block and may be called from several threads.

    Attributes:
        title: "the build context".
        size: bytes in regular files.
        count: number of entries.
        warnings: what was left out, one line each.
    """

    title: str
    size: int
    count: int
    warnings: list[str]

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
        """Let go of everything on disk."""
        raise NotImplementedHere("build contexts")

    def get(self, path: str) -> Node | None:
        """Return what is at ``path``, no link followed; None when there is nothing."""
        raise NotImplementedHere("build contexts")

    def children(self, path: str) -> list[Node]:
        """Return what is in the directory ``path``, by name."""
        raise NotImplementedHere("build contexts")

    def chunks(self, node: Node) -> Iterator[bytes]:
        """Yield the content of a regular file."""
        raise NotImplementedHere("build contexts")

    def content_digest(self, node: Node) -> str:
        """Return ``sha256:...`` of a regular file's content; it is computed once."""
        raise NotImplementedHere("build contexts")

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        """Return a small file such as the Dockerfile, links followed inside the context.

        Raises:
            NotFound: no such file; the hint has a near miss.
            InvalidArgument: a directory, or larger than ``limit`` bytes.
        """
        raise NotImplementedHere("build contexts")

    def find(self, pattern: str) -> list[str]:
        """Return the paths that a COPY source with wildcards means, sorted.

        Raises:
            InvalidArgument: a malformed pattern.
        """
        raise NotImplementedHere("build contexts")

    def digest(self, paths: Iterable[str]) -> dict[str, str]:
        """Return a description of each path and all below it, for the cache (``hashing``)."""
        raise NotImplementedHere("build contexts")

    def is_ignored(self, path: str) -> bool:
        """Tell whether the context's .dockerignore would have kept ``path`` out."""
        raise NotImplementedHere("build contexts")

    def apply_ignore(self, dockerfile: str) -> None:
        """Drop .dockerignore and the Dockerfile when .dockerignore says so, as dockerd does.

        The client sends both in any case, because the builder needs them.

        See: moby builder/remotecontext/detect.go, removeDockerfile.
        """
        raise NotImplementedHere("build contexts")

    def directory(self) -> str:
        """Return a directory with the context's files, for bind mounts; made at the first call.

        It goes with ``close``.
        """
        raise NotImplementedHere("build contexts")


async def receive(chunks: AsyncIterator[bytes], state_dir: str) -> Context:
    """Take in the body of POST /build: a tar archive, plain or packed by gzip, bzip2, xz, zstd.

    Args:
        chunks: the request's body.
        state_dir: the engine's state directory.

    Raises:
        InvalidArgument: no tar archive, damaged, or larger than allowed.
        SystemFailure: disk full.
    """
    raise NotImplementedHere("build contexts")


def from_files(files: Mapping[str, bytes], state_dir: str) -> Context:
    """Return a context of a few files: a Dockerfile from standard input or from a URL."""
    raise NotImplementedHere("build contexts")


def sweep(state_dir: str) -> None:
    """Remove what builds that were killed left behind; called when the engine starts."""
