"""The image store: which images there are, by which names, and what removing one takes along.

    store = ImageStore(state_root())
    image = store.resolve("busybox")          # microseconds: an index in memory
    image.lower_dirs, image.config.config.cmd

All changes go to disk at once, each by an atomic rename; the index in memory follows.  One process
owns a store (the engine holds the lock); its methods may be called from several threads.

See: OCI image-spec image-layout.md for the blobs; Docker's classic store for names and deletion.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

from pyminidocker.errors import IntegrityError, InvalidArgument, NotFound
from pyminidocker.images.additions import Additions
from pyminidocker.images.blobs import BlobStore
from pyminidocker.images.cached_steps import CachedSteps
from pyminidocker.images.catalog import Catalog, ImageRecord
from pyminidocker.images.history import history_of
from pyminidocker.images.init_layer import ensure_init_layer
from pyminidocker.images.names import Names
from pyminidocker.images.records import (
    HistoryEntry,
    Image,
    ImageListing,
    ImageUser,
    Layer,
    Removal,
)
from pyminidocker.images.removal import delete_image, prune_images
from pyminidocker.images.snapshots import LayerStore
from pyminidocker.oci.image_spec import Manifest, decode_manifest
from pyminidocker.oci.reference import Reference, parse, parse_any

_ID_PREFIX = re.compile(r"(?:sha256:)?[0-9a-f]{1,64}")
_FIRST_LAYERS = re.compile(r"(?P<ref>.+)@(?P<count>\d+)")
_CACHE_MAX = 1024


class ImageStore(Additions):
    """All images of one engine.

    Attributes:
        blobs: content by digest; hold a ``lease`` while putting blobs for a new image.
        layers: the unpacked layers.
        names: which names point where.
        catalog: the images themselves.
        init_layer: directory of the layer between every image and its containers.
        cached_steps: the build cache, which keeps layers and blobs as images do.
        problems: what could not be loaded, each naming its file; everything else was.
    """

    def __init__(self, state_dir: str) -> None:
        """Open (or make) the store under ``state_dir`` and load its index."""
        self._lock = threading.RLock()
        self._leases = 0
        self._resolved: dict[str, Image] = {}
        self.blobs = BlobStore(f"{state_dir}/blobs")
        self.layers = LayerStore(f"{state_dir}/layers")
        self.init_layer = ensure_init_layer(f"{state_dir}/layers")
        self.catalog = Catalog(f"{state_dir}/images", self.blobs, self.layers, self.init_layer)
        self.names = Names(f"{state_dir}/images/repositories.json")
        self.cached_steps = CachedSteps(f"{state_dir}/build")
        self.problems: list[IntegrityError] = [
            *self.layers.problems,
            *self.catalog.problems,
            *([self.names.problem] if self.names.problem else []),
        ]
        self.collect_garbage()

    # Finding

    def resolve(self, ref: str) -> Image:
        """Find an image by name, id or id prefix, in Docker's order.

        Raises:
            NotFound: "No such image: nosuch:latest".
            InvalidArgument: not a reference.
        """
        image = self._resolved.get(ref)
        if image is None:
            image = self._find(ref)
            if len(self._resolved) > _CACHE_MAX:
                self._resolved.clear()
            self._resolved[ref] = image
        return image

    def _find(self, ref: str) -> Image:
        parsed = parse_any(ref)
        shown = parsed
        if isinstance(parsed, Reference):
            complete = parsed.with_default_tag()
            shown = complete.familiar
            image_id = self.names.get(complete)
            if not image_id and parsed.tag and parsed.digest:
                image_id = self.names.get(Reference(parsed.domain, parsed.path, "", parsed.digest))
            if image_id in self.catalog.images:
                return self.catalog.images[image_id]
        if _ID_PREFIX.fullmatch(ref):
            prefix = ref if ref.startswith("sha256:") else f"sha256:{ref}"
            found = [image for image in self.visible() if image.id.startswith(prefix)]
            if len(found) == 1:
                return found[0]
        raise NotFound(f"No such image: {shown}")

    def get(self, image_id: str) -> Image:
        """Return the image with exactly this id, also one that is deleted but still in use.

        Raises:
            NotFound: no such image.
        """
        try:
            return self.catalog.images[image_id]
        except KeyError:
            raise NotFound(f"No such image: {image_id}") from None

    def visible(self) -> list[Image]:
        """Return all images except hidden ones, in no particular order."""
        return [i for i in self.catalog.images.values() if not self.catalog.is_hidden(i.id)]

    def listings(self, *, include_intermediate: bool = False) -> list[ImageListing]:
        """Return the images, newest first; ``include_intermediate`` is ``docker images -a``.

        Images of the same age, as base images are, come by name.
        """
        with self._lock:
            images = self.visible()
            used = Counter(layer.chain_id for image in images for layer in image.layers)
            rows = []
            for image in sorted(images, key=lambda x: (-x.created, self.tags(x.id), x.id)):
                names = self.names.of(image.id)
                is_intermediate = not names and bool(self.catalog.children(image.id))
                if is_intermediate and not include_intermediate:
                    continue
                shared = sum(x.size for x in image.layers if used[x.chain_id] > 1)
                rows.append(
                    ImageListing(
                        image=image,
                        repo_tags=tuple(sorted(x.familiar for x in names if x.tag)),
                        repo_digests=tuple(sorted(x.familiar for x in names if x.digest)),
                        shared_size=shared,
                        is_intermediate=is_intermediate,
                    )
                )
            return rows

    def tags(self, image_id: str) -> list[str]:
        """Return the image's familiar names with tag, sorted."""
        return sorted(name.familiar for name in self.names.of(image_id) if name.tag)

    def repo_digests(self, image_id: str) -> list[str]:
        """Return by which digests registries know the image, as familiar names, sorted."""
        return sorted(name.familiar for name in self.names.of(image_id) if name.digest)

    def history(self, ref: str) -> list[HistoryEntry]:
        """Return the steps that made an image, newest first.

        Raises:
            NotFound: no such image.
        """
        return history_of(self.resolve(ref), self.catalog.images, self.tags)

    def stack(self, ref: str) -> tuple[Layer, ...]:
        """Return layers for the microscope: an image, ``image@N`` (its first N layers) or "".

        Raises:
            NotFound: no such image.
            InvalidArgument: N is not a number of layers the image has.
        """
        if not ref:
            return ()
        match = _FIRST_LAYERS.fullmatch(ref)
        if match is None:
            return self.resolve(ref).layers
        layers = self.resolve(match["ref"]).layers
        count = int(match["count"])
        if count > len(layers):
            raise InvalidArgument(f"{match['ref']} has {len(layers)} layers, not {count}")
        return layers[:count]

    def disk_usage(self) -> int:
        """Return the bytes in regular files of all layers, each counted once."""
        return sum(layer.size for layer in self.layers.all())

    # Making

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Keep blobs and layers that no image mentions yet, while an image is being made."""
        with self._lock:
            self._leases += 1
        try:
            yield
        finally:
            with self._lock:
                self._leases -= 1
                self.collect_garbage()

    def publish(self, image_id: str, record: ImageRecord, name: Reference | None) -> Image:
        """Enter an image whose blobs and layers are there, and name it."""
        with self._lock:
            known = self.catalog.records.get(image_id)
            if known is None or known.manifest != record.manifest or known.hidden:
                self._resolved.clear()
                self.catalog.put(image_id, record)
            image = self.catalog.images[image_id]
            return self._set_name(name, image) if name is not None else image

    def manifest(self, image: Image) -> Manifest:
        """Return an image's manifest.

        Raises:
            IntegrityError: its file is damaged.
        """
        return decode_manifest(self.blobs.read(image.manifest_digest))

    def tag(self, source: str, target: str) -> Image:
        """Give the image ``source`` the further name ``target``; an older holder loses it.

        Raises:
            NotFound: no image ``source``.
            InvalidArgument: ``target`` is not a name, or carries a digest.
        """
        reference = parse(target)
        if reference.digest:
            raise InvalidArgument("refusing to create a tag with a digest reference")
        if reference.familiar_name == "sha256":
            raise InvalidArgument(
                "refusing to create an ambiguous tag using digest algorithm as name"
            )
        with self._lock:
            return self._set_name(reference.with_default_tag(), self.resolve(source))

    def name(self, reference: Reference, image: Image) -> Image:
        """Point a complete reference, also one by digest, at an image that is in the store.

        Raises:
            NotFound: it was deleted in the meantime.
        """
        with self._lock:
            return self._set_name(reference, self.get(image.id))

    def _set_name(self, reference: Reference, image: Image) -> Image:
        if self.names.get(reference) == image.id:
            return image
        self.names.set(reference, image.id)
        self._resolved.clear()
        record = self.catalog.records[image.id]
        record.last_tagged = time.time()
        return self.catalog.put(image.id, record)

    # Removing

    def delete(
        self,
        ref: str,
        *,
        force: bool = False,
        no_prune: bool = False,
        users: Iterable[ImageUser] = (),
    ) -> list[Removal]:
        """Remove a name, and the image with its last one, as ``docker rmi``.

        A forced deletion of an image that a stopped container uses hides it; its layers stay until
        ``sweep`` finds no user any more.

        Args:
            ref: a name, id or id prefix.
            force: remove although names or stopped containers stand in the way.
            no_prune: keep unnamed parents.
            users: all containers there are.

        Raises:
            NotFound: no such image.
            Conflict: moby's words: names, containers or child images stand in the way.
        """
        with self._lock:
            try:
                return delete_image(self, ref, force=force, prune=not no_prune, users=list(users))
            finally:
                self._resolved.clear()
                self.collect_garbage()

    def prune(
        self,
        *,
        dangling_only: bool = True,
        select: Callable[[Image], bool] | None = None,
        users: Iterable[ImageUser] = (),
    ) -> tuple[list[Removal], int]:
        """Remove unused images; return what went and how many bytes that freed.

        Args:
            dangling_only: leave images that have a name (``docker image prune`` without ``-a``).
            select: a further condition, e.g. from the filters ``until`` and ``label``.
            users: all containers there are.
        """
        with self._lock:
            before = self.disk_usage()
            removals = prune_images(
                self, dangling_only=dangling_only, select=select, users=list(users)
            )
            self._resolved.clear()
            self.collect_garbage()
            return removals, before - self.disk_usage()

    def forget(self, image: Image, *, is_used: bool) -> None:
        """Drop an image's record, or hide it while a container still uses its layers."""
        if is_used:
            record = self.catalog.records[image.id]
            record.hidden = True
            self.catalog.put(image.id, record)
        else:
            self.catalog.remove(image.id)

    def sweep(self, users: Collection[ImageUser]) -> None:
        """Drop hidden images that no container uses any more (cheap when there is none)."""
        hidden = [key for key, record in self.catalog.records.items() if record.hidden]
        if not hidden:
            return
        with self._lock:
            used = {user.image_id for user in users}
            for image_id in hidden:
                if image_id not in used:
                    self.catalog.remove(image_id)
            self.collect_garbage()

    def collect_garbage(self) -> None:
        """Delete blobs and layers that neither an image nor the build cache mentions.

        Nothing is deleted while an image is being made, or when a record could not be read: what
        it mentions is not known then.
        """
        with self._lock:
            if self._leases or not self.catalog.is_complete:
                return
            images = self.catalog.images.values()
            layers = {layer.chain_id for image in images for layer in image.layers}
            blobs = {blob for image in images for blob in image.blobs}
            blobs.update(image.id for image in images)
            blobs.update(image.manifest_digest for image in images)
            layers |= self.cached_steps.layers()
            blobs |= self.cached_steps.blobs()
            for digest in set(self.blobs.digests()) - blobs:
                self.blobs.remove(digest)
            for layer in self.layers.all():
                if layer.chain_id not in layers:
                    self.layers.remove(layer.chain_id)
