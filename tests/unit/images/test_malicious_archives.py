"""A corpus of archives that mean harm: each is refused by name or harmless, and nothing stays."""

import gzip
import json
import os
import stat
import tarfile
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyminidocker.errors import IntegrityError, InvalidArgument, MiniDockerError
from pyminidocker.images import compression
from pyminidocker.images.archive_load import load
from pyminidocker.images.layer_root import LayerRoot
from pyminidocker.images.snapshots import LayerStore
from pyminidocker.images.store import ImageStore
from pyminidocker.images.tar_reader import Metadata
from pyminidocker.images.trees import remove_tree
from pyminidocker.oci.digest import sha256
from tests.unit.images.conftest import archive, entry, hard_link, link, tree

PASSWD = "root:x:0:0::/root:/bin/sh\n"


@pytest.fixture
def world(tmp_path, store):
    """A store, and beside it files that must stay what they are."""
    (tmp_path / "host").mkdir()
    (tmp_path / "host/passwd").write_text(PASSWD)
    (tmp_path / "host/shadow").symlink_to("passwd")
    yield store
    assert (tmp_path / "host/passwd").read_text() == PASSWD
    assert (tmp_path / "host/passwd").stat().st_nlink == 1
    assert sorted(os.listdir(tmp_path / "host")) == ["passwd", "shadow"]
    assert sorted(os.listdir(tmp_path)) == ["host", "state"]
    layers = os.listdir(tmp_path / "state/layers")
    assert not [name for name in layers if name.startswith(".tmp-")]


def device(name, kind, major, minor):
    return entry(name, kind=kind, devmajor=major, devminor=minor)


def renamed(name):
    """An entry whose extended header has the name: there it may be anything."""
    info, data = entry("x", b"")
    info.pax_headers = {"path": name}
    return info, data


UP = "../" * 8
HARMFUL = {
    "path traversal": [entry(f"{UP}host/passwd", b"x")],
    "path traversal behind a directory": [entry("a"), entry("a/../../x", b"x")],
    "hard link out": [hard_link("x", f"{UP}host/passwd")],
    "hard link to a link's target outside": [
        link("way", f"{UP}host"),
        hard_link("x", "way/passwd"),
    ],
    "hard link to an absolute path": [hard_link("x", "/etc/passwd")],
    "hard link, then write through it": [
        hard_link("x", f"{UP}host/passwd"),
        entry("x", b"owned"),
    ],
    "write through a link to a file": [link("x", f"{UP}host/passwd"), entry("x/y", b"owned")],
    "write through a link that leads nowhere": [link("x", "/nowhere"), entry("x/y", b"owned")],
    "write through a loop": [link("a", "b"), link("b", "a"), entry("a/x", b"owned")],
    "whiteout of the parent": [entry(".wh...", b"")],
    "whiteout of this directory": [entry("a/.wh..", b"")],
    "whiteout as a directory": [entry(".wh.a"), entry(".wh.a/b", b"")],
    "a whiteout in disguise": [device("w", tarfile.CHRTYPE, 0, 0)],
    "a name with a NUL": [renamed("a\0b")],
    "an impossible owner": [entry("f", b"", uid=1 << 40)],
    "a negative owner": [entry("f", b"", uid=-1)],
    "a time beyond time": [entry("f", b"", mtime=1 << 80)],
    "a name longer than names can be": [entry("n" * 300, b"")],
    "a path longer than paths can be": [entry("/".join(["d" * 200] * 30), b"")],
    "directories without end": [entry("/".join(["d"] * 500), b"")],
}


@pytest.mark.parametrize("name", HARMFUL)
def test_harm_is_refused(world, name):
    with pytest.raises(IntegrityError), world.lease():
        world.add_layer("", [archive(*HARMFUL[name])])
    assert world.layers.all() == []
    assert world.blobs.digests() == []


