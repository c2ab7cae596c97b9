"""Pull: from a name to an image in the store.

    tag -> (index ->) manifest -> config -> layers, each fetched by digest and verified

Layers arrive side by side and are unpacked side by side, in whatever order they come: what a layer
is called on disk is known from the config before any of them is there.  Nothing has a name in the
store before all of it is complete.

See: OCI distribution-spec, Pull; moby's distribution/pull_v2.go for the messages.
"""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from pyminidocker.errors import IntegrityError, MiniDockerError, NotFound, SystemFailure
from pyminidocker.images.catalog import ImageRecord
from pyminidocker.images.records import Image
from pyminidocker.images.registry import manifests
from pyminidocker.images.registry.attempts import Cancelled
from pyminidocker.images.registry.downloads import Downloads
from pyminidocker.images.registry.endpoints import Endpoint, Settings
from pyminidocker.images.registry.failures import Refused, explain, translate
from pyminidocker.images.registry.progress import Meter, Tell, note, numbers, short, state
from pyminidocker.images.registry.session import Session
from pyminidocker.images.registry.transfer import Transfer, unseen
from pyminidocker.images.registry.workers import run_all
from pyminidocker.oci.digest import chain_ids
from pyminidocker.oci.image_spec import Descriptor, ImageConfig, Platform, decode_config
from pyminidocker.oci.platform import fits, parse_platform, platform_of, platform_text
from pyminidocker.oci.reference import Reference

if TYPE_CHECKING:
    from pyminidocker.images.registry.auth import Credentials
    from pyminidocker.images.registry.transport import HttpClient
    from pyminidocker.images.store import ImageStore

MAX_CONFIG_BYTES = 8 << 20
_UNPACKERS = 3


class Place(msgspec.Struct, frozen=True):
    """A layer and where it belongs."""

    blob: Descriptor
    diff_id: str
    below: str
    chain_id: str


