"""Requests and answers as the routes see them."""

from binascii import unhexlify
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from pyminidocker.errors import InvalidArgument
from pyminidocker.framing.http import Head

Decoded = TypeVar("Decoded")

_FALSE = frozenset(("", "0", "no", "false", "none"))  # moby's httputils.BoolValue
# A JSON document larger than this is nobody's container configuration.
MAX_DOCUMENT_BYTES = 16 << 20


class Body(Protocol):
    """Where a request's body comes from."""

    async def read(self, limit: int) -> bytes:
        """Return the whole body, at most ``limit`` bytes."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives."""
        ...


class Request:
    """One request.

    Attributes:
        method: HTTP method.
        path: decoded, without the version.
        version: the API version the client speaks, as (major, minor).
        versioned: the client named that version; ours do not.
        query: decoded parameters; of repeated ones the first, as for Go's ``FormValue``.
        headers: by lower-case name.
        name: the part of the path that names an object.
        body: see ``Body``.
    """

    __slots__ = (
        "body",
        "headers",
        "method",
        "name",
        "path",
        "query",
        "raw_query",
        "version",
        "versioned",
    )

    def __init__(self, head: Head, body: Body) -> None:
        self.method, target, self.headers = head
        path, _, self.raw_query = target.partition("?")
        self.path = unquote(path) if "%" in path else path
        self.query = dict(reversed(parse_query(self.raw_query))) if self.raw_query else {}
        self.version = (0, 0)
        self.versioned = False
        self.name = ""
        self.body = body

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a boolean parameter, by moby's rules."""
        value = self.query.get(key)
        return default if value is None else value.strip().lower() not in _FALSE

    def number(self, key: str, default: int | None = None) -> int | None:
        """Return an integer parameter, ``default`` when it is absent.

        Raises:
            InvalidArgument: not a number.
        """
        text = self.query.get(key, "")
        if not text:
            return default
        try:
            return int(text)
        except ValueError:
            raise InvalidArgument(
                f'strconv.Atoi: parsing "{text}": invalid syntax: parameter {key}'
            ) from None

    def all_of(self, key: str) -> list[str]:
        """Return the lines of a parameter that may be repeated, or have several lines."""
        values = [value for name, value in parse_query(self.raw_query) if name == key]
        return "\n".join(values).split("\n")

    def filters(self) -> dict[str, list[str]]:
        """Return ``filters``: both of Docker's forms, {"a": ["b"]} and {"a": {"b": true}}.

        Raises:
            InvalidArgument: neither.
        """
        text = self.query.get("filters", "")
        if not text:
            return {}
        try:
            decoded = msgspec.json.decode(text, type=dict[str, list[str] | dict[str, bool]])
        except msgspec.MsgspecError as error:
            raise InvalidArgument(f"invalid filter: {error}") from error
        return {
            key: list(values)
            if isinstance(values, list)
            else [value for value, wanted in values.items() if wanted]
            for key, values in decoded.items()
        }

    async def document(self, kind: type[Decoded]) -> Decoded:
        """Return the body's JSON as ``kind``.

        Raises:
            InvalidArgument: no JSON, or not of this kind.
        """
        data = await self.body.read(MAX_DOCUMENT_BYTES)
        try:
            return msgspec.json.decode(data or b"{}", type=kind)
        except msgspec.MsgspecError as error:
            raise InvalidArgument(f"invalid JSON: {error}") from error

    @property
    def wants_upgrade(self) -> bool:
        """Whether the client sent ``Upgrade``."""
        return "upgrade" in self.headers


class Answer(NamedTuple):
    """A whole answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Streaming(NamedTuple):
    """An answer whose body comes piece by piece.

    ``pieces`` is closed (``aclose``) when the client goes away.  The head goes out at once; without
    ``early`` everything goes out together at the end.
    """

    pieces: AsyncIterator[bytes]
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    early: bool = True


class Duplex(Protocol):
    """A connection that was taken over: raw bytes in both directions."""

    async def read(self) -> bytes:
        """Return the next bytes from the client; b"" when it has closed its side."""
        ...

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the client is slow."""
        ...

    def send_descriptors(self, data: bytes, fds: list[int]) -> None:
        """Send bytes with copies of file descriptors, once the client has read all before."""
        ...


class Hijack(NamedTuple):
    """An answer that takes the connection over.

    ``serve`` runs until it is done with the connection; it is cancelled when the client goes away.
    """

    serve: Callable[[Duplex], Awaitable[None]]
    content_type: str


Outcome = Answer | Streaming | Hijack
Handler = Callable[[Any, Request], Outcome | Awaitable[Outcome]]

NO_CONTENT = Answer(204)


def as_json(value: object, status: int = 200) -> Answer:
    """Return ``value`` as a JSON answer, with the newline Go's encoder adds."""
    return Answer(status, msgspec.json.encode(value) + b"\n")


def unquote(text: str) -> str:
    """Undo percent-encoding; what is no valid escape stays as it is."""
    head, *pieces = text.split("%")
    data = bytearray(head.encode())
    for piece in pieces:
        try:
            data += unhexlify(piece[:2] or "?")
            data += piece[2:].encode()
        except ValueError:
            data += b"%" + piece.encode()
    return data.decode("utf-8", "replace")


def parse_query(text: str) -> list[tuple[str, str]]:
    """Return the parameters of a query string in order."""
    if "+" in text:
        text = text.replace("+", " ")
    pairs = []
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((unquote(name), unquote(value) if "%" in value else value))
    return pairs
