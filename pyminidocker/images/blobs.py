"""Content-addressed files: ``blobs/sha256/<hex>`` holds exactly the bytes that hash to its name.

See: OCI image-spec image-layout.md, Blobs.
"""

from collections.abc import Iterable
from typing import BinaryIO


class BlobStore:
    """The directory of blobs."""

    def __init__(self, root: str) -> None:
        """Open (or make) the blob directory ``root`` (``<state>/blobs``)."""
        raise NotImplementedError

    def put(self, data: bytes) -> str:
        """Store bytes; return their digest."""
        raise NotImplementedError

    def put_stream(self, chunks: Iterable[bytes], expected: str = "") -> tuple[str, int]:
        """Store a stream; return (digest, bytes).

        Args:
            chunks: the content.
            expected: the digest it must have; empty accepts any.

        Raises:
            IntegrityError: the content is not what ``expected`` says.
            SystemFailure: disk full; nothing is left behind.
        """
        raise NotImplementedError

    def read(self, digest: str) -> bytes:
        """Return a small blob, verified.

        Raises:
            NotFound: no such blob.
            IntegrityError: the file is not what its name says; names the file.
        """
        raise NotImplementedError

    def open(self, digest: str) -> BinaryIO:
        """Open a blob for reading (not verified: layers are verified while unpacking).

        Raises:
            NotFound: no such blob.
        """
        raise NotImplementedError

    def has(self, digest: str) -> bool:
        """Tell whether the blob is there."""
        raise NotImplementedError

    def remove(self, digest: str) -> None:
        """Delete a blob; nothing happens when it is not there."""
        raise NotImplementedError
