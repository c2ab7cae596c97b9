"""The image store: finding, naming, committing, and coming back after damage."""

import errno
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from pyminidocker.errors import IntegrityError, InvalidArgument, NotFound, SystemFailure
from pyminidocker.images.store import ImageStore
from pyminidocker.images.tar_reader import TarReader
from pyminidocker.oci.digest import sha256
from pyminidocker.oci.image_spec import History, ImageConfig, RootFs, RunConfig
from tests.unit.images.conftest import add_image, archive, entry

ONE = archive(entry("etc"), entry("etc/a", b"12345"))
TWO = archive(entry("etc"), entry("etc/b", b"123"))


@pytest.fixture
def state(tmp_path):
    return str(tmp_path / "state")


def blobs(store):
    return len(store.blobs.digests())


def test_an_image_is_found_by_name_id_and_prefix(store):
    image = add_image(store, ONE, TWO, name="app:1", cmd=["sh"])
    for ref in ("app:1", "docker.io/library/app:1", image.id, image.id[7:], image.id[:12]):
        assert store.resolve(ref) == image
    assert store.resolve(image.id[7:11]) == image
    assert image.size == 8
    assert image.config.config.cmd == ["sh"]
    assert [Path(x).parent.name for x in image.lower_dirs] == [
        "init",
        image.layers[1].chain_id[7:],
        image.layers[0].chain_id[7:],
    ]
    assert store.tags(image.id) == ["app:1"]


@pytest.mark.parametrize(
    ("ref", "shown"),
    [
        ("nosuch", "nosuch:latest"),
        ("nosuch:1", "nosuch:1"),
        ("host:5/x", "host:5/x:latest"),
        ("deadbeef", "deadbeef:latest"),
        ("0" * 64, "sha256:" + "0" * 64),
    ],
)
def test_an_unknown_image_is_named_as_docker_names_it(store, ref, shown):
    with pytest.raises(NotFound) as caught:
        store.resolve(ref)
    assert str(caught.value) == f"No such image: {shown}"


def test_an_ambiguous_prefix_finds_nothing(store):
    for number in range(20):
        add_image(store, archive(entry(f"f{number}", b"x")))
    firsts = [x.image.id[7] for x in store.listings()]
    shared = next(x for x in firsts if firsts.count(x) > 1)
    with pytest.raises(NotFound):
        store.resolve(shared)


def test_the_same_content_is_the_same_image_and_is_stored_once(store):
    first = add_image(store, ONE, TWO, name="a")
    count = blobs(store)
    second = add_image(store, ONE, TWO, name="b")
    assert first.id == second.id
    assert blobs(store) == count
    third = add_image(store, ONE, name="c")
    assert third.layers[0].directory == first.layers[0].directory
    assert store.disk_usage() == 8
    rows = {row.repo_tags: row for row in store.listings()}
    assert rows[("a:latest", "b:latest")].shared_size == 5
    assert rows[("c:latest",)].shared_size == 5


def test_images_are_listed_newest_first(store):
    add_image(store, ONE, name="old", created="2020-01-01T00:00:00Z")
    add_image(store, TWO, name="new", created="2024-01-01T00:00:00.123456789+02:00")
    assert [row.repo_tags[0] for row in store.listings()] == ["new:latest", "old:latest"]


def test_a_name_moves_to_the_image_it_is_given_last(store):
    first = add_image(store, ONE, name="app")
    second = add_image(store, TWO, name="app")
    assert store.resolve("app") == store.get(second.id)
    assert store.tags(first.id) == []
    store.tag(first.id[:12], "app:old")
    assert store.resolve("app:old").id == first.id
    assert store.resolve("app:old").last_tagged > 0


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("Upper", "must be lowercase"),
        ("a b", "invalid reference format"),
        ("a@sha256:" + "0" * 64, "refusing to create a tag with a digest"),
        ("sha256:abc", "ambiguous tag"),
    ],
)
def test_names_that_cannot_be_given(store, target, words):
    add_image(store, ONE, name="app")
    with pytest.raises(InvalidArgument, match=words):
        store.tag("app", target)


