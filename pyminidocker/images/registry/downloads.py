"""Blobs on their way in: ``<state>/downloads/<hex>``.

A blob is written here, verified, and then linked into the blob store.  Its file stays here until
the image is complete: when a pull fails, or the engine is killed, the store's garbage collection
takes the blobs that no image mentions, and the next try finds here what had arrived, whole or in
part.  What nobody comes back for is removed after a day.

See: OCI distribution-spec, Pulling blobs; RFC 9110, 14 (Range requests); link(2).
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyminidocker.errors import IntegrityError, SystemFailure
from pyminidocker.images.atomic import disk_failure
from pyminidocker.images.blobs import BlobStore
from pyminidocker.images.registry.attempts import Attempts, Cancelled
from pyminidocker.images.registry.exchange import Response
from pyminidocker.images.registry.failures import Broken, Refused, Unreachable, wrong_content
from pyminidocker.images.registry.session import PULL, Session, scope_of
from pyminidocker.oci.digest import hex_part, sha256_hasher
from pyminidocker.oci.image_spec import Descriptor

KEEP_S = 24 * 3600
_READ = 1 << 18


class Downloads:
    """The directory of blobs on their way, shared by all pulls of an engine.

    Args:
        directory: made when it is needed.
        blobs: where they go.
    """

    def __init__(self, directory: str, blobs: BlobStore) -> None:
        self._directory = directory
        self._blobs = blobs
        self._lock = threading.Lock()
        self._claims: dict[str, tuple[threading.Lock, int]] = {}

    def path(self, digest: str) -> str:
        """Return where a blob lies while it is on its way."""
        return f"{self._directory}/{hex_part(digest)}"

    def sweep(self, older_than_s: float = KEEP_S) -> int:
        """Remove what nobody came back for; return the bytes that were freed."""
        freed = 0
        limit = time.time() - older_than_s
        try:
            entries = list(os.scandir(self._directory))
        except FileNotFoundError:
            return 0
        for entry in entries:
            with self._lock:  # nobody begins to work on it meanwhile
                if f"sha256:{entry.name}" in self._claims:
                    continue
                try:
                    info = entry.stat(follow_symlinks=False)
                    if info.st_mtime < limit:
                        os.unlink(entry.path)
                        freed += info.st_size
                except OSError:
                    continue
        return freed

    def forget(self, digest: str) -> None:
        """Let go of a blob whose image is complete."""
        try:
            os.unlink(self.path(digest))
        except OSError:
            pass

    @contextmanager
    def _claim(self, digest: str) -> Iterator[None]:
        """Make sure that one thread at a time works on a blob; two pulls may want the same."""
        with self._lock:
            lock, users = self._claims.get(digest, (threading.Lock(), 0))
            self._claims[digest] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, users = self._claims[digest]
                if users == 1:
                    del self._claims[digest]
                else:
                    self._claims[digest] = lock, users - 1

    def fetch(
        self,
        session: Session,
        repository: str,
        blob: Descriptor,
        attempts: Attempts,
        tell: Callable[[int], None],
    ) -> None:
        """Get a blob into the store, unless it is there.

        Args:
            session: the registry.
            repository: a repository that has the blob.
            blob: what to get.
            attempts: how often to try, and how to be stopped.
            tell: called with how many bytes have arrived.

        Raises:
            IntegrityError: what came is not what the digest says; it was not kept.
            Refused, Broken, Unreachable: the registry's last word after all attempts.
            SystemFailure: the disk is full.
            Cancelled: nobody wants it any more.
        """
        with self._claim(blob.digest):
            if self._blobs.has(blob.digest):
                return
            try:
                os.makedirs(self._directory, mode=0o700, exist_ok=True)
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
                fd = os.open(self.path(blob.digest), flags, 0o600)
            except OSError as error:
                raise disk_failure(error, f"storing {blob.digest}") from error
            arrival = _Arrival(fd, session, repository, blob, tell)
            try:
                arrival.complete(attempts)
                os.link(self.path(blob.digest), self._blobs.path(blob.digest))
            except (IntegrityError, SystemFailure):  # wrong bytes, or no room for more of them
                self.forget(blob.digest)
                raise
            except OSError as error:
                if not isinstance(error, FileExistsError):
                    self.forget(blob.digest)
                    raise disk_failure(error, f"storing {blob.digest}") from error
            finally:
                os.close(fd)


class _Arrival:
    """One blob being written: how far it is, and the hash of what is there."""

    def __init__(
        self,
        fd: int,
        session: Session,
        repository: str,
        blob: Descriptor,
        tell: Callable[[int], None],
    ) -> None:
        self._fd = fd
        self._session = session
        self._path = f"/v2/{repository}/blobs/{blob.digest}"
        self._scopes = (scope_of(repository, PULL),)
        self._blob = blob
        self._tell = tell
        self._furthest = 0
        self._begin()

    def _begin(self) -> None:
        self._hasher = sha256_hasher()
        self._done = 0

    def _restart(self) -> None:
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._begin()

    def complete(self, attempts: Attempts) -> None:
        self._take_up()
        was_resumed = self._done > 0
        self._receive(attempts)
        if was_resumed and self._digest() != self._blob.digest:
            # The part of the earlier try was bad: once more, all of it.
            self._restart()
            self._receive(attempts)
        if self._digest() != self._blob.digest:
            raise wrong_content(f"blob {self._blob.digest}", self._blob.digest, self._digest())

    def _digest(self) -> str:
        return f"sha256:{self._hasher.hexdigest()}"

    def _take_up(self) -> None:
        """Hash what an earlier try left."""
        if os.fstat(self._fd).st_size > self._blob.size:
            os.ftruncate(self._fd, 0)
        while data := os.read(self._fd, _READ):
            self._hasher.update(data)
            self._done += len(data)
        self._tell(self._done)

    def _receive(self, attempts: Attempts) -> None:
        """Get what is missing, with as many connections as it takes."""
        self._furthest = self._done
        while self._done < self._blob.size:
            try:
                self._receive_some(attempts)
            except (Broken, Unreachable, Refused) as error:
                if isinstance(error, Refused) and error.status == 404:
                    raise self._absent(error) from error
                attempts.again(error, has_moved=self._has_moved())
            else:
                if self._done < self._blob.size:
                    attempts.again(self._short(), has_moved=self._has_moved())

    def _has_moved(self) -> bool:
        """Tell whether there is more than ever before; what came twice is no progress."""
        before, self._furthest = self._furthest, max(self._furthest, self._done)
        return self._furthest > before

    def _absent(self, error: Refused) -> Refused:
        """Return the same refusal, which names neither the blob nor what to do."""
        absent = Refused(f"{error}: {self._blob.digest}", error.status, "BLOB_UNKNOWN")
        absent.hint = "the registry has lost a part of the image: push the image again"
        return absent

    def _short(self) -> Broken:
        """Return what is wrong with an answer that is whole, and yet not the whole blob."""
        return Broken(
            f"the registry has {self._furthest} of the {self._blob.size} bytes of blob"
            f" {self._blob.digest}: unexpected EOF",
            hint="its copy is damaged: push the image again, after deleting the blob there",
        )

    def _receive_some(self, attempts: Attempts) -> None:
        headers = {"Accept-Encoding": "identity"}
        if self._done:
            headers["Range"] = f"bytes={self._done}-"
        with self._session.request(
            "GET", self._path, self._scopes, headers=headers, accept=(416,)
        ) as response:
            if not self._continues(response):
                self._restart()
            if response.status == 416:
                return
            for view in response.views():
                if self._done + len(view) > self._blob.size:
                    raise IntegrityError(
                        f"blob {self._blob.digest} is longer than its {self._blob.size} bytes"
                    )
                try:
                    _write(self._fd, view)
                except OSError as error:
                    raise _no_room(error, self._blob.digest) from error
                self._hasher.update(view)
                self._done += len(view)
                self._tell(self._done)
                if attempts.is_cancelled:
                    raise Cancelled("the pull was cancelled")

    def _continues(self, response: Response) -> bool:
        """Tell whether an answer goes on where we are."""
        if not self._done:
            return True
        start = response.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
        return response.status == 206 and start == str(self._done)


def _write(fd: int, view: memoryview) -> None:
    while view:
        view = view[os.write(fd, view) :]


def _no_room(error: OSError, digest: str) -> SystemFailure:
    return disk_failure(error, f"storing {digest}")
