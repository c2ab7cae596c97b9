"""Images, containers and volumes as archives: the client's side of save, load, export, import.

See: Docker Engine API reference, ImageGetAll, ImageLoad, ImageCreate (fromSrc).
"""

from __future__ import annotations

from pyminidocker.client.transport import Transport, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from pyminidocker.client.connection import Response

    Json = dict[str, Any]


class ArchiveCalls(Transport):
    """Calls whose body or answer is an archive, and what images carry in vain."""

    def image_save(self, refs: Iterable[str]) -> Response:
        """GET /images/get: one tar of all ``refs``; read ``chunks()``, then close it."""
        query = "&".join([f"names={quote(ref)}" for ref in refs])
        return self.open("GET", f"/images/get?{query}")

    def image_load(self, archive: bytes | Iterable[bytes], *, quiet: bool = True) -> Iterator[Json]:
        """POST /images/load: yields Docker's messages; one of them may report an error.

        Args:
            archive: what ``save`` made, here or elsewhere; plain or compressed.
            quiet: leave messages about layers out.
        """
        query = {"quiet": quiet}
        with self.upload("POST", "/images/load", query, archive) as response:
            yield from response.json_lines()

    def image_import(
        self,
        archive: bytes | Iterable[bytes] | str,
        *,
        repo: str = "",
        tag: str = "",
        message: str = "",
        changes: Iterable[str] = (),
        platform: str = "",
    ) -> Iterator[Json]:
        """POST /images/create: an image of a root file system; yields Docker's messages.

        Args:
            archive: a tar, plain or compressed; or an http(s) URL that the engine fetches.
            repo: name of the image; empty leaves it without one.
            tag: with ``repo``.
            message: for the history.
            changes: Dockerfile instructions, one each.
            platform: such as ``linux/arm64``; empty means the engine's.
        """
        is_url = isinstance(archive, str)
        query = {
            "fromSrc": archive if is_url else "-",
            "repo": repo,
            "tag": tag,
            "message": message,
            "changes": "\n".join(changes),
            "platform": platform,
        }
        body = b"" if isinstance(archive, str) else archive
        with self.upload("POST", "/images/create", query, body) as response:
            yield from response.json_lines()

    def volume_export(self, name: str, *, pause: bool = False) -> Response:
        """GET /minidocker/volume/archive: a tar of a volume; read ``chunks()``, then close it.

        Args:
            name: which.
            pause: running containers that use it stand still until all is read.
        """
        return self.open("GET", "/minidocker/volume/archive", {"name": name, "pause": pause})

    def volume_import(
        self, name: str, archive: bytes | Iterable[bytes], *, replace: bool = False
    ) -> Json:
        """PUT /minidocker/volume/archive: the volume holds what the tar holds; as inspect.

        Args:
            name: which; made when there is none.
            archive: the tar, plain or compressed.
            replace: what the volume holds now goes.
        """
        query = {"name": name, "replace": replace}
        with self.upload("PUT", "/minidocker/volume/archive", query, archive) as response:
            made: Json = response.json()
        return made

    def image_waste(self, ref: str) -> Json:
        """GET /minidocker/waste: what the layers of an image or container carry in vain."""
        found: Json = self.call("GET", "/minidocker/waste", {"ref": ref})
        return found
