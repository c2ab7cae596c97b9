"""Registries: the client's side of pull, push, auth and distribution."""

from __future__ import annotations

from pyminidocker.client.transport import Transport, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Json = dict[str, Any]


class RegistryCalls(Transport):
    """Calls that have the engine talk to registries."""

    def image_pull(
        self, name: str, *, tag: str = "", platform: str = "", credentials: Json | None = None
    ) -> Iterator[Json]:
        """POST /images/create?fromImage=: yields progress messages; errors may be among them.

        Args:
            name: a reference; without tag or digest, and with no ``tag``, all its tags.
            tag: instead of the one in ``name``.
            platform: ``os/architecture[/variant]``.
            credentials: as X-Registry-Auth has them.
        """
        query = {"fromImage": name, "tag": tag, "platform": platform}
        headers = _header_of(credentials or {})
        with self.open("POST", "/images/create", query, headers=headers) as response:
            yield from response.json_lines()

    def image_push(
        self, name: str, *, tag: str = "", credentials: Json | None = None
    ) -> Iterator[Json]:
        """POST /images/{name}/push: yields progress messages; errors may be among them.

        Args:
            name: a repository with its registry.
            tag: empty for all its tags.
            credentials: as X-Registry-Auth has them.
        """
        # Docker sends the header always; older engines answer 400 without it.
        headers = _header_of(credentials or {"serveraddress": ""})
        path = f"/images/{quote(name)}/push"
        with self.open("POST", path, {"tag": tag}, headers=headers) as response:
            yield from response.json_lines()

    def registry_login(self, credentials: Json) -> Json:
        """POST /auth: {"Status": "Login Succeeded", "IdentityToken": ""}."""
        answer: Json = self.call("POST", "/auth", None, credentials)
        return answer

    def distribution_inspect(self, name: str, *, credentials: Json | None = None) -> Json:
        """GET /distribution/{name}/json: digest, size and platforms, without a pull."""
        headers = _header_of(credentials or {})
        with self.open("GET", f"/distribution/{quote(name)}/json", headers=headers) as response:
            found: Json = response.json()
            return found


def _header_of(credentials: Json) -> tuple[tuple[str, str], ...]:
    from pyminidocker.client.credentials import header_of  # most commands talk to no registry

    return header_of(credentials)
