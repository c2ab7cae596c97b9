"""The image service: the image store seen from the loop, with what containers forbid added."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pyminidocker.engine import filters as matching
from pyminidocker.engine import images_compare
from pyminidocker.engine.results import PruneReport
from pyminidocker.errors import NotFound
from pyminidocker.images.diff import read_layer_file
from pyminidocker.images.records import Image, ImageListing, ImageUser, Layer, Removal
from pyminidocker.images.store import ImageStore

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]
ListingList = list[ImageListing]
Removals = list[tuple[str, str]]
LayerRows = list[dict[str, Any]]

_KNOWN = frozenset(("dangling", "label", "before", "since", "reference", "until"))
_KNOWN_PRUNE = frozenset(("dangling", "label", "label!", "until"))
_WORDS = {"untagged": "Untagged", "deleted": "Deleted"}
_EVENTS = {"untagged": "untag", "deleted": "delete"}


class Images:
    """All images of an engine.

    Attributes:
        store: the ``images.store.ImageStore``; read it freely from the loop.
    """

    store: ImageStore

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self._lent: dict[str, list[Image]] = {}

    def load(self) -> None:
        """Open the store; what is damaged in it is named in the log, and the rest is there."""
        self.store = ImageStore(self.engine.state_dir)
        for problem in self.store.problems:
            self.engine.report_damage(problem)

    def get(self, ref: str) -> Image:
        """Return the image that ``ref`` means: name, id or id prefix.

        Raises:
            NotFound: "No such image: x:latest".
            InvalidArgument: not a reference.
        """
        return self.store.resolve(ref)

    def check_platform(self, ref: str, platform: str) -> None:
        """Make sure that an image, when it is here, is for ``platform``.

        Raises:
            NotFound: it is for another one; moby's words, on which its client pulls.
            InvalidArgument: not a platform.
        """
        from pyminidocker.oci.platform import fits, parse_platform, platform_of, platform_text

        wanted = parse_platform(platform)
        try:
            config = self.get(ref).config
        except NotFound:
            return  # said, with a remedy, by whoever needs it
        have = platform_of(config)
        if not fits(have, wanted):
            raise NotFound(
                f"image with reference {ref} was found but does not match the specified platform:"
                f" wanted {platform_text(wanted)}, actual: {platform_text(have)}"
            )

    def by_id(self, image_id: str) -> Image:
        """Return the image with this full id, also a deleted one that a container keeps.

        Raises:
            NotFound: there is none.
        """
        try:
            return self.store.get(image_id)
        except NotFound:
            if lent := self._lent.get(image_id):
                return lent[-1]
            raise

    @contextmanager
    def lend(self, image: Image) -> Iterator[None]:
        """Let containers be made of an image that is nowhere kept: a stage of a build so far.

        It is found by its id only, and only while this lasts.
        """
        self._lent.setdefault(image.id, []).append(image)
        try:
            yield
        finally:
            self._lent[image.id].remove(image)
            if not self._lent[image.id]:
                del self._lent[image.id]

    def lower_dirs(self, image_id: str) -> "list[str]":
        """Return the overlay lower directories of an image, topmost first.

        Raises:
            NotFound: the image is gone.
        """
        return list(self.by_id(image_id).lower_dirs)

    def users(self) -> "list[ImageUser]":
        """Return who stands in the way of deleting images."""
        return [
            ImageUser(container.id, container.record.image_id, container.is_running)
            for container in self.engine.containers.index.by_id.values()
        ]

    def container_removed(self) -> None:
        """Let go of deleted images that only this container had kept."""
        if any(record.hidden for record in self.store.catalog.records.values()):
            self.store.sweep(self.users())

    def list(self, *, all: bool = False, filters: Filters | None = None) -> ListingList:  # noqa: A002
        """Return images, newest first (filters: dangling, label, before, since, reference, until).

        Raises:
            InvalidArgument: an unknown filter.
            NotFound: the image of ``before`` or ``since``.
        """
        wanted = filters or {}
        matching.check_names(wanted, _KNOWN)
        found = self.store.listings(include_intermediate=all)
        for ref in wanted.get("before", ()):
            limit = self.get(ref).created
            found = [row for row in found if row.image.created < limit]
        for ref in wanted.get("since", ()):
            limit = self.get(ref).created
            found = [row for row in found if row.image.created > limit]
        if until := matching.moment(wanted, "until"):
            found = [row for row in found if row.image.created < until]
        if wanted.get("dangling"):
            is_dangling = matching.boolean(wanted, "dangling", True)
            found = [row for row in found if bool(row.repo_tags) != is_dangling]
        labels = wanted.get("label", ())
        found = [
            row
            for row in found
            if matching.labels_match(row.image.config.config.labels or {}, labels)
        ]
        if patterns := wanted.get("reference"):
            found = _matching_names(found, patterns)
        return found

    async def tag(self, ref: str, repository: str, tag: str = "") -> None:
        """Add a name to an image.

        Raises:
            NotFound: no such image.
            InvalidArgument: malformed name.
        """
        target = f"{repository}:{tag}" if tag else repository
        image = self.store.tag(ref, target)
        self._tell("tag", image.id, target if ":" in target else f"{target}:latest")

    async def remove(
        self, ref: str, *, force: bool = False, prune_parents: bool = True
    ) -> Removals:
        """Untag or delete; returns ("Untagged"|"Deleted", name or id) in order.

        Raises:
            NotFound: no such image.
            Conflict: a container uses it, or several names do and it was given by id.
        """
        users = self.users()
        removed = await asyncio.to_thread(
            lambda: self.store.delete(ref, force=force, no_prune=not prune_parents, users=users)
        )
        return self._removed(removed)

    def _removed(self, removed: Sequence[Removal]) -> Removals:
        for item in removed:
            if item.image_id:
                self._tell(_EVENTS[item.kind], item.image_id, item.image_id)
        return [(_WORDS[item.kind], item.target) for item in removed]

    def _tell(self, action: str, image_id: str, name: str) -> None:
        self.engine.events.emit("image", action, image_id, {"name": name})

    async def prune(self, filters: Filters | None = None) -> PruneReport:
        """Delete dangling images, and what broken pulls left.

        Filters: dangling=false (all unused images), until, label.
        """
        wanted = filters or {}
        matching.check_names(wanted, _KNOWN_PRUNE)
        dangling_only = matching.boolean(wanted, "dangling", True)
        until = matching.moment(wanted, "until")

        def is_wanted(image: Image) -> bool:
            labels = image.config.config.labels or {}
            return (not until or image.created < until) and matching.prune_labels_match(
                labels, wanted
            )

        users = self.users()
        removed, size = await asyncio.to_thread(
            lambda: self.store.prune(dangling_only=dangling_only, select=is_wanted, users=users)
        )
        size += await asyncio.to_thread(self.engine.registry.forget_downloads)
        report = PruneReport(images=self._removed(removed), space_reclaimed_bytes=size)
        self.engine.events.emit("image", "prune", "", {"reclaimed": str(size)})
        return report

    async def bootstrap(self, names: Sequence[str], progress: Callable[[str, str], None]) -> None:
        """Make base images without a registry; ``progress(name, status)`` is called on the loop.

        Raises:
            InvalidArgument: an unknown base image.
            NotFound: this host has not got what that image is made from.
        """
        # Four recipes that most engines never need again after their first minute.
        from pyminidocker.images.base.bootstrap import bootstrap

        loop = asyncio.get_running_loop()

        def tell(name: str, status: str) -> None:
            loop.call_soon_threadsafe(progress, name, status)

        made = await asyncio.to_thread(lambda: bootstrap(self.store, list(names), tell))
        for name, image in made.items():
            self._tell("tag", image.id, f"{name}:latest")

    # -- the layer microscope -----------------------------------------------------------------

    def stack(self, ref: str) -> "tuple[Layer, ...]":
        """Return layers, bottom first, of an image, ``image@N``, a container, or "" (nothing).

        Raises:
            NotFound: neither.
        """
        return images_compare.stack(self.engine, ref)

    def layers(self, ref: str) -> LayerRows:
        """Return the layers of an image, lowest first, in the shape of GET /minidocker/layers.

        Raises:
            NotFound: no such image or container.
        """
        return images_compare.layer_rows(self.engine, ref)

    async def compare(self, a: str, b: str, kind: str = "auto") -> "dict[str, Any]":
        """Compare two of: image, ``image@N``, container, "" (nothing); see GET /minidocker/compare.

        Args:
            a: what was before.
            b: what is after.
            kind: only entries of this kind (added, changed, deleted, attributes); ``auto`` is all.

        Raises:
            NotFound: no such image or container.
            InvalidArgument: an unknown kind.
        """
        return await images_compare.compare(self.engine, a, b, kind)

    async def waste(self, ref: str) -> "dict[str, Any]":
        """Return what the layers of an image or container carry in vain; GET /minidocker/waste.

        Raises:
            NotFound: no such image or container.
        """
        return await images_compare.waste(self.engine, ref)

    async def layer_file(self, ref: str, layer: int, path: str) -> bytes:
        """Return a file as one layer holds it, even when a higher layer hides it.

        Raises:
            NotFound: there is no such layer, or it has no such file.
        """
        layers = self.stack(ref)
        if not 0 <= layer < len(layers):
            raise NotFound(f"{ref} has no layer {layer}; it has {len(layers)}")
        return await asyncio.to_thread(read_layer_file, layers[layer], path)


def _matching_names(found: ListingList, patterns: Sequence[str]) -> ListingList:
    """Keep rows with a name that fits, and of those only the fitting names (docker images x)."""
    kept = []
    for row in found:
        tags = tuple(name for name in row.repo_tags if _fits(name, patterns))
        digests = tuple(name for name in row.repo_digests if _fits(name, patterns))
        if tags or digests:
            kept.append(
                ImageListing(row.image, tags, digests, row.shared_size, row.is_intermediate)
            )
    return kept


def _fits(name: str, patterns: Sequence[str]) -> bool:
    repository = re.sub(r"(:[\w.-]+|@sha256:[0-9a-f]+)$", "", name)
    for pattern in patterns:
        wanted = pattern.removeprefix("docker.io/").removeprefix("library/")
        # path.Match of Go: a star does not cross a slash.
        if any(
            part.count("/") == wanted.count("/") and fnmatchcase(part, wanted)
            for part in (name, repository)
        ):
            return True
    return False
