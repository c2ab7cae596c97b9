"""The build context: what the client sent, as an index in memory and one unnamed file on disk.

Nothing of the archive becomes a name on the engine's disk (``intake``).  Only
``RUN --mount=type=bind`` needs real files: ``Context.directory`` makes them when asked, by the
call that unpacks layers.

See: moby builder/remotecontext.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Self

from pyminidocker.build.intake import ArchiveTree
from pyminidocker.build.packing import pack
from pyminidocker.build.places import temporary_root
from pyminidocker.build.spool import Limits
from pyminidocker.build.tree import DIRECTORY, FIFO, FILE, LINK, clean, resolve, walk
from pyminidocker.engine.chunks import Incoming
from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.layers import unpack_layer
from pyminidocker.images.trees import remove_tree
from pyminidocker.spelling import nearest

if TYPE_CHECKING:
    from pyminidocker.dockerfile.ignore import Ignore

_TITLE = "the build context"
_REMEDY = "list what the build does not need in .dockerignore, or build in a smaller directory"
_IGNORE_FILE = ".dockerignore"
_IGNORE_MAX = 1 << 20
_DRAIN_MAX = 64 << 20


class Context(ArchiveTree):
    """One build's context; a ``Tree``.  Use it as a context manager, or call ``close``.

    Its methods block and may be called from several threads.

    Args:
        state_dir: the engine's state directory.
        limits: how large it may be.

    Attributes:
        title: "the build context".
        size: bytes in regular files.
    """

    is_context = True

    def __init__(self, state_dir: str, limits: Limits | None = None) -> None:
        self._scratch = temporary_root(state_dir)
        super().__init__(self._scratch, _TITLE, limits, _REMEDY)
        self._lock = threading.Lock()
        self._directory = ""
        self._ignore: Ignore | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of everything on disk."""
        super().close()
        with self._lock:
            if self._directory:
                remove_tree(self._directory)
                self._directory = ""

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        """Return a small file such as the Dockerfile, links followed inside the context.

        Raises:
            NotFound: no such file; the hint has a near miss.
            InvalidArgument: a directory, or larger than ``limit`` bytes.
        """
        node = resolve(self, path)
        if node is None:
            raise self._missing(path)
        if node.kind != FILE:
            raise InvalidArgument(f"{path!r} in the build context is a {node.kind}, not a file")
        if node.size > limit:
            raise InvalidArgument(
                f"{path!r} in the build context has {node.size} bytes; {limit} are allowed"
            )
        return b"".join(self.chunks(node))

    def excuse(self, path: str) -> tuple[str, str]:
        """Return why a path may not be there, and a remedy; both may be empty."""
        wanted = clean(path)
        if self.is_ignored(wanted):
            return f"{_IGNORE_FILE} excludes it", f"add a line !{wanted} to {_IGNORE_FILE}"
        near = near_miss(self, wanted)
        if near == wanted:  # a link, and what it points to is what is not there
            return "it is a symbolic link to nothing", ""
        return (f"did you mean {near}?", "") if near else ("", "")

    def _missing(self, path: str) -> NotFound:
        why, remedy = self.excuse(path)
        hint = "; ".join(filter(None, (why, remedy)))
        return NotFound(f"{path!r} is not in the build context", hint=hint)

    def is_ignored(self, path: str) -> bool:
        """Tell whether the context's .dockerignore would have kept ``path`` out."""
        if self._ignore is None:
            from pyminidocker.dockerfile.ignore import Ignore

            node = resolve(self, _IGNORE_FILE)
            is_file = node is not None and node.kind == FILE and node.size <= _IGNORE_MAX
            try:
                self._ignore = Ignore(self.read(_IGNORE_FILE) if is_file else "")
            except InvalidArgument:
                self._ignore = Ignore("")  # the client has complained about it already
        return bool(path) and self._ignore.excludes(path)

    def apply_ignore(self, dockerfile: str) -> None:
        """Drop .dockerignore and the Dockerfile when .dockerignore says so, as dockerd does.

        The client sends both in any case, because the builder needs them.

        See: moby builder/remotecontext/detect.go, removeDockerfile.
        """
        for path in (clean(dockerfile), _IGNORE_FILE):
            if self.is_ignored(path):
                self.entries.remove(path)

    def directory(self) -> str:
        """Return a directory with the context's files, for bind mounts; made at the first call.

        It goes with ``close``.  Device nodes are left out.
        """
        with self._lock:
            if not self._directory:
                path = f"{self._scratch}/{os.urandom(8).hex()}"
                os.mkdir(path, 0o755)
                self._directory = path
                nodes = [
                    (node, self)
                    for node in walk(self, self.entries.nodes[""])
                    if node.path and node.kind in (FILE, DIRECTORY, LINK, FIFO)
                ]
                unpack_layer(pack(nodes), path)
            return self._directory


def near_miss(tree: ArchiveTree, path: str) -> str:
    """Return a path of the tree that was probably meant, or an empty string.

    A name beside it that differs by a letter or two, or the same name in another directory.
    """
    parent, _, name = path.rpartition("/")
    beside = [node.path.rpartition("/")[2] for node in tree.children(parent)]
    folded = {other.casefold(): other for other in beside}
    near = folded.get(name.casefold()) or (nearest(name, beside) if len(name) > 2 else "")
    if near:
        return f"{parent}/{near}" if parent else near
    elsewhere = (other for other in tree.entries.nodes if other.endswith(f"/{name}"))
    return min(elsewhere, key=len, default="") if name else ""


async def receive(
    chunks: AsyncIterator[bytes], state_dir: str, limits: Limits | None = None
) -> Context:
    """Take in the body of POST /build: a tar archive, plain or packed by gzip, bzip2, xz, zstd.

    Args:
        chunks: the request's body.
        state_dir: the engine's state directory.
        limits: how large it may be.

    Raises:
        InvalidArgument: no tar archive, damaged, or larger than allowed.
        SystemFailure: disk full.
    """
    incoming = Incoming()
    context = Context(state_dir, limits)
    refused = False

    def work() -> None:
        nonlocal refused
        try:
            context.fill(_pieces(incoming))
        except BaseException:
            refused = True
            raise
        finally:
            incoming.abandon()

    async def bounded() -> AsyncIterator[bytes]:
        left = _DRAIN_MAX
        async for chunk in chunks:
            if refused:
                left -= len(chunk)
                if left < 0:
                    return  # it never ends; the connection is closed behind our answer
            yield chunk

    pouring = asyncio.ensure_future(incoming.pour(bounded()))
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(working)
        await asyncio.shield(pouring)
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError):
            pouring.cancel()  # which ends the thread's stream
        # Take what the client still sends, so that it can read the answer.
        await asyncio.wait([working, pouring])
        if not working.cancelled():
            working.exception()  # seen, so that asyncio does not report it as forgotten
        context.close()
        if not pouring.cancelled() and (gone := pouring.exception()) is not None:
            raise gone from error
        raise
    return context


def _pieces(file: Incoming) -> Iterator[bytes]:
    while piece := file.read(1 << 18):
        yield piece
