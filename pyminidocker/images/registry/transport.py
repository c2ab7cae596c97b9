"""HTTP/1.1 requests over sockets that somebody else connects (surface, being filled in)."""

from collections.abc import Callable, Iterator
from socket import socket
from typing import Self

from pyminidocker.errors import NotImplementedHere

Dial = Callable[[str, int], socket]


class Response:
    """An answer whose body is still to be read; a context manager.

    Attributes:
        status: the HTTP status.
        headers: by lower-case name.
        url: where it came from, after redirects.
    """

    status: int
    headers: dict[str, str]
    url: str

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, limit: int) -> bytes:
        """Return the whole body; more than ``limit`` bytes are an IntegrityError."""
        raise NotImplementedHere(str(limit))

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it arrives."""
        raise NotImplementedHere("")

    def close(self) -> None:
        """Be done with the answer."""


class HttpClient:
    """Makes requests; follows redirects of GET and HEAD; keeps connections until ``close``."""

    def get(self, url: str, headers: dict[str, str] | None = None) -> Response:
        """GET ``url``; any status is an answer.

        Raises:
            Unavailable: no answer could be had; says why.
        """
        raise NotImplementedHere(f"{url} {headers}")

    def close(self) -> None:
        """Hang up everywhere."""
