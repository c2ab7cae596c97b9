"""Deleting images the way dockerd's classic store does, down to its words.

Deleting by name takes the name away and the image only with its last name; deleting by id takes
all names, if they are of one repository.  *Soft* conflicts (several names, a stopped container)
give way to force, *hard* ones (a running container, child images) do not.

See: moby's daemon/images/image_delete.go and image_prune.go.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from pyminidocker.errors import Conflict, NotFound
from pyminidocker.ids import short_id
from pyminidocker.images.records import Image, ImageUser, Removal
from pyminidocker.oci.reference import Reference, parse

if TYPE_CHECKING:
    from pyminidocker.images.store import ImageStore


class _Obstacle(Struct, frozen=True):
    """Why an image may not be deleted."""

    message: str
    is_hard: bool
    is_user: bool = False

    def error(self, image: Image) -> Conflict:
        force = "cannot be forced" if self.is_hard else "must be forced"
        return Conflict(
            f"conflict: unable to delete {short_id(image.id)} ({force}) - {self.message}"
        )


class _Deletion:
    """One ``docker rmi``: the rules and what they have done so far."""

    def __init__(self, store: "ImageStore", users: list[ImageUser], *, force: bool) -> None:
        self.removals: list[Removal] = []
        self._store = store
        self._users = users
        self._force = force

    def untag(self, image: Image, names: list[Reference]) -> None:
        self._store.names.remove(names)
        self.removals += [Removal("untagged", name.familiar, image.id) for name in names]

    def obstacle(
        self, image: Image, *, force: bool, ignore_names: bool = False
    ) -> _Obstacle | None:
        if self._store.catalog.children(image.id):
            return _Obstacle("image has dependent child images", is_hard=True)
        users = [user for user in self._users if user.image_id == image.id]
        for user in users:
            if user.running:
                text = f"image is being used by running container {short_id(user.container_id)}"
                return _Obstacle(text, is_hard=True, is_user=True)
        if force:
            return None
        if not ignore_names and self._store.names.of(image.id):
            return _Obstacle("image is referenced in multiple repositories", is_hard=False)
        for user in users:
            text = f"image is being used by stopped container {short_id(user.container_id)}"
            return _Obstacle(text, is_hard=False, is_user=True)
        return None

    def delete(self, image: Image, *, prune: bool, quiet: bool, force: bool) -> None:
        """Delete the image itself, and unnamed parents with it."""
        obstacle = self.obstacle(image, force=force)
        if obstacle is not None:
            if quiet and (not self._is_dangling(image) or obstacle.is_user):
                return
            raise obstacle.error(image)
        self.untag(image, self._store.names.of(image.id))
        is_used = any(user.image_id == image.id for user in self._users)
        before = self._used_layers()
        self._store.forget(image, is_used=is_used)
        self.removals.append(Removal("deleted", image.id, image.id))
        if not is_used:
            after = self._used_layers()
            self.removals += [
                Removal("deleted", layer.chain_id)
                for layer in reversed(image.layers)
                if layer.chain_id in before - after
            ]
        parent = self._store.catalog.images.get(image.parent)
        if prune and parent is not None and not self._store.catalog.is_hidden(parent.id):
            self.delete(parent, prune=True, quiet=True, force=False)

    def _is_dangling(self, image: Image) -> bool:
        return not self._store.names.of(image.id) and not self._store.catalog.children(image.id)

    def _used_layers(self) -> set[str]:
        images = self._store.catalog.images.values()
        return {layer.chain_id for image in images for layer in image.layers}

    def first_user(self, image: Image) -> ImageUser | None:
        return next((user for user in self._users if user.image_id == image.id), None)


def delete_image(
    store: "ImageStore", ref: str, *, force: bool, prune: bool, users: list[ImageUser]
) -> list[Removal]:
    """Remove what ``ref`` names; see ``ImageStore.delete``."""
    image = store.resolve(ref)
    names = store.names.of(image.id)
    deletion = _Deletion(store, users, force=force)
    is_by_name = not _is_id_prefix(image.id, ref)
    if is_by_name:
        user = deletion.first_user(image)
        if not force and _is_single(names) and user is not None:
            raise Conflict(
                f'conflict: unable to remove repository reference "{ref}" (must force) - container '
                f"{short_id(user.container_id)} is using its referenced image {short_id(image.id)}"
            )
        name = _held_name(store, ref, image)
        deletion.untag(image, [name])
        remaining = store.names.of(image.id)
        if not name.digest and not any(x.tag and x.name == name.name for x in remaining):
            # The repository's digest references go with its last tag.
            deletion.untag(image, [x for x in remaining if x.digest and x.name == name.name])
        if store.names.of(image.id):
            return deletion.removals
    elif _is_single(names):
        obstacle = deletion.obstacle(image, force=force, ignore_names=True)
        if obstacle is not None:
            raise obstacle.error(image)
        deletion.untag(image, list(names))
    deletion.delete(image, prune=prune, quiet=is_by_name, force=force)
    return deletion.removals


def _is_id_prefix(image_id: str, ref: str) -> bool:
    return image_id.startswith(ref) or image_id.removeprefix("sha256:").startswith(ref)


def _held_name(store: "ImageStore", ref: str, image: Image) -> Reference:
    """Return the name in the table that ``ref`` matched."""
    wanted = parse(ref).with_default_tag()
    for name in store.names.of(image.id):
        if name == wanted or (name.digest and name.digest == wanted.digest):
            return name
    raise NotFound(f"No such image: {wanted.familiar}")


def _is_single(names: list[Reference]) -> bool:
    """Tell whether all names come down to one: one tag, perhaps with its repository's digest."""
    if len(names) <= 1:
        return True
    tagged = [name for name in names if name.tag and not name.digest]
    repositories = {name.name for name in names if name.digest}
    if len(tagged) > 1:
        return False
    single = tagged[0] if tagged else names[0]
    return repositories == {single.name}


def prune_images(
    store: "ImageStore",
    *,
    dangling_only: bool,
    select: Callable[[Image], bool] | None,
    users: list[ImageUser],
) -> list[Removal]:
    """Remove unused images; see ``ImageStore.prune``."""
    removals: list[Removal] = []
    for image in sorted(store.visible(), key=lambda image: image.id):
        names = store.names.of(image.id)
        if not names and store.catalog.children(image.id):
            continue
        if select is not None and not select(image):
            continue
        if dangling_only and any(name.tag for name in names):
            continue
        for ref in [name.familiar for name in names] or [image.id]:
            try:
                removals += delete_image(store, ref, force=False, prune=True, users=users)
            except (Conflict, NotFound):
                continue  # in use, or gone already with a child
    return removals