def test_everything_is_there_after_reopening(store, state):
    image = add_image(store, ONE, TWO, name="app", parent="sha256:" + "0" * 64)
    again = ImageStore(state)
    assert again.problems == []
    assert again.resolve("app") == image
    assert again.resolve("app").parent == "sha256:" + "0" * 64


def test_stacks_for_the_microscope(store):
    image = add_image(store, ONE, TWO, name="app")
    assert store.stack("") == ()
    assert store.stack("app") == image.layers
    assert store.stack("app@1") == image.layers[:1]
    assert store.stack("app:latest@0") == ()
    with pytest.raises(InvalidArgument, match="has 2 layers"):
        store.stack("app@3")
    with pytest.raises(NotFound):
        store.stack("none@1")


def test_history_joins_steps_with_layers(store):
    config = ImageConfig(
        architecture="amd64",
        os="linux",
        rootfs=RootFs([]),
        created="2026-01-01T00:00:00Z",
        history=[
            History(created_by="ADD one", created="2026-01-01T00:00:00Z"),
            History(created_by="ENV X=1", empty_layer=True),
            History(created_by="ADD two", comment="second"),
        ],
    )
    pair = [store.blobs.put_stream([data]) for data in (ONE, TWO)]
    config.rootfs.diff_ids = [digest for digest, _ in pair]
    image = store.add(config, pair, name="app")
    found = store.history("app")
    assert [(x.id, x.created_by, x.size) for x in found] == [
        (image.id, "ADD two", 3),
        ("<missing>", "ENV X=1", 0),
        ("<missing>", "ADD one", 5),
    ]
    assert found[0].tags == ("app:latest",)
    assert found[2].created == 1767225600.0


def make_upper(tmp_path):
    upper = tmp_path / "upper"
    (upper / "etc").mkdir(parents=True)
    (upper / "etc" / "c").write_text("new")
    os.mknod(upper / "etc" / "a", stat.S_IFCHR, 0)
    return str(upper)


def commit_config(**config):
    return ImageConfig(
        architecture="amd64",
        os="linux",
        rootfs=RootFs([]),
        created="2026-02-02T00:00:00Z",
        config=RunConfig(**config),
        history=[History(created_by="layer 0"), History(created_by="sh", comment="saved")],
    )


def test_commit_adds_what_the_container_wrote(store, tmp_path):
    parent = add_image(store, ONE, name="base")
    image = store.commit(
        parent, make_upper(tmp_path), commit_config(cmd=["x"]), name="mine:1", comment="saved"
    )
    assert image.parent == parent.id
    assert image.layers[:1] == parent.layers
    assert image.size == 5 + 3
    assert store.resolve("mine:1").config.config.cmd == ["x"]
    assert [(x.id, x.comment) for x in store.history("mine:1")] == [
        (image.id, "saved"),
        (parent.id, ""),
    ]


def test_commit_of_nothing_adds_no_layer(store, tmp_path):
    parent = add_image(store, ONE, name="base")
    (tmp_path / "upper").mkdir()
    image = store.commit(parent, str(tmp_path / "upper"), commit_config(), name="same")
    assert image.layers == parent.layers
    assert image.config.history[-1].empty_layer
    assert image.id != parent.id


def test_a_full_disk_leaves_nothing_behind(store, state, monkeypatch):
    add_image(store, ONE, name="app")
    before = sorted(str(path) for path in Path(state).rglob("*"))

    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pyminidocker.images.layers.os.write", full)
        with pytest.raises(SystemFailure, match="no space left on device"):
            add_image(store, ONE, TWO, name="more")
    assert sorted(str(path) for path in Path(state).rglob("*")) == before
    add_image(store, ONE, TWO, name="more")


def test_a_full_disk_keeps_no_file_of_the_container_open(store, tmp_path, monkeypatch):
    upper = tmp_path / "upper"
    upper.mkdir()
    (upper / "big").write_bytes(bytes(2_000_000))

    def full(_reader, _fd):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(TarReader, "write_to", full)
    with pytest.raises(SystemFailure) as kept:
        store.add_upper((), str(upper))
    links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    held = [os.readlink(link) for link in links if os.path.islink(link)]
    assert [path for path in held if path.startswith(str(upper))] == []
    assert "no space left" in str(kept.value)


