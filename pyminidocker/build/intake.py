"""Take an archive from a stranger: an index in memory, the content in one unnamed file.

No path of the archive is ever made on the engine's disk, so none can leave anything: ``..``,
absolute paths, links and device nodes are only entries of an index.

See: tar(5); moby pkg/archive/archive.go, Unpack.
"""

from collections.abc import Iterable, Iterator

from pyminidocker.build.spool import Limits, Spool
from pyminidocker.build.tree import (
    DIRECTORY,
    FILE,
    KINDS,
    LINK,
    Entries,
    Node,
    is_too_long,
    resolve,
)
from pyminidocker.errors import IntegrityError, InvalidArgument
from pyminidocker.images.compression import decompressed
from pyminidocker.images.tar_reader import Entry, TarReader
from pyminidocker.images.trees import is_portable_xattr
from pyminidocker.oci.digest import sha256_hasher

_PIECE = 1 << 18
_SHOWN_MAX = 80
_ID_MAX = 2**32 - 2  # chown(2): -1 means "leave it"

# ``Node.place`` of a directory that the archive has no entry for.
IMPLIED = "implied"


class ArchiveTree:
    """An archive that was taken in; a ``Tree``.

    Args:
        directory: where the unnamed file lies.
        title: for messages, e.g. "the build context".
        limits: see ``Limits``.
        remedy: the hint when it is too large.

    Attributes:
        title: as given.
        is_context: see ``Tree``.
        entries: the index.
        size: bytes of all files.
    """

    is_context = False

    def __init__(
        self, directory: str, title: str, limits: Limits | None = None, remedy: str = ""
    ) -> None:
        self.title = title
        self.entries = Entries()
        self.size = 0
        self._limits = limits or Limits()
        self._remedy = remedy
        self._spool = Spool(directory, title, self._limits, remedy)
        # By ``Node.place``: an offset in the spool, or the parts of a sparse file.
        self._places: list[int | list[tuple[int, int, int]]] = []
        self._digests: dict[object, str] = {}
        self._xattrs: dict[object, dict[str, bytes]] = {}

    def close(self) -> None:
        """Give the space back."""
        self._spool.close()

    # Filling

    def fill(self, chunks: Iterable[bytes]) -> None:
        """Take an archive in: plain, or packed by gzip, bzip2, xz or zstd.

        Raises:
            InvalidArgument: no tar archive, damaged, dangerous, or larger than allowed.
            SystemFailure: disk full.

        See: tar(5).
        """
        reader = TarReader(decompressed(chunks, "archive"), self._limits.entries)
        try:
            for entry in reader:
                self._add(entry, reader)
            reader.rest()
        except IntegrityError as error:
            hint = error.hint
            if reader.count > self._limits.entries:
                message = f"{self.title} has more than {self._limits.entries} entries"
                raise InvalidArgument(message, hint=self._remedy) from error
            what = "cannot be read" if reader.count else "is not a readable tar archive"
            raise InvalidArgument(f"{self.title} {what}: {error}", hint=hint) from error

    def add_file(self, path: str, data: bytes, mtime_ns: int = 0) -> None:
        """Put a file into the tree, with the directories above it."""
        self._places.append(self._spool.size)
        self._spool.write(data)
        place = len(self._places) - 1
        node = Node(path, size=len(data), mtime_ns=mtime_ns, place=place)
        self._put(node)
        self.size += len(data)

    def _add(self, entry: Entry, reader: TarReader) -> None:
        path = self._path(entry.name)
        if not path:
            return  # "." itself: whoever copies a directory's content leaves the directory behind
        if entry.kind == 0:
            self._add_hard_link(path, entry)
            return
        node = Node(
            path,
            KINDS[entry.kind],
            entry.mode,
            min(entry.uid, _ID_MAX) if entry.uid >= 0 else 0,
            min(entry.gid, _ID_MAX) if entry.gid >= 0 else 0,
            mtime_ns=entry.mtime_ns,
            target=entry.target,
            device=entry.device,
        )
        if node.kind == LINK and (not node.target or "\0" in node.target):
            raise InvalidArgument(f"{self.title}: {_shown(path)} is a link to nothing")
        if node.kind == FILE:
            self._spool.check(entry.size)
            node.size = entry.size
            node.place = self._content(entry, reader)
            self.size += entry.size
            kept = {name: text for name, text in entry.xattrs.items() if is_portable_xattr(name)}
            if kept:
                self._xattrs[node.place] = kept
        self._put(node)

    def _content(self, entry: Entry, reader: TarReader) -> int:
        """Keep a file's content; return its number among ``_places``."""
        if entry.sparse is None:
            self._places.append(self._spool.size)
            for part in reader.parts():
                self._spool.write(part)
        else:
            # Holes cost nothing on our disk, but they will in the layer.
            parts: list[tuple[int, int, int]] = []
            for offset, size in entry.sparse:
                parts.append((offset, size, self._spool.size))
                for part in reader.parts(size):
                    self._spool.write(part)
            self._places.append(parts)
        return len(self._places) - 1

    def _add_hard_link(self, path: str, entry: Entry) -> None:
        target = self._path(entry.target)
        first = self.entries.nodes.get(target)
        if first is None or first.kind == DIRECTORY:
            raise InvalidArgument(
                f"{self.title}: {_shown(path)} is a hard link to {_shown(target)}, which is not"
                " there before it"
            )
        if path == target:
            return
        if first.inode is None:
            first.inode = target, first.place
        self._put(
            Node(
                path,
                first.kind,
                first.mode,
                first.uid,
                first.gid,
                first.size,
                first.mtime_ns,
                first.target,
                first.device,
                first.inode,
                first.place,
            )
        )

    def _path(self, name: str) -> str:
        """Return an archive path as a path of the tree.

        Raises:
            InvalidArgument: it has ``..``, or no file system could hold it.
        """
        parts = [part for part in name.split("/") if part not in ("", ".")]
        path = "/".join(parts)
        if ".." in parts:
            raise InvalidArgument(f"{self.title}: {_shown(name)} points outside of it")
        if "\0" in path:
            raise InvalidArgument(f"{self.title}: {_shown(name)} is no file name")
        if is_too_long(path):
            raise InvalidArgument(f"{self.title}: the path {_shown(name)} is too long")
        return path

    def _put(self, node: Node) -> None:
        """Put a node into the index, with the directories above it that nobody mentioned.

        A link of the archive that is used as a directory is followed inside the archive.
        """
        try:
            self.entries.put(node)
            return
        except KeyError:
            pass
        parent, _, name = node.path.rpartition("/")
        try:
            above = resolve(self, parent)
        except InvalidArgument as error:
            raise InvalidArgument(f"{self.title}: {error}") from error
        if above is None and self._is_free(parent):
            self._put(Node(parent, DIRECTORY, 0o755, mtime_ns=node.mtime_ns, place=IMPLIED))
        elif above is None or above.kind != DIRECTORY:
            raise InvalidArgument(
                f"{self.title}: {_shown(node.path)} lies inside {_shown(parent)}, which is no"
                " directory"
            )
        else:
            node.path = f"{above.path}/{name}" if above.path else name
        self.entries.put(node)

    def _is_free(self, path: str) -> bool:
        """Tell whether ``path`` can become a directory: nothing is in the way."""
        while path not in self.entries.nodes:
            path = path.rpartition("/")[0]
        return self.entries.nodes[path].kind == DIRECTORY

    # Reading

    def get(self, path: str) -> Node | None:
        """Return what is at ``path``, no link followed; None when there is nothing."""
        return self.entries.nodes.get(path)

    def children(self, path: str) -> list[Node]:
        """Return what is in the directory ``path``, by name."""
        return self.entries.children(path)

    def chunks(self, node: Node) -> Iterator[bytes]:
        """Yield the content of a regular file."""
        assert isinstance(node.place, int)
        where = self._places[node.place]
        if isinstance(where, int):
            yield from self._spool.read(where, node.size)
            return
        at = 0
        for offset, size, place in where:
            yield from _zeros(offset - at)
            yield from self._spool.read(place, size)
            at = offset + size
        yield from _zeros(node.size - at)

    def content_digest(self, node: Node) -> str:
        """Return ``sha256:...`` of a regular file's content; it is computed once."""
        known = self._digests.get(node.place)
        if known is None:
            hasher = sha256_hasher()
            for chunk in self.chunks(node):
                hasher.update(chunk)
            known = self._digests[node.place] = f"sha256:{hasher.hexdigest()}"
        return known

    def xattrs(self, node: Node) -> dict[str, bytes]:
        """Return a regular file's extended attributes."""
        return self._xattrs.get(node.place, {})


def _shown(path: str) -> str:
    """Return a path for a message: quoted, printable and short."""
    if len(path) > _SHOWN_MAX:
        path = f"{path[: _SHOWN_MAX // 2]}...{path[-_SHOWN_MAX // 2 :]}"
    return repr(path)


def _zeros(size: int) -> Iterator[bytes]:
    while size > 0:
        yield bytes(min(size, _PIECE))
        size -= _PIECE
