"""Content-addressed files: ``blobs/sha256/<hex>`` holds exactly the bytes that hash to its name.

See: OCI image-spec image-layout.md, Blobs.
"""

import os
from collections.abc import Iterable
from typing import BinaryIO

from pyminidocker.errors import IntegrityError, NotFound
from pyminidocker.images.atomic import AtomicFile, disk_failure, sweep_temporary
from pyminidocker.oci.digest import hex_part, sha256, sha256_hasher


class BlobWriter(AtomicFile):
    """A blob being written and hashed; it is in the store once ``finish`` has returned.

    Attributes:
        size: bytes so far.
    """

    def __init__(self, directory: str) -> None:
        super().__init__(directory)
        self._directory = directory
        self._hasher = sha256_hasher()
        self.size = 0

    def write(self, data: "bytes | memoryview") -> None:
        """Append ``data``."""
        self._hasher.update(data)
        super().write(data)
        self.size += len(data)

    @property
    def digest(self) -> str:
        """Digest of what was written so far."""
        return f"sha256:{self._hasher.hexdigest()}"

    def finish(self, expected: str = "") -> str:
        """Put the blob into the store; return its digest.

        Raises:
            IntegrityError: the content is not what ``expected`` says.

        See: OCI image-spec descriptor.md, Verification.
        """
        digest = self.digest
        if expected and digest != expected:
            raise IntegrityError(f"content is {digest}, expected {expected}")
        self.commit(f"{self._directory}/{hex_part(digest)}")
        return digest


class BlobStore:
    """The directory of blobs."""

    def __init__(self, root: str, *, read_only: bool = False) -> None:
        """Open (or make) the blob directory ``root`` (``<state>/blobs``).

        Args:
            root: holds a directory per digest algorithm.
            read_only: it is somebody else's: make and sweep nothing.
        """
        self._directory = f"{root}/sha256"
        if read_only:
            return
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        sweep_temporary(self._directory)

    def path(self, digest: str) -> str:
        """Return where the blob is, or would be."""
        return f"{self._directory}/{hex_part(digest)}"

    def put(self, data: bytes) -> str:
        """Store bytes; return their digest.

        Raises:
            SystemFailure: disk full; nothing is left behind.
        """
        return self.put_stream([data])[0]

    def put_stream(self, chunks: Iterable[bytes], expected: str = "") -> tuple[str, int]:
        """Store a stream; return (digest, bytes).

        Args:
            chunks: the content.
            expected: the digest it must have; empty accepts any.

        Raises:
            IntegrityError: the content is not what ``expected`` says.
            SystemFailure: disk full; nothing is left behind.
        """
        try:
            with self.writer() as blob:
                for chunk in chunks:
                    blob.write(chunk)
                return blob.finish(expected), blob.size
        except OSError as error:
            raise disk_failure(error, f"storing a blob in {self._directory}") from error

    def writer(self) -> "BlobWriter":
        """Start a blob that is written piece by piece; use it as a context manager.

        See: OCI image-spec image-layout.md, Blobs.
        """
        return BlobWriter(self._directory)

    def read(self, digest: str) -> bytes:
        """Return a small blob, verified.

        Raises:
            NotFound: no such blob.
            IntegrityError: the file is not what its name says; names the file.
        """
        with self.open(digest) as file:
            data = file.read()
        if sha256(data) != digest:
            raise IntegrityError(
                f"{self.path(digest)} is damaged: its content is {sha256(data)}",
                hint="delete the image and make or pull it again",
            )
        return data

    def open(self, digest: str) -> BinaryIO:
        """Open a blob for reading (not verified: layers are verified while unpacking).

        Raises:
            NotFound: no such blob.
        """
        try:
            return open(self.path(digest), "rb")
        except FileNotFoundError as error:
            raise NotFound(f"no such blob: {digest}") from error

    def size(self, digest: str) -> int:
        """Return the bytes of a blob.

        Raises:
            NotFound: no such blob.
        """
        try:
            return os.stat(self.path(digest)).st_size
        except FileNotFoundError as error:
            raise NotFound(f"no such blob: {digest}") from error

    def has(self, digest: str) -> bool:
        """Tell whether the blob is there."""
        return os.path.exists(self.path(digest))

    def remove(self, digest: str) -> None:
        """Delete a blob; nothing happens when it is not there."""
        try:
            os.unlink(self.path(digest))
        except FileNotFoundError:
            pass

    def digests(self) -> list[str]:
        """Return the digests of all blobs."""
        return [f"sha256:{name}" for name in os.listdir(self._directory)]