HARMLESS = {
    "an absolute path": ([entry("/etc/x", b"1")], {"etc": "dir", "etc/x": "1"}),
    "dots": ([entry("./a/./b", b"1"), entry(".//c", b"2")], {"a": "dir", "a/b": "1", "c": "2"}),
    "a link out, only looked at": ([link("x", f"{UP}host/passwd")], {"x": f"-> {UP}host/passwd"}),
    "a link out, replaced by a file": (
        [link("x", f"{UP}host/passwd"), entry("x", b"mine")],
        {"x": "mine"},
    ),
    "a link to a directory, replaced by one": (
        [link("x", f"{UP}host"), entry("x"), entry("x/passwd", b"mine")],
        {"x": "dir", "x/passwd": "mine"},
    ),
    "a link out, and a write through it": (
        [entry("host"), link("way", f"{UP}host"), entry("way/passwd", b"inside")],
        {"host": "dir", "host/passwd": "inside", "way": f"-> {UP}host"},
    ),
    "a link exchanged between two writes": (
        [
            entry("a"),
            entry("b"),
            link("way", "a"),
            entry("way/1", b"1"),
            link("way", "b"),
            entry("way/2", b"2"),
        ],
        {"a": "dir", "a/1": "1", "b": "dir", "b/2": "2", "way": "-> b"},
    ),
    "a hard link to a link": (
        [link("x", f"{UP}host/passwd"), hard_link("y", "x"), entry("y", b"mine")],
        {"x": f"-> {UP}host/passwd", "y": "mine"},
    ),
    "a file, then a hard link to itself": (
        [entry("x", b"1"), hard_link("x", "./x")],
        {"x": "1"},
    ),
    "aufs' own books": ([entry(".wh..wh.plnk"), entry("f", b"1")], {"f": "1"}),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_looks_harmful_but_stays_inside(world, name):
    members, wanted = HARMLESS[name]
    with world.lease():
        stored = world.add_layer("", [archive(*members)])
        assert tree(stored.layer.directory) == wanted


def test_attributes_that_would_steer_overlayfs_or_the_host_are_dropped(world):
    bad, data = entry("f", b"x")
    bad.pax_headers = {
        f"SCHILY.xattr.{name}": "/etc"
        for name in (
            *("user.overlay.redirect", "user.overlay.opaque", "trusted.overlay.redirect"),
            *("security.selinux", "system.posix_acl_access", "trusted.x", ""),
        )
    }
    with world.lease():
        stored = world.add_layer("", [archive((bad, data))])
        assert os.listxattr(f"{stored.layer.directory}/f") == []


def test_a_bomb_in_a_layer_is_given_up(world, monkeypatch):
    monkeypatch.setattr(compression, "FREE_BYTES", 4 << 20)
    plain = archive(entry("zeros", bytes(16 << 20)))
    blob, _ = world.blobs.put_stream([gzip.compress(plain)])
    with pytest.raises(IntegrityError, match="bomb"), world.lease():
        world.add_blob_layer("", blob, "", sha256(plain))
    assert world.layers.all() == []


def test_a_hole_larger_than_any_disk_takes_no_room(world):
    hole = tarfile.TarInfo("GNUSparseFile.0/hole")
    content = b"0\n".ljust(512, b"\0")
    hole.size = len(content)
    hole.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "hole",
        "GNU.sparse.realsize": str(1 << 62),
    }
    with world.lease():
        try:
            stored = world.add_layer("", [archive((hole, content))])
        except IntegrityError:
            return  # the file system has no files that large, which is as good
        assert os.stat(f"{stored.layer.directory}/hole").st_blocks == 0


def test_a_directory_written_in_turns_keeps_its_time(world):
    """What is remembered is the way to here; coming back must not lose what was set."""
    members = [entry("a", mtime=111), entry("b", mtime=222, mode=0o700)]
    for number in range(6):
        members += [entry(f"a/{number}", b""), entry(f"b/{number}", b"")]
    with world.lease():
        stored = world.add_layer("", [archive(*members)])
        facts = [os.stat(f"{stored.layer.directory}/{name}") for name in "ab"]
        assert [(one.st_mtime, stat.S_IMODE(one.st_mode)) for one in facts] == [
            (111, 0o755),
            (222, 0o700),
        ]


def test_names_that_are_no_text_are_kept_with_their_owners(tmp_path, world):
    name = os.fsdecode(b"caf\xe9")
    with world.lease():
        blob = archive(entry(name, b"x", uid=4242, gid=4242))
        stored = world.add_layer("", [blob])
        assert os.listdir(os.fsencode(stored.layer.directory)) == [b"caf\xe9"]
        if os.getuid():
            assert stored.layer.owners[name] == (4242, 4242, 0o644)
        again = LayerStore(str(tmp_path / "state/layers"))
        assert again.problems == []
        assert again.get(stored.layer.chain_id).owners == stored.layer.owners


def test_a_million_entries_need_no_memory_for_each(tmp_path):
    """What is remembered while a layer is unpacked is the way to one directory."""
    root = LayerRoot(str(tmp_path))
    owner = os.getuid(), os.getgid()
    try:
        for number in range(1000):
            root.make_directory(f"d{number % 40}", Metadata(0o755, *owner))
            root.make_directory(f"d{number % 40}/s{number}", Metadata(0o755, *owner))
            assert len(root._pending) <= 3
        root.finish()
    finally:
        root.close()
    assert root.owners == {}


