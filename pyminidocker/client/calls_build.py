"""Builds: the client's side of ``/build`` and of its cache.

See: Docker Engine API reference, POST /build and POST /build/prune.
"""

from __future__ import annotations

from pyminidocker.client.json_text import dumps
from pyminidocker.client.transport import Transport, query_text, quote
from pyminidocker.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    Json = dict[str, Any]

SECRETS_HEADER = "X-Minidocker-Secrets"  # base64 of a JSON object: id -> base64 of the content
REGISTRIES_HEADER = "X-Registry-Config"  # base64url of a JSON object, as Docker's
_SECRETS_MOST = 40_000  # bytes, together: they travel in a header


class BuildCalls(Transport):
    """Calls that build images and look after the cache of builds."""

    def build(
        self,
        context: bytes | Iterable[bytes] | None,
        options: Mapping[str, object],
        *,
        tags: Iterable[str] = (),
        secrets: Mapping[str, bytes] | None = None,
        registries: Mapping[str, object] | None = None,
    ) -> Iterator[Json]:
        """POST /build: yields the engine's records (``pyminidocker.build.records``).

        Args:
            context: a tar archive, plain or compressed; None when ``options`` name a ``remote``.
            options: Docker's query: dockerfile, buildargs, target, nocache, pull, labels ...
            tags: names for the image.
            secrets: content of each ``RUN --mount=type=secret``, by id.
            registries: credentials by registry, as in Docker's X-Registry-Config.

        Raises:
            MiniDockerError: the engine would not begin; later errors are records.
        """
        target = "/build" + query_text({"records": True, **options})
        target += "".join([f"&t={quote(tag)}" for tag in tags])
        headers = []
        if secrets:
            headers.append((SECRETS_HEADER, _packed(secrets)))
        if registries:
            headers.append((REGISTRIES_HEADER, _base64(dumps(registries).encode(), safe=True)))
        with self.open(
            "POST",
            target,
            raw=b"" if context is None else context,
            headers=headers,
            content_type="application/x-tar",
        ) as response:
            yield from response.json_lines()

    def build_prune(
        self,
        *,
        all: bool = False,  # noqa: A002 - Docker's word
        filters: Mapping[str, list[str]] | None = None,
        keep_storage: int = 0,
    ) -> Json:
        """POST /build/prune: {"CachesDeleted": [...], "SpaceReclaimed": bytes}."""
        query = {
            "all": all or None,
            "filters": filters or None,
            "keep-storage": keep_storage or None,
        }
        pruned: Json = self.call("POST", "/build/prune", query)
        return pruned

    def build_cache(self) -> list[Json]:
        """GET /minidocker/build/cache: each cached step and cache mount."""
        answer: Json = self.call("GET", "/minidocker/build/cache")
        return list(answer.get("Records") or [])


def _packed(secrets: Mapping[str, bytes]) -> str:
    if sum(map(len, secrets.values())) > _SECRETS_MOST:
        raise InvalidArgument(
            f"the secrets are larger than {_SECRETS_MOST} bytes together",
            hint="a secret is a key or a token; copy larger files into the build",
        )
    return _base64(dumps({name: _base64(data) for name, data in secrets.items()}).encode())


def _base64(data: bytes, *, safe: bool = False) -> str:
    from binascii import b2a_base64

    text = b2a_base64(data, newline=False).decode()
    return text.replace("+", "-").replace("/", "_") if safe else text
