"""Blobs on their way in: sessions that take bytes in order, and can be taken up again.

What has arrived is in a file, so a session outlives the connection that fed it, and this process.
The hash runs along with the bytes; only after a restart is the file read again.  A client that
resumes gets the session at once: the connection that still holds it is cut.

See: OCI distribution-spec, Pushing a blob in chunks.
"""

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pyminidocker.oci.digest import sha256_hasher
from pyminidocker.registry import disk
from pyminidocker.registry.failures import Refused
from pyminidocker.registry.names import Digest
from pyminidocker.registry.store import Store

FORGOTTEN_AFTER_S = 24 * 3600.0
SWEEP_EVERY_S = 3600.0
TAKE_OVER_S = 10.0
READ_BYTES = 1 << 20
MANY_BYTES = 256 << 10  # small pieces are put together to this before they are hashed and written


class Upload:
    """One session.

    Attributes:
        id: as in its URL.
        name: of the repository.
        directory: where its data is.
        size: how many bytes have arrived, and are in the file.
    """

    def __init__(self, upload_id: str, name: str, directory: str) -> None:
        self.id = upload_id
        self.name = name
        self.directory = directory
        self.data = f"{directory}/data"
        self.size = 0
        self.sha256: Any = sha256_hasher()
        self.is_over = False
        self._turn = threading.Lock()
        self._hang_up: Callable[[], None] | None = None

    def read_again(self) -> None:
        """Take up what is in the file: this process has not seen it arrive."""
        with open(self.data, "rb") as file:
            while piece := file.read(READ_BYTES):
                self.sha256.update(piece)
                self.size += len(piece)

    @contextmanager
    def held(self, hang_up: Callable[[], None]) -> Iterator[None]:
        """Be the one who changes this session; whoever did so before is cut off.

        Args:
            hang_up: ends our own connection, when it comes to that.

        Raises:
            Refused: the other one does not let go, or has finished it.
        """
        other = self._hang_up
        if not self._turn.acquire(blocking=False):
            if other is not None:
                other()
            if not self._turn.acquire(timeout=TAKE_OVER_S):
                raise Refused("BLOB_UPLOAD_INVALID", "the upload is in use", status=409)
        try:
            if self.is_over:
                raise Refused("BLOB_UPLOAD_UNKNOWN")
            self._hang_up = hang_up
            yield
        finally:
            self._hang_up = None
            self._turn.release()

    def append(self, pieces: Iterable[bytes]) -> None:
        """Write what arrives; when it breaks off, what has arrived stays.

        Raises:
            Refused: the disk is full.
            OSError: the connection or the disk failed.
        """
        fd = os.open(self.data, os.O_WRONLY | os.O_CLOEXEC)
        gathered: list[bytes] = []
        waiting = 0
        try:
            os.lseek(fd, self.size, os.SEEK_SET)
            for piece in pieces:
                gathered.append(piece)
                waiting += len(piece)
                if waiting >= MANY_BYTES:
                    ready, gathered, waiting = gathered, [], 0
                    self._keep(fd, b"".join(ready))
        finally:
            try:
                self._keep(fd, b"".join(gathered))
            finally:
                os.close(fd)

    def _keep(self, fd: int, data: bytes) -> None:
        try:
            disk.write_all(fd, data)
        except OSError as error:
            os.ftruncate(fd, self.size)
            os.lseek(fd, self.size, os.SEEK_SET)
            message = f"the registry's disk: {(error.strerror or str(error)).lower()}"
            raise Refused("UNKNOWN", message, status=507) from error
        self.sha256.update(data)
        self.size += len(data)

    def digest(self, algorithm: str) -> str:
        """Return the hex digits of what has arrived."""
        if algorithm == "sha256":
            return str(self.sha256.hexdigest())
        import hashlib

        with open(self.data, "rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()


class Uploads:
    """All sessions of a registry.

    Args:
        store: where finished blobs go.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._live: dict[str, Upload] = {}
        self._guard = threading.Lock()
        self._swept_at = 0.0
        if not store.read_only:
            self._sweep()

    def start(self, name: str) -> Upload:
        """Begin a session."""
        self._sweep()
        upload_id = str(uuid.uuid4())
        directory = self._store.layout.upload(name, upload_id)
        upload = Upload(upload_id, name, directory)
        self._store.make_directory(directory)
        with open(upload.data, "xb"):
            pass
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        disk.write_file(f"{directory}/startedat", now.encode(), self._store.layout.temporary)
        with self._guard:
            self._live[upload_id] = upload
        return upload

    def find(self, name: str, upload_id: str) -> Upload:
        """Return a session, perhaps one from before this process.

        Raises:
            Refused: BLOB_UPLOAD_UNKNOWN.
        """
        with self._guard:
            upload = self._live.get(upload_id)
            if upload is None and not self._store.read_only:
                upload = self._take_up(name, upload_id)
        if upload is None or upload.name != name:
            raise Refused("BLOB_UPLOAD_UNKNOWN", detail={"id": upload_id})
        return upload

    def _take_up(self, name: str, upload_id: str) -> Upload | None:
        try:
            uuid.UUID(upload_id)
        except ValueError:
            return None
        upload = Upload(upload_id, name, self._store.layout.upload(name, upload_id))
        try:
            upload.read_again()
        except FileNotFoundError:
            return None
        self._live[upload_id] = upload
        return upload

    def finish(self, upload: Upload, digest: Digest) -> None:
        """Make the session's content a blob of its repository; the session is over.

        Raises:
            Refused: DIGEST_INVALID; it is something else, and is thrown away.
        """
        found = upload.digest(digest.algorithm)
        if found != digest.hex:
            self.cancel(upload)
            raise Refused(
                "DIGEST_INVALID",
                f"provided digest did not match uploaded content: {digest.algorithm}:{found}",
                detail={"digest": str(digest)},
            )
        fd = os.open(upload.data, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(fd)
        finally:
            os.close(fd)
        self._store.add_blob(upload.name, digest, upload.data)
        self.cancel(upload)

    def cancel(self, upload: Upload) -> None:
        """End a session; what is left of its files goes."""
        upload.is_over = True
        with self._guard:
            self._live.pop(upload.id, None)
        self._store.remove_directory(upload.directory)

    def _sweep(self) -> None:
        """Remove sessions that nobody has fed for a day."""
        now = time.time()
        if now - self._swept_at < SWEEP_EVERY_S:
            return
        self._swept_at = now
        for name in self._store.every_directory():
            top = self._store.layout.uploads(name)
            for upload_id in disk.names_in(top):
                if self._last_change(f"{top}/{upload_id}") < now - FORGOTTEN_AFTER_S:
                    self.cancel(Upload(upload_id, name, f"{top}/{upload_id}"))

    def _last_change(self, directory: str) -> float:
        for path in (f"{directory}/data", directory):
            try:
                return os.stat(path).st_mtime
            except FileNotFoundError:
                continue
        return 0.0
