"""Push: an image's blobs, then its manifest, then the name is there.

An image that was pulled goes out with the manifest it came with, byte for byte, so its digest stays
the same.  Layers that were made here lie uncompressed in the store; they go out as gzip, under an
OCI manifest, or under Docker's when the registry does not know OCI's.

See: OCI distribution-spec, Push; moby's distribution/push_v2.go for the messages.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from pyminidocker.errors import InvalidArgument, MiniDockerError, NotFound
from pyminidocker.images.atomic import disk_failure
from pyminidocker.images.records import Image
from pyminidocker.images.registry.attempts import Cancelled
from pyminidocker.images.registry.compress import compress
from pyminidocker.images.registry.endpoints import Endpoint, Settings
from pyminidocker.images.registry.failures import Refused, explain, translate_push
from pyminidocker.images.registry.known import Known
from pyminidocker.images.registry.manifests import path_of
from pyminidocker.images.registry.progress import Meter, Tell, note, short, state
from pyminidocker.images.registry.session import PUSH, Session, scope_of
from pyminidocker.images.registry.transfer import Transfer, unseen
from pyminidocker.images.registry.uploads import Upload
from pyminidocker.images.registry.workers import run_all
from pyminidocker.oci.digest import sha256
from pyminidocker.oci.image_spec import (
    MEDIA_CONFIG,
    MEDIA_DOCKER_LAYER_GZIP,
    MEDIA_DOCKER_MANIFEST,
    MEDIA_LAYER,
    MEDIA_LAYER_GZIP,
    MEDIA_MANIFEST,
    Descriptor,
    Manifest,
    decode_manifest,
    encode,
)
from pyminidocker.oci.reference import Reference

if TYPE_CHECKING:
    from pyminidocker.images.registry.auth import Credentials
    from pyminidocker.images.registry.transport import HttpClient
    from pyminidocker.images.store import ImageStore

MEDIA_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
_PLAIN = frozenset((MEDIA_LAYER, "application/vnd.docker.image.rootfs.diff.tar"))
_ATTEMPTS = 5  # dockerd's, which nothing configures


class Pushed(msgspec.Struct, frozen=True):
    """What a tag became."""

    tag: str
    digest: str
    size: int


class Push(Transfer):
    """One push.

    Args:
        known: what earlier transfers taught.
        scratch: a directory for compressed layers; nothing stays there, and nothing has a name.
        store, http, settings, credentials, tell: see ``Transfer``.
    """

    def __init__(
        self,
        store: "ImageStore",
        known: Known,
        scratch: str,
        http: "HttpClient",
        settings: Settings,
        credentials: "Credentials",
        tell: Tell,
    ) -> None:
        super().__init__(store, http, settings, credentials, tell)
        self._known = known
        self._scratch = scratch

    def run(self, ways: Sequence[Endpoint], reference: Reference) -> list[Pushed]:
        """Send an image, or all tags of a repository.

        Args:
            ways: the ways to the registry.
            reference: with a tag, or without for all tags.

        Raises:
            MiniDockerError: see ``engine.registry.Registry.push``.
        """
        self._tell(note(f"The push refers to repository [{reference.name}]"))
        images = self._images(reference)
        session = Session(self._http, ways, self._credentials)
        try:
            # Blobs must not go while they are sent.
            with self._store.lease():
                return [self._push(session, tag, image) for tag, image in images]
        except Refused as error:
            raise translate_push(error, reference) from error
        except Cancelled:
            raise
        except MiniDockerError as error:
            if self._is_cancelled:
                raise Cancelled("the push was cancelled") from error
            raise explain(error, reference, is_push=True) from error.__cause__

    def _images(self, reference: Reference) -> list[tuple[Reference, Image]]:
        if reference.digest:
            raise InvalidArgument("cannot push a digest reference")
        names = self._store.names.in_repository(reference.name)
        if not names:
            raise NotFound(
                f"An image does not exist locally with the tag: {reference.familiar_name}",
                hint=f"name it first: minidocker tag IMAGE {reference.familiar_name}",
            )
        if reference.tag:
            names = [name for name in names if name.tag == reference.tag]
            if not names:
                raise NotFound(f"tag does not exist: {reference.familiar}")
        return [(name, self._store.get(self._store.names.get(name))) for name in names if name.tag]

    # -- one tag ------------------------------------------------------------------------------

    def _push(self, session: Session, tag: Reference, image: Image) -> Pushed:
        data = self._store.blobs.read(image.manifest_digest)
        manifest = decode_manifest(data)
        layers: list[Descriptor] = list(manifest.layers)
        for blob in layers:
            self._tell(state(short(blob.digest), "Preparing"))
        places: dict[str, int] = {}
        for number, blob in enumerate(layers):
            places.setdefault(blob.digest, number)

        def send(number: int) -> None:
            layers[number] = self._layer(session, tag, manifest.layers[number])

        def send_config() -> None:
            self._blob(session, tag, manifest.config, "", unseen())

        tasks = [lambda n=n: send(n) for n in places.values()]
        run_all(
            [*tasks, send_config],
            self._settings.max_concurrent_uploads,
            self._stop,
            self._http.abort,
        )
        layers = [layers[places[blob.digest]] for blob in manifest.layers]
        if layers != list(manifest.layers):
            data, manifest = _oci(manifest, layers)
        return self._name(session, tag, image, data, manifest)

    def _layer(self, session: Session, tag: Reference, blob: Descriptor) -> Descriptor:
        """Send a layer; return it as the registry has it."""
        name = short(blob.digest)
        if blob.media_type not in _PLAIN:
            meter = Meter(self._tell, name, "Pushing", blob.size)
            self._tell(state(name, self._blob(session, tag, blob, "", meter)))
            return blob
        twin = self._known.packed(blob.digest)
        if twin is not None:
            there = Descriptor(MEDIA_LAYER_GZIP, *twin)
            how = self._without_sending(session, tag, there)
            if how:
                self._tell(state(name, how))
                return there
        with self._unnamed_file() as file:
            packed = self._pack(blob, file.fileno())
            meter = Meter(self._tell, name, "Pushing", packed.size)
            path = f"/proc/self/fd/{file.fileno()}"
            self._tell(state(name, self._blob(session, tag, packed, path, meter)))
        self._known.learn(packed={blob.digest: (packed.digest, packed.size)})
        return packed

    def _unnamed_file(self) -> BinaryIO:
        """Return a file that is gone when it is closed, or we are killed."""
        path = f"{self._scratch}/{os.urandom(8).hex()}"
        try:
            os.makedirs(self._scratch, mode=0o700, exist_ok=True)
            file = open(path, "xb", 0)  # noqa: SIM115 - the caller closes it
            with suppress(FileNotFoundError):  # swept by an `image prune` just now
                os.unlink(path)
        except OSError as error:
            raise disk_failure(error, f"compressing a layer in {self._scratch}") from error
        return file

    def _pack(self, blob: Descriptor, target_fd: int) -> Descriptor:
        meter = Meter(self._tell, short(blob.digest), "Preparing", blob.size)
        try:
            with self._store.blobs.open(blob.digest) as source:
                digest, size = compress(source, target_fd, meter, self._stop.is_set)
        except OSError as error:
            raise disk_failure(error, f"compressing layer {blob.digest}") from error
        return Descriptor(MEDIA_LAYER_GZIP, digest, size)

    def _without_sending(self, session: Session, tag: Reference, blob: Descriptor) -> str:
        """Return how the repository came to a blob that we need not send; "" when we must."""
        attempts = self._attempts(_ATTEMPTS, blob.digest)
        upload = Upload(session, tag.path, blob.digest, attempts)
        if upload.is_there():
            return "Layer already exists"
        for source in self._known.places(blob.digest, tag.domain, tag.path)[:3]:
            if upload.mount(source):
                return f"Mounted from {source}"
        return ""

    def _blob(
        self, session: Session, tag: Reference, blob: Descriptor, path: str, meter: Meter
    ) -> str:
        how = self._without_sending(session, tag, blob)
        if not how:
            attempts = self._attempts(_ATTEMPTS, blob.digest)
            source = path or self._store.blobs.path(blob.digest)
            size = os.stat(source).st_size
            Upload(session, tag.path, blob.digest, attempts).send(source, size, meter)
            how = "Pushed"
        self._known.learn(places={blob.digest: tag.name})
        return how

    # -- the name -----------------------------------------------------------------------------

    def _name(
        self, session: Session, tag: Reference, image: Image, data: bytes, manifest: Manifest
    ) -> Pushed:
        try:
            digest = self._put(session, tag, data, manifest.media_type or MEDIA_MANIFEST)
        except Refused as error:
            is_about_form = error.status in (400, 415) or error.code == "UNSUPPORTED"
            if not is_about_form or manifest.config.media_type != MEDIA_CONFIG:
                raise
            data, manifest = _docker(manifest)
            digest = self._put(session, tag, data, manifest.media_type)
        self._store.name(Reference(tag.domain, tag.path, "", digest), image)
        self._tell(note(f"{tag.tag}: digest: {digest} size: {len(data)}"))
        aux = {"Tag": tag.tag, "Digest": digest, "Size": len(data)}
        self._tell({"progressDetail": {}, "aux": aux})
        return Pushed(tag.tag, digest, len(data))

    def _put(self, session: Session, tag: Reference, data: bytes, media_type: str) -> str:
        attempts = self._attempts(_ATTEMPTS, sha256(data))
        scopes = (scope_of(tag.path, PUSH),)
        headers = {"Content-Type": media_type}
        while True:
            try:
                session.request(
                    "PUT", path_of(tag.path, tag.tag), scopes, headers=headers, body=data
                ).close()
                return sha256(data)
            except MiniDockerError as error:
                attempts.again(error)


_OCI = {MEDIA_DOCKER_LAYER_GZIP: MEDIA_LAYER_GZIP}
_DOCKER = {MEDIA_LAYER_GZIP: MEDIA_DOCKER_LAYER_GZIP}


def _oci(manifest: Manifest, layers: Sequence[Descriptor]) -> tuple[bytes, Manifest]:
    """Return the manifest with the layers as they were sent."""
    annotations = manifest.annotations
    return _written(manifest, layers, MEDIA_MANIFEST, MEDIA_CONFIG, _OCI, annotations)


def _docker(manifest: Manifest) -> tuple[bytes, Manifest]:
    """Return the same in the form that registries of before 2020 take."""
    layers = manifest.layers
    return _written(manifest, layers, MEDIA_DOCKER_MANIFEST, MEDIA_DOCKER_CONFIG, _DOCKER, {})


def _written(
    manifest: Manifest,
    layers: Sequence[Descriptor],
    media_type: str,
    config_type: str,
    layer_types: dict[str, str],
    annotations: dict[str, str],
) -> tuple[bytes, Manifest]:
    config = manifest.config
    changed = Manifest(
        schema_version=2,
        media_type=media_type,
        config=Descriptor(config_type, config.digest, config.size),
        layers=[
            Descriptor(layer_types.get(one.media_type, one.media_type), one.digest, one.size)
            for one in layers
        ],
        annotations=annotations,
    )
    return encode(changed), changed