def test_a_huge_file_is_never_held_in_memory(world):
    """Whatever a layer's size, what is in memory is a few pieces of it."""
    piece = bytes(1 << 18)
    info = entry("huge", b"")[0]
    info.size = 64 << 20

    def chunks():
        yield info.tobuf(tarfile.GNU_FORMAT)
        for _ in range(256):
            yield piece[:]
        yield bytes(1024)

    tracemalloc.start()
    try:
        with world.lease():
            stored = world.add_layer("", chunks())
            [peak] = tracemalloc.get_traced_memory()[1:]
    finally:
        tracemalloc.stop()
    assert stored.layer.size == 64 << 20
    assert peak < 16 << 20


# ------------------------------------------------------------------------ archives of images

LAYER = archive(entry("f", b"content"))
CONFIG = json.dumps(
    {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [sha256(LAYER)]},
    }
).encode()


def image_archive(*, layer=LAYER, config=CONFIG, path="a/layer.tar", more=(), **changes):
    manifest = {"Config": "c.json", "RepoTags": ["x:1"], "Layers": [path]} | changes
    return archive(
        entry("c.json", config),
        entry("a/layer.tar", layer),
        *more,
        entry("manifest.json", json.dumps([manifest]).encode()),
    )


BAD_IMAGES = {
    "a config outside": image_archive(Config="../../../etc/passwd"),
    "a config that is absolute": image_archive(Config="/etc/passwd"),
    "a layer outside": image_archive(Layers=["../../etc/passwd"]),
    "a layer through a link outside": image_archive(
        Layers=["way"], more=[link("way", "../../../etc/passwd")]
    ),
    "a link in circles": image_archive(Layers=["p"], more=[link("p", "q"), link("q", "p")]),
    "a member outside": image_archive(more=[entry("../evil", b"x")]),
    "a layer that is not the config's": image_archive(layer=archive(entry("g", b"other"))),
    "a layer that is no archive": image_archive(layer=b"nothing" * 200),
    "a layer that leaves": image_archive(layer=archive(entry("../../x", b"1"))),
    "more layers than the config has": image_archive(Layers=["a/layer.tar", "a/layer.tar"]),
    "no layers": image_archive(Layers=None),
    "a config that is no JSON": image_archive(config=b"{"),
    "a name that is none": image_archive(RepoTags=["UPPER:CASE:x"]),
    "a blob that lies about its digest": image_archive(
        more=[entry("blobs/sha256/" + "0" * 64, b"not that")]
    ),
    "nothing but zeros": bytes(10240),
    "a file system": archive(entry("etc"), entry("etc/passwd", b"x")),
    "cut off": image_archive()[:2000],
    "an index that is none": archive(entry("index.json", b"[]")),
    "an index of nothing": archive(entry("index.json", b'{"manifests":[]}')),
    "an index of a manifest that is missing": archive(
        entry(
            "index.json",
            json.dumps(
                {"manifests": [{"mediaType": "x", "size": 1, "digest": "sha256:" + "0" * 64}]}
            ).encode(),
        )
    ),
    "an index whose digest is a path": archive(
        entry(
            "index.json",
            b'{"manifests":[{"mediaType":"x","size":1,"digest":"../../../etc/passwd"}]}',
        )
    ),
}


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_bad_image_archives_leave_nothing(world, name):
    with pytest.raises((IntegrityError, InvalidArgument)):
        load(world, [BAD_IMAGES[name]])
    assert world.listings() == []
    assert world.blobs.digests() == []
    assert world.layers.all() == []


def test_the_good_one_is_taken(world):
    [loaded] = load(world, [image_archive()])
    assert [str(name) for name in loaded.names] == ["docker.io/library/x:1"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_happens_to_an_image_archive(tmp_path, data):
    home = tmp_path / "fuzz"
    remove_tree(str(home))
    store = ImageStore(str(home))
    blob = bytearray(image_archive())
    for at in data.draw(st.lists(st.integers(0, len(blob) - 1), max_size=20)):
        blob[at] = data.draw(st.integers(0, 255))
    try:
        load(store, [bytes(blob[: data.draw(st.integers(0, len(blob)))])])
    except MiniDockerError:
        assert store.blobs.digests() == []
        assert store.layers.all() == []
    assert not [name for name in os.listdir(home / "layers") if name.startswith(".tmp-")]
