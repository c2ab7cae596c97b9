"""Files from http and https URLs: ADD, and remote build contexts.

See: Dockerfile reference, ADD; moby builder/remotecontext/remote.go; RFC 9110.
"""

import socket
from collections.abc import AsyncIterator, Callable, Iterator

from pyminidocker.errors import NotImplementedHere

Dial = Callable[[str, int], socket.socket]


class RemoteFile:
    """A fetched file, kept in an unnamed file on disk.

    Attributes:
        url: as it was asked for.
        name: the file name that the URL or Content-Disposition gives; may be empty.
        size: bytes.
        mtime_s: from Last-Modified, 0 when the server does not say.
        digest: ``sha256:...`` of the content.
    """

    url: str
    name: str
    size: int
    mtime_s: int
    digest: str

    def chunks(self) -> Iterator[bytes]:
        """Yield the content."""
        raise NotImplementedHere("ADD of URLs")

    def close(self) -> None:
        """Let go of the content."""


def is_url(source: str) -> bool:
    """Tell whether a source of ADD is fetched: ``http://`` or ``https://``."""
    return source.lower().startswith(("http://", "https://"))


def fetch(
    url: str,
    dial: Dial,
    state_dir: str,
    *,
    checksum: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> RemoteFile:
    """Fetch a URL; blocks.

    Args:
        url: http or https.
        dial: makes a connected socket, the engine's way out.
        state_dir: the engine's state directory.
        checksum: ADD --checksum, ``sha256:<hex>``; empty for none.
        progress: told (bytes so far, bytes in all or 0).

    Raises:
        InvalidArgument: not a URL, a git repository, another checksum.
        NotFound: the server says 404.
        Unavailable: no answer.
    """
    raise NotImplementedHere("ADD of URLs")


async def receive(url: str, dial: Dial, state_dir: str) -> AsyncIterator[bytes]:
    """Yield the bytes of a remote build context (``POST /build?remote=URL``)."""
    raise NotImplementedHere("remote build contexts")
    yield b""
