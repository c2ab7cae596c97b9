"""What ADD can and COPY cannot: archives that are unpacked, and files from URLs.

An archive is told by its first bytes, packed or not, never by its name.  It is taken in like a
build context (``intake``): nothing of it becomes a path on the engine's disk.

See: Dockerfile reference, ADD; BuildKit solver/llbsolver/file/unpack.go; moby pkg/archive.
"""

from collections.abc import Iterator
from itertools import chain

from pyminidocker.build.failures import CopyError
from pyminidocker.build.intake import IMPLIED, ArchiveTree
from pyminidocker.build.remote import RemoteFile
from pyminidocker.build.tree import FILE, Node, SingleFile, Tree
from pyminidocker.errors import IntegrityError, InvalidArgument
from pyminidocker.images.compression import decompressed
from pyminidocker.images.tar_reader import TarReader


class Archive(ArchiveTree):
    """An archive that ADD unpacks, with its entries in an order that can be put one by one."""

    def nodes(self) -> Iterator[Node]:
        """Yield the entries, parents first, without directories that only paths imply."""
        for path, node in sorted(self.entries.nodes.items()):
            if path and node.place != IMPLIED:
                yield node


def open_archive(tree: Tree, node: Node, written: str, scratch: str) -> Archive | None:
    """Take in the archive ``node``; None when the file is none.

    Args:
        tree: has the file.
        node: a regular file.
        written: the source as it stands in the Dockerfile.
        scratch: a directory for the content.

    Raises:
        CopyError: it begins as an archive and is damaged, dangerous or too large.

    See: moby pkg/archive, IsArchivePath.
    """
    if not _is_archive(tree, node):
        return None
    archive = Archive(scratch, written)
    try:
        archive.fill(tree.chunks(node))
    except InvalidArgument as error:
        archive.close()
        hint = error.hint or "use COPY to copy the archive as it is"
        raise CopyError(f"ADD failed: {error}", source=written, hint=hint) from error
    except BaseException:
        archive.close()
        raise
    return archive


def _is_archive(tree: Tree, node: Node) -> bool:
    """Tell whether a first entry can be read."""
    chunks = tree.chunks(node)
    try:
        first = next(chunks, b"")
        reader = TarReader(decompressed(chain((first,), chunks), node.path), 1)
        return next(iter(reader), None) is not None
    except IntegrityError:
        return False


class RemoteTree(SingleFile):
    """A tree whose only file was fetched, with the mode that Docker gives it.

    See: Dockerfile reference, ADD: "permissions of 600"; Last-Modified becomes its time.
    """

    def __init__(self, file: RemoteFile) -> None:
        mtime_ns = file.mtime_s * 10**9
        super().__init__(Node(file.name, mode=0o600, size=file.size, mtime_ns=mtime_ns), b"")
        self._file = file

    def chunks(self, node: Node) -> Iterator[bytes]:
        """Yield the content."""
        assert node.kind == FILE
        return self._file.chunks()
