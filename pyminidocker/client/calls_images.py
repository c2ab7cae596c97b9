"""Images, layers and volumes: the client's side of ``/images``, ``/volumes`` and comparisons."""

from __future__ import annotations

from pyminidocker.client.transport import Transport, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    Json = dict[str, Any]


class ImageCalls(Transport):
    """Calls about images, what is inside them, and volumes."""

    def image_list(
        self,
        *,
        all: bool = False,  # noqa: A002 - Docker's word
        digests: bool = False,
        filters: Mapping[str, list[str]] | None = None,
    ) -> list[Json]:
        """GET /images/json."""
        query = {"all": all or None, "digests": digests or None, "filters": filters or None}
        listed: list[Json] = self.call("GET", "/images/json", query)
        return listed

    def image_inspect(self, ref: str) -> Json:
        """GET /images/{ref}/json."""
        inspected: Json = self.call("GET", f"/images/{quote(ref)}/json")
        return inspected

    def image_history(self, ref: str) -> list[Json]:
        """GET /images/{ref}/history: newest first."""
        history: list[Json] = self.call("GET", f"/images/{quote(ref)}/history")
        return history

    def image_tag(self, ref: str, repo: str, tag: str = "") -> None:
        """POST /images/{ref}/tag."""
        self.call("POST", f"/images/{quote(ref)}/tag", {"repo": repo, "tag": tag})

    def image_remove(self, ref: str, *, force: bool = False, no_prune: bool = False) -> list[Json]:
        """DELETE /images/{ref}: [{"Untagged": ...}, {"Deleted": ...}]."""
        query = {"force": force or None, "noprune": no_prune or None}
        removed: list[Json] = self.call("DELETE", f"/images/{quote(ref)}", query)
        return removed

    def image_prune(self, filters: Mapping[str, list[str]] | None = None) -> Json:
        """POST /images/prune: {"ImagesDeleted": [...], "SpaceReclaimed": bytes}."""
        pruned: Json = self.call("POST", "/images/prune", {"filters": filters or None})
        return pruned

    def image_bootstrap(self, names: Iterable[str]) -> Iterator[Json]:
        """POST /minidocker/images/bootstrap: make base images here; yields progress records."""
        path = "/minidocker/images/bootstrap"
        with self.open("POST", path, None, {"Names": list(names)}) as response:
            yield from response.json_lines()

    def layers(self, ref: str) -> list[Json]:
        """GET /minidocker/layers: an image's layers, lowest first."""
        found: list[Json] = self.call("GET", "/minidocker/layers", {"ref": ref})["Layers"]
        return found

    def layer_file(self, ref: str, layer: int, path: str) -> bytes:
        """GET /minidocker/layers/file: a file as that one layer holds it."""
        query = {"ref": ref, "layer": layer, "path": path}
        return self.call_bytes("/minidocker/layers/file", query)

    def compare(self, a: str, b: str, *, kind: str = "auto") -> Json:
        """GET /minidocker/compare: what differs between two images, containers or layer stacks.

        Args:
            a: image, container, ``image@N`` (its first N layers) or "" (empty).
            b: the same.
            kind: ``auto``, ``image`` or ``container``, when a name could be either.
        """
        compared: Json = self.call("GET", "/minidocker/compare", {"a": a, "b": b, "kind": kind})
        return compared

    def volume_list(self, filters: Mapping[str, list[str]] | None = None) -> list[Json]:
        """GET /volumes."""
        listed: list[Json] | None = self.call("GET", "/volumes", {"filters": filters or None})[
            "Volumes"
        ]
        return listed or []

    def volume_create(
        self,
        name: str = "",
        *,
        driver: str = "local",
        labels: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Json:
        """POST /volumes/create; an existing one is given back."""
        config = {
            "Name": name,
            "Driver": driver,
            "Labels": dict(labels or {}),
            "DriverOpts": dict(options or {}),
        }
        created: Json = self.call("POST", "/volumes/create", None, config)
        return created

    def volume_inspect(self, name: str) -> Json:
        """GET /volumes/{name}."""
        inspected: Json = self.call("GET", f"/volumes/{quote(name)}")
        return inspected

    def volume_remove(self, name: str, *, force: bool = False) -> None:
        """DELETE /volumes/{name}."""
        self.call("DELETE", f"/volumes/{quote(name)}", {"force": force or None})

    def volume_prune(self, filters: Mapping[str, list[str]] | None = None) -> Json:
        """POST /volumes/prune: {"VolumesDeleted": [...], "SpaceReclaimed": bytes}."""
        pruned: Json = self.call("POST", "/volumes/prune", {"filters": filters or None})
        return pruned
