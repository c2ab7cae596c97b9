"""The image store: which images there are, by which names, and what removing one takes along.

    store = ImageStore(f"{state_root()}")
    image = store.resolve("busybox")          # microseconds: an index in memory
    image.lower_dirs, image.config.config.cmd

All changes go to disk at once, each by an atomic rename; the index in memory follows.  One process
owns a store (the engine holds the lock); its methods may be called from several threads.

See: OCI image-spec image-layout.md for the blobs; Docker's classic store for names and deletion.
"""

from collections.abc import Callable, Collection, Iterable

from pyminidocker.errors import IntegrityError
from pyminidocker.images.records import (
    HistoryEntry,
    Image,
    ImageListing,
    ImageUser,
    Layer,
    Removal,
)
from pyminidocker.oci.image_spec import ImageConfig


class ImageStore:
    """All images of one engine.

    Attributes:
        problems: what could not be loaded, each naming its file; everything else was.
    """

    def __init__(self, state_dir: str) -> None:
        """Open (or make) the store under ``state_dir`` and load its index."""
        self.problems: list[IntegrityError] = []
        raise NotImplementedError

    def resolve(self, ref: str) -> Image:
        """Find an image by name, id or id prefix, in Docker's order.

        Raises:
            NotFound: "No such image: nosuch:latest".
            InvalidArgument: not a reference.
        """
        raise NotImplementedError

    def get(self, image_id: str) -> Image:
        """Return the image with exactly this id, also one that is deleted but still in use.

        Raises:
            NotFound: no such image.
        """
        raise NotImplementedError

    def listings(self, *, include_intermediate: bool = False) -> list[ImageListing]:
        """Return the images, newest first; ``include_intermediate`` is ``docker images -a``."""
        raise NotImplementedError

    def tags(self, image_id: str) -> list[str]:
        """Return the image's familiar names with tag, sorted."""
        raise NotImplementedError

    def tag(self, source: str, target: str) -> Image:
        """Give the image ``source`` the further name ``target``; an older holder loses it.

        Raises:
            NotFound: no image ``source``.
            InvalidArgument: ``target`` is not a name, or carries a digest.
        """
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError

    def sweep(self, users: Collection[ImageUser]) -> None:
        """Drop hidden images that no container uses any more (cheap when there is none)."""
        raise NotImplementedError

    def history(self, ref: str) -> list[HistoryEntry]:
        """Return the steps that made an image, newest first.

        Raises:
            NotFound: no such image.
        """
        raise NotImplementedError

    def add(
        self,
        config: ImageConfig,
        layers: Iterable[tuple[str, int]],
        *,
        name: str = "",
        parent: str = "",
        comment: str = "",
    ) -> Image:
        """Put an image together from layer blobs that are in the store already, and name it.

        Args:
            config: the config; its diff ids must match ``layers``.
            layers: (blob digest, bytes) of each layer archive, bottom layer first.
            name: a reference to tag it with; empty leaves it dangling.
            parent: id of the image it was made from.
            comment: shown by inspect.

        Raises:
            IntegrityError: a blob is missing or is not what the config says.
            SystemFailure: the disk is full; nothing is left behind.
        """
        raise NotImplementedError

    def commit(
        self,
        parent: Image,
        upper_dir: str,
        config: ImageConfig,
        *,
        name: str = "",
        comment: str = "",
    ) -> Image:
        """Make an image of ``parent`` plus what a container wrote (``docker commit``).

        Args:
            parent: the container's image.
            upper_dir: the container's writable layer.
            config: the new image's config as the caller wants it: ``config``, ``author``,
                ``created``; its last history entry describes the commit; ``rootfs`` is filled in
                here.
            name: a reference to tag it with; empty leaves it dangling.
            comment: shown by inspect and history.

        Raises:
            SystemFailure: the disk is full; nothing is left behind.
        """
        raise NotImplementedError

    def stack(self, ref: str) -> tuple[Layer, ...]:
        """Return layers for the microscope: an image, ``image@N`` (its first N layers) or "".

        Raises:
            NotFound: no such image.
            InvalidArgument: N is not a number of layers the image has.
        """
        raise NotImplementedError

    def disk_usage(self) -> int:
        """Return the bytes in regular files of all layers, each counted once."""
        raise NotImplementedError
