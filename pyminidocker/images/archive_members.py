"""Take in the members of an image archive as they stream by: stored, and layers unpacked at once.

What a member is for is told at the archive's end as often as at its start, so nothing waits for
that: every file becomes a blob, and what looks like a layer is unpacked in the same pass, without
a place of its own yet.  What turns out to be nobody's is garbage when the load ends.

See: moby image/tarexport/load.go; OCI image-spec image-layout.md.
"""

import posixpath
import stat
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from msgspec import Struct

from pyminidocker.errors import IntegrityError, InvalidArgument, MiniDockerError
from pyminidocker.images.blobs import BlobWriter
from pyminidocker.images.chunks import Hashed, ahead
from pyminidocker.images.compression import decompressed, kind_of
from pyminidocker.images.snapshots import Prepared
from pyminidocker.images.tar_reader import TarReader
from pyminidocker.oci.digest import is_digest

if TYPE_CHECKING:
    from pyminidocker.images.store import ImageStore

_BLOBS = "blobs/sha256/"
_TAR_MAGIC = slice(257, 262)
_DOCUMENT_MAX = 8 << 20
_LINKS_MAX = 10  # from one name to the next
Tell = Callable[[str, int, int], None]


class MemberFile(Struct):
    """A file of the archive, in the blob store by now.

    Attributes:
        digest: of its bytes.
        size: bytes.
        compression: as ``compression.kind_of`` tells it.
        diff_id: digest of the uncompressed content, when it was unpacked as a layer.
        prepared: the unpacked layer, until it is adopted.
        problem: why it is no layer although it looked like one.
    """

    digest: str
    size: int
    compression: str = ""
    diff_id: str = ""
    prepared: Prepared | None = None
    problem: MiniDockerError | None = None


class Members:
    """All members of one archive; use it as a context manager, within a lease of the store.

    Args:
        store: takes the blobs.
        tell: called with (path, bytes so far, bytes in all) while a layer comes in.
    """

    def __init__(self, store: "ImageStore", tell: Tell) -> None:
        self._store = store
        self._tell = tell
        self._files: dict[str, MemberFile] = {}
        self._links: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            if file.prepared is not None:
                file.prepared.discard()

    def take(self, chunks: Iterable[bytes]) -> None:
        """Read the whole archive, plain or compressed.

        Raises:
            IntegrityError: it is damaged, or a blob is not what its name says.
            SystemFailure: disk full.

        See: tar(5).
        """
        reader = TarReader(decompressed(chunks, "archive"))
        for entry in reader:
            path = _inside(entry.name)
            if entry.kind == stat.S_IFREG and entry.sparse is None:
                self._add(path, reader, entry.size)
            elif entry.kind == stat.S_IFLNK:
                self._links[path] = posixpath.join(posixpath.dirname(path), entry.target)
            elif entry.kind == 0:
                self._links[path] = entry.target
        reader.rest()

    def _add(self, path: str, reader: TarReader, size: int) -> None:
        expected = ""
        if path.startswith(_BLOBS) and is_digest(f"sha256:{path[len(_BLOBS) :]}"):
            expected = f"sha256:{path[len(_BLOBS) :]}"
            if self._store.blobs.has(expected):
                return self._keep(path, MemberFile(expected, self._store.blobs.size(expected)))
        with self._store.blobs.writer() as blob:
            incoming = _Incoming(reader, blob, lambda: self._tell(path, blob.size, size))
            start = incoming.start()
            file = MemberFile("", size, kind_of(start))
            if file.compression or start[_TAR_MAGIC] == b"ustar":
                self._unpack(incoming, file)
            incoming.finish()
            try:
                file.digest = blob.finish(expected)
                file.diff_id = file.diff_id or file.digest
            except IntegrityError as error:
                if file.prepared is not None:
                    file.prepared.discard()
                raise IntegrityError(f"{path} of the archive is damaged: {error}") from error
        return self._keep(path, file)

    def _keep(self, path: str, file: MemberFile) -> None:
        older = self._files.get(path)
        if older is not None and older.prepared is not None:
            older.prepared.discard()
        self._files[path] = file

    def _unpack(self, incoming: "_Incoming", file: MemberFile) -> None:
        content = decompressed(incoming.chunks(), "layer archive")
        hashed = Hashed(content) if file.compression else None  # otherwise the blob's hash does
        try:
            file.prepared = self._store.layers.prepare(ahead(content if hashed is None else hashed))
        except IntegrityError as error:
            file.problem = error  # no layer after all, or a bad one: who needs it says so
        else:
            file.diff_id = hashed.digest if hashed is not None else ""

    def find(self, path: str) -> MemberFile | None:
        """Return the file at ``path``, through links of the archive; None when there is none.

        See: moby image/tarexport/load.go, safePath.
        """
        path = _inside(path)
        for _ in range(_LINKS_MAX):
            if path in self._files:
                return self._files[path]
            if path not in self._links:
                break
            path = _inside(self._links[path])
        return None

    def document(self, path: str) -> bytes | None:
        """Return the content of a JSON member; None when there is none.

        Raises:
            InvalidArgument: it is far too large to be one.
            IntegrityError: the blob is damaged.

        See: OCI image-spec image-layout.md.
        """
        file = self.find(path)
        if file is None:
            return None
        if file.size > _DOCUMENT_MAX:
            raise InvalidArgument(f"{path} of the archive has {file.size} bytes: refused")
        return self._store.blobs.read(file.digest)


class _Incoming:
    """One member on its way into a blob, and perhaps to an unpacker."""

    def __init__(self, reader: TarReader, blob: BlobWriter, tell: Callable[[], None]) -> None:
        self._parts = reader.parts()
        self._blob = blob
        self._tell = tell
        self._start = b""

    def start(self) -> bytes:
        """Take the first block, or what there is of it."""
        while len(self._start) < 512 and (part := next(self._parts, None)) is not None:
            self._start += bytes(part)
        self._blob.write(self._start)
        return self._start

    def chunks(self) -> Iterator[bytes]:
        """Yield all of the member; what was yielded is in the blob already."""
        yield self._start
        for part in self._parts:
            self._blob.write(part)
            self._tell()
            yield bytes(part)

    def finish(self) -> None:
        """Put into the blob what nobody has read."""
        for part in self._parts:
            self._blob.write(part)


def _inside(name: str) -> str:
    """Return a member's path; it may not lead out of the archive.

    Raises:
        IntegrityError: it does.
    """
    path = posixpath.normpath(name.lstrip("/"))
    if path == ".." or path.startswith("../"):
        raise IntegrityError(f"entry {name!r} of the archive points outside of it")
    return path
