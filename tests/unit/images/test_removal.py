"""Deleting images, with moby's rules and words."""

import os

import pytest

from pyminidocker.errors import Conflict, NotFound
from pyminidocker.images.records import ImageUser
from pyminidocker.images.store import ImageStore
from tests.unit.images.conftest import add_image, archive, entry

ONE = archive(entry("a", b"12345"))
TWO = archive(entry("b", b"123"))
CONTAINER = "c" * 64


def short(removals):
    return [(x.kind, x.target[:20]) for x in removals]


def stored(store, tmp_path):
    layers = [x for x in os.listdir(tmp_path / "state" / "layers") if x != "init"]
    return len(store.blobs.digests()), len(layers)


def test_the_last_name_takes_the_image_along(store, tmp_path):
    image = add_image(store, ONE, TWO, name="app")
    removals = store.delete("app")
    assert short(removals) == [
        ("untagged", "app:latest"),
        ("deleted", image.id[:20]),
        ("deleted", image.layers[1].chain_id[:20]),
        ("deleted", image.layers[0].chain_id[:20]),
    ]
    assert stored(store, tmp_path) == (0, 0)
    with pytest.raises(NotFound):
        store.resolve("app")


def test_one_of_two_names_is_only_a_name(store):
    image = add_image(store, ONE, name="app")
    store.tag("app", "app:2")
    assert short(store.delete("app:2")) == [("untagged", "app:2")]
    assert store.resolve("app").id == image.id


def test_layers_that_others_use_stay(store, tmp_path):
    add_image(store, ONE, name="base")
    child = add_image(store, ONE, TWO, name="app")
    assert [x.target for x in store.delete("app")][2:] == [child.layers[1].chain_id]
    assert stored(store, tmp_path) == (3, 1)


def test_several_names_need_force_when_given_by_id(store):
    image = add_image(store, ONE, name="app")
    store.tag("app", "other")
    with pytest.raises(Conflict) as caught:
        store.delete(image.id[:12])
    assert str(caught.value) == (
        f"conflict: unable to delete {image.id[7:19]} (must be forced) - "
        "image is referenced in multiple repositories"
    )
    removals = store.delete(image.id[:12], force=True)
    assert [x.target for x in removals][:2] == ["app:latest", "other:latest"]


def test_one_name_goes_with_the_id(store):
    image = add_image(store, ONE, name="app")
    assert short(store.delete(image.id))[:2] == [
        ("untagged", "app:latest"),
        ("deleted", image.id[:20]),
    ]


def test_a_running_container_cannot_be_forced(store):
    image = add_image(store, ONE, name="app")
    users = [ImageUser(CONTAINER, image.id, running=True)]
    with pytest.raises(Conflict) as caught:
        store.delete("app", users=users)
    assert str(caught.value) == (
        'conflict: unable to remove repository reference "app" (must force) - '
        f"container cccccccccccc is using its referenced image {image.id[7:19]}"
    )
    with pytest.raises(Conflict) as caught:
        store.delete(image.id, force=True, users=users)
    assert str(caught.value) == (
        f"conflict: unable to delete {image.id[7:19]} (cannot be forced) - "
        "image is being used by running container cccccccccccc"
    )


def test_a_stopped_container_keeps_the_layers_of_a_forced_deletion(store, tmp_path):
    image = add_image(store, ONE, name="app")
    users = [ImageUser(CONTAINER, image.id, running=False)]
    with pytest.raises(Conflict, match="being used by stopped container cccccccccccc"):
        store.delete(image.id, users=users)
    removals = store.delete("app", force=True, users=users)
    assert short(removals) == [("untagged", "app:latest"), ("deleted", image.id[:20])]
    assert store.listings() == []
    with pytest.raises(NotFound):
        store.resolve(image.id)
    assert store.get(image.id).lower_dirs == image.lower_dirs
    assert ImageStore(str(tmp_path / "state")).get(image.id).lower_dirs == image.lower_dirs
    store.sweep(users)
    assert os.path.exists(image.layers[0].directory)
    store.sweep([])
    assert not os.path.exists(image.layers[0].directory)
    assert stored(store, tmp_path) == (0, 0)


def test_a_hidden_image_that_is_made_again_is_back(store):
    image = add_image(store, ONE, name="app")
    users = [ImageUser(CONTAINER, image.id, running=False)]
    store.delete("app", force=True, users=users)
    assert add_image(store, ONE, name="app").id == image.id
    store.sweep([])
    assert store.resolve("app").id == image.id


def test_parents_without_name_go_along(store):
    parent = add_image(store, ONE)
    child = add_image(store, ONE, TWO, name="app", parent=parent.id)
    assert [row.image.id for row in store.listings()] == [child.id]
    assert len(store.listings(include_intermediate=True)) == 2
    with pytest.raises(Conflict, match=r"cannot be forced.*image has dependent child images"):
        store.delete(parent.id, force=True)
    removals = store.delete("app")
    assert parent.id in [x.target for x in removals]
    assert store.listings(include_intermediate=True) == []


def test_parents_without_name_stay_when_asked(store):
    parent = add_image(store, ONE)
    add_image(store, ONE, TWO, name="app", parent=parent.id)
    store.delete("app", no_prune=True)
    assert [row.image.id for row in store.listings()] == [parent.id]


def test_a_parent_with_children_only_loses_its_name(store):
    parent = add_image(store, ONE, name="base")
    add_image(store, ONE, TWO, name="app", parent=parent.id)
    assert short(store.delete("base")) == [("untagged", "base:latest")]
    assert store.get(parent.id)


def test_prune_takes_what_has_no_name(store):
    dangling = add_image(store, ONE)
    add_image(store, TWO, name="app")
    removals, freed = store.prune()
    assert removals[0].target == dangling.id
    assert freed == 5
    assert store.prune() == ([], 0)


def test_prune_all_takes_what_no_container_uses(store):
    used = add_image(store, ONE, name="used")
    add_image(store, TWO, name="unused")
    store.tag("unused", "unused:2")
    removals, freed = store.prune(
        dangling_only=False, users=[ImageUser(CONTAINER, used.id, running=False)]
    )
    assert [x.target for x in removals][:2] == ["unused:2", "unused:latest"]
    assert freed == 3
    assert [row.repo_tags for row in store.listings()] == [("used:latest",)]


def test_prune_respects_a_condition(store):
    add_image(store, ONE, labels={"keep": "1"})
    add_image(store, TWO)
    store.prune(select=lambda image: not (image.config.config.labels or {}).get("keep"))
    assert len(store.listings()) == 1


def test_garbage_waits_while_an_image_is_made(store):
    with store.lease():
        digest = store.blobs.put(b"half of an image")
        add_image(store, ONE, name="other")
        store.delete("other")
        assert store.blobs.has(digest)
    assert not store.blobs.has(digest)