def test_an_archive_that_is_not_what_the_config_says_is_refused(store):
    digest, size = store.blobs.put_stream([ONE])
    config = ImageConfig("amd64", "linux", RootFs(["sha256:" + "0" * 64]))
    with pytest.raises(IntegrityError, match="expected sha256:0000"):
        store.add(config, [(digest, size)])
    with pytest.raises(IntegrityError, match="names 1 layers, 0 are given"):
        store.add(config, [])
    assert store.listings() == []


def test_leftovers_of_a_killed_process_are_swept(store, state):
    image = add_image(store, ONE, name="app")
    store.blobs.put(b"of an image that was never finished")
    Path(f"{state}/blobs/sha256/.tmp-1").write_text("half a blob")
    Path(f"{state}/layers/.tmp-2/diff").mkdir(parents=True)
    Path(f"{state}/images/.tmp-3").write_text("{")
    again = ImageStore(state)
    assert again.problems == []
    assert again.resolve("app") == image
    left = [p.name for p in Path(state).rglob("*") if p.name.startswith(".tmp")]
    assert left == []
    assert blobs(again) == 3


def test_a_damaged_record_costs_that_image_only(store, state):
    bad = add_image(store, ONE, name="bad")
    good = add_image(store, TWO, name="good")
    path = f"{state}/images/{bad.id[7:]}.json"
    Path(path).write_text('{"manifest": 5')
    again = ImageStore(state)
    assert [path in str(problem) for problem in again.problems] == [True]
    assert again.resolve("good") == good
    with pytest.raises(NotFound):
        again.resolve("bad")
    assert again.layers.get(bad.layers[0].chain_id), "what might still be needed is kept"


def test_a_damaged_config_is_named(store, state):
    bad = add_image(store, ONE, name="bad")
    path = Path(f"{state}/blobs/sha256/{bad.id[7:]}")
    path.write_bytes(path.read_bytes().replace(b"amd64", b"arm64"))
    problems = ImageStore(state).problems
    assert len(problems) == 1
    assert str(path) in str(problems[0])


def test_damaged_names_are_put_aside(store, state):
    image = add_image(store, ONE, name="app")
    path = f"{state}/images/repositories.json"
    Path(path).write_text("{half")
    again = ImageStore(state)
    assert path in str(again.problems[0])
    assert Path(f"{path}.damaged").read_text() == "{half"
    assert again.resolve(image.id[:12]) == image
    again.tag(image.id, "app")
    assert ImageStore(state).resolve("app").id == image.id


@pytest.mark.parametrize("damage", ["remove", "corrupt", "empty"])
def test_a_lost_layer_is_unpacked_again(store, state, damage):
    image = add_image(store, ONE, TWO, name="app")
    directory = Path(image.layers[0].directory).parent
    if damage == "corrupt":
        (directory / "layer.json").write_text("{}")
    else:
        from pyminidocker.images.trees import remove_tree

        remove_tree(str(directory / ("diff" if damage == "empty" else "")))
    again = ImageStore(state)
    assert "unpacked again" in "".join(map(str, again.problems))
    assert again.resolve("app") == image
    assert (directory / "diff" / "etc" / "a").read_text() == "12345"
    assert ImageStore(state).problems == []


def test_records_are_plain_json(store, state):
    image = add_image(store, ONE, name="app")
    names = json.loads(Path(f"{state}/images/repositories.json").read_text())
    assert names == {"docker.io/library/app:latest": image.id}


def test_layers_come_in_side_by_side(store):
    """Several threads at once, some with the same layer: each is there once, nothing is left."""
    archives = [archive(entry(f"f{number}", b"x" * 5000)) for number in range(6)] * 2
    added = []

    def add(data):
        added.append(store.add_layer("", [data]).layer.chain_id)

    with store.lease():
        threads = [threading.Thread(target=add, args=(data,)) for data in archives]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(added) == sorted(sha256(data) for data in archives)
        assert {layer.chain_id for layer in store.layers.all()} == set(added)
    assert store.layers.all() == []
    assert [name for name in os.listdir(store.layers._root) if name != "init"] == []