class Pull(Transfer):
    """One pull.

    Args:
        downloads: where blobs arrive.
        store, http, settings, credentials, tell: see ``Transfer``.
    """

    def __init__(
        self,
        store: "ImageStore",
        downloads: Downloads,
        http: "HttpClient",
        settings: Settings,
        credentials: "Credentials",
        tell: Tell,
    ) -> None:
        super().__init__(store, http, settings, credentials, tell)
        self._downloads = downloads
        self._downloading = threading.BoundedSemaphore(max(1, settings.max_concurrent_downloads))
        self._unpacking = threading.BoundedSemaphore(_UNPACKERS)

    def run(
        self, places: Sequence[Sequence[Endpoint]], reference: Reference, platform: str = ""
    ) -> Image:
        """Get the image, from the first place that can give it.

        Args:
            places: registries in the order to ask, each with the ways to it.
            reference: with a tag or a digest.
            platform: what was asked for; empty is this machine's.

        Raises:
            MiniDockerError: see ``engine.registry.Registry.pull``.
        """
        wanted = parse_platform(platform)
        for number, ways in enumerate(places, 1):
            session = Session(self._http, ways, self._credentials)
            try:
                return self._from(session, reference, wanted, is_asked=bool(platform))
            except (Cancelled, SystemFailure):
                raise
            except MiniDockerError as error:
                if self._is_cancelled:
                    raise Cancelled("the pull was cancelled") from error
                if number < len(places):  # the next place may have it
                    self._go_on()
                    continue
                if isinstance(error, Refused):
                    raise translate(error, reference) from error
                raise explain(error, reference) from error.__cause__
        raise NotFound(f"no registry is known for {reference.familiar}")

    def _from(
        self, session: Session, reference: Reference, wanted: Platform, *, is_asked: bool
    ) -> Image:
        before = self._known(reference)
        if before is not None and self._is_current(session, reference, before, wanted):
            self._begin(reference)
            digest = next(n.digest for n in self._digests(reference, before))
            return self._finish(reference, digest, before, before)
        fetched = manifests.fetch(session, reference.path, reference.digest or reference.tag)
        self._begin(reference)
        chosen = fetched
        if fetched.is_index:
            one = manifests.choose(manifests.read_index(fetched), wanted)
            chosen = manifests.fetch(session, reference.path, one.digest)
            if chosen.is_index:
                raise IntegrityError(f"index {fetched.digest} lists another index: not understood")
        with self._store.lease():
            image = self._image(session, reference.path, chosen)
            if is_asked:
                self._warn_if_other(reference, image.config, wanted)
            return self._finish(reference, fetched.digest, image, before)

    # -- what we have already -----------------------------------------------------------------

    def _known(self, reference: Reference) -> Image | None:
        image_id = self._store.names.get(reference)
        image = self._store.catalog.images.get(image_id)
        return None if image is None or self._store.catalog.is_hidden(image_id) else image

    def _digests(self, reference: Reference, image: Image) -> list[Reference]:
        """Return by which digests this repository has had the image."""
        names = self._store.names.of(image.id)
        return [name for name in names if name.digest and name.name == reference.name]

    def _is_current(
        self, session: Session, reference: Reference, image: Image, wanted: Platform
    ) -> bool:
        """Tell whether a tag still means what we have, by a question that costs no quota."""
        digests = {name.digest for name in self._digests(reference, image)}
        if not digests or not fits(platform_of(image.config), wanted):
            return False
        return reference.digest in digests or manifests.look(session, reference) in digests

    # -- getting it ---------------------------------------------------------------------------

    def _image(self, session: Session, repository: str, fetched: manifests.Fetched) -> Image:
        manifest = manifests.read_manifest(fetched)
        image_id = manifest.config.digest
        known = self._store.catalog.images.get(image_id)
        if known is not None and not self._store.catalog.is_hidden(image_id):
            return known
        if manifest.config.size > MAX_CONFIG_BYTES:
            raise IntegrityError(f"config {image_id} has {manifest.config.size} bytes: too many")
        self._fetch(session, repository, manifest.config, unseen())
        try:
            config = decode_config(self._store.blobs.read(image_id))
        except ValueError as error:
            raise IntegrityError(f"image config {image_id} is damaged: {error}") from error
        if config.os not in ("", "linux"):
            raise NotFound(
                f'cannot download image with operating system "{config.os}" when requesting "linux"'
            )
        diff_ids = config.rootfs.diff_ids
        if len(diff_ids) != len(manifest.layers):
            raise IntegrityError(
                f"image config {image_id} names {len(diff_ids)} layers, its manifest"
                f" {len(manifest.layers)}"
            )
        chain = chain_ids(diff_ids)
        places = [
            Place(blob, diff_id, below, chain_id)
            for blob, diff_id, below, chain_id in zip(
                manifest.layers, diff_ids, ["", *chain][: len(chain)], chain, strict=True
            )
        ]
        self._layers(session, repository, places)
        record = ImageRecord(self._store.blobs.put(fetched.data))
        image = self._store.publish(image_id, record, None)
        for blob in (manifest.config, *manifest.layers):
            self._downloads.forget(blob.digest)
        return image

    def _fetch(self, session: Session, repository: str, blob: Descriptor, meter: Meter) -> None:
        attempts = self._attempts(self._settings.max_download_attempts, blob.digest)
        self._downloads.fetch(session, repository, blob, attempts, meter)

    def _layers(self, session: Session, repository: str, places: list[Place]) -> None:
        """Fetch and unpack all layers."""
        queue = _Queue(self._tell, places)
        missing: dict[str, list[Place]] = {}  # a blob may occur several times in an image
        for place in places:
            has_layer = self._store.layers.get(place.chain_id) is not None
            if has_layer and self._store.blobs.has(place.blob.digest):
                queue.finish(place, "Already exists")
            else:
                self._tell(state(short(place.blob.digest), "Pulling fs layer"))
                missing.setdefault(place.blob.digest, []).append(place)
        tasks = [
            lambda same=same: self._layer(session, repository, same, queue)
            for same in missing.values()
        ]
        # Those that unpack take no connection: they do not count against the transfers.
        at_once = self._settings.max_concurrent_downloads + _UNPACKERS
        run_all(tasks, at_once, self._stop, self._http.abort)

    def _layer(
        self,
        session: Session,
        repository: str,
        same: list[Place],
        queue: "_Queue",
    ) -> None:
        blob, name = same[0].blob, short(same[0].blob.digest)
        meter = Meter(self._tell, name, "Downloading", blob.size)
        with self._downloading:
            if self._stop.is_set():
                raise Cancelled("the pull was cancelled")
            self._fetch(session, repository, blob, meter)
        self._tell(state(name, "Download complete"))
        with self._unpacking:
            for place in same:
                if self._stop.is_set():
                    raise Cancelled("the pull was cancelled")
                self._tell(numbers(name, "Extracting", 0, blob.size))
                self._store.add_blob_layer(place.below, blob.digest, blob.media_type, place.diff_id)
                queue.finish(place, "Pull complete")

    # -- what is said -------------------------------------------------------------------------

    def _begin(self, reference: Reference) -> None:
        name = reference.tag or reference.digest
        self._tell(note(f"Pulling from {_repository(reference)}", name))

    def _warn_if_other(self, reference: Reference, config: ImageConfig, wanted: Platform) -> None:
        if not fits(platform_of(config), wanted):
            actual = platform_text(platform_of(config))
            self._tell(
                note(
                    f"WARNING: image with reference {reference.familiar} was found but does not"
                    f" match the specified platform: wanted {platform_text(wanted)},"
                    f" actual: {actual}"
                )
            )

    def _finish(
        self, reference: Reference, digest: str, image: Image, before: Image | None
    ) -> Image:
        """Name the image and say what came of it."""
        self._store.name(Reference(reference.domain, reference.path, "", digest), image)
        if reference.tag:
            image = self._store.name(
                Reference(reference.domain, reference.path, reference.tag), image
            )
        self._tell(note(f"Digest: {digest}"))
        is_same = before is not None and before.id == image.id
        what = "Image is up to date" if is_same else "Downloaded newer image"
        self._tell(note(f"Status: {what} for {reference.familiar}"))
        return image


class _Queue:
    """Says "Pull complete" in the order of the layers, whatever order they were finished in."""

    def __init__(self, tell: Tell, places: list[Place]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._places = places
        self._finished: dict[str, str] = {}
        self._said = 0

    def finish(self, place: Place, text: str) -> None:
        """Note that a layer is done."""
        with self._lock:
            self._finished[place.chain_id] = text
            while self._said < len(self._places):
                following = self._places[self._said]
                if following.chain_id not in self._finished:
                    return
                name = short(following.blob.digest)
                self._tell(state(name, self._finished[following.chain_id]))
                self._said += 1


def _repository(reference: Reference) -> str:
    """Return a repository as Docker names it here: without the registry's host."""
    return reference.path if reference.domain == "docker.io" else reference.name.partition("/")[2]
