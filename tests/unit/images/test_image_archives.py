"""save and load: what goes out comes back the same, and what others write is read."""

import gzip
import io
import json
import tarfile

import pytest

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.archive_load import load
from pyminidocker.images.docker_archive import choose, save
from pyminidocker.images.store import ImageStore
from pyminidocker.oci.digest import sha256
from tests.unit.images.conftest import add_image, archive, entry, link, tree

try:
    from compression import zstd
except ImportError:
    from backports import zstd

ONE = archive(entry("etc"), entry("etc/name", b"one"))
TWO = archive(entry("etc"), entry("etc/name", b"two"), entry("more", b"x" * 4000))


@pytest.fixture
def full(store):
    first = add_image(store, ONE, name="app:1", cmd=["a"])
    add_image(store, ONE, TWO, name="app:2", parent=first.id, env=["A=b"])
    store.tag("app:1", "registry.example:5000/team/app:old")
    return store


@pytest.fixture
def other(tmp_path):
    return ImageStore(str(tmp_path / "other"))


def packed(store, *refs):
    with store.lease():
        return b"".join(save(store, choose(store, refs)))


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {
            one.name: tar.extractfile(one).read() if one.isfile() else None
            for one in tar.getmembers()
        }


def names(loaded):
    return [[str(name) for name in one.names] for one in loaded]


def test_images_come_back_the_same(full, other):
    data = packed(full, "app", "registry.example:5000/team/app:old")
    loaded = load(other, [data])
    assert sorted(names(loaded)) == [
        ["docker.io/library/app:1", "registry.example:5000/team/app:old"],
        ["docker.io/library/app:2"],
    ]
    for ref in ("app:1", "app:2"):
        mine, theirs = other.resolve(ref), full.resolve(ref)
        assert mine.id == theirs.id
        assert mine.manifest_digest == theirs.manifest_digest
        assert [x.chain_id for x in mine.layers] == [x.chain_id for x in theirs.layers]
    assert tree(other.resolve("app:2").layers[1].directory)["etc/name"] == "two"
    assert sorted(other.blobs.digests()) == sorted(full.blobs.digests())


def test_an_archive_is_docker_s_and_an_oci_layout_with_each_blob_once(full):
    found = members(packed(full, "app:1", "app:2"))
    assert json.loads(found["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    blobs = [name for name in found if name.startswith("blobs/sha256/") and found[name]]
    assert len(blobs) == 2 + 2 + 2  # layers, configs, manifests
    for name in blobs:
        assert sha256(found[name]) == f"sha256:{name.rpartition('/')[2]}"
    entries = json.loads(found["manifest.json"])
    assert [one["RepoTags"] for one in entries] == [["app:1"], ["app:2"]]
    assert all(path in found for one in entries for path in [one["Config"], *one["Layers"]])
    index = json.loads(found["index.json"])
    assert [one["annotations"] for one in index["manifests"]] == [
        {
            "io.containerd.image.name": f"docker.io/library/app:{tag}",
            "org.opencontainers.image.ref.name": tag,
        }
        for tag in "12"
    ]
    assert set(json.loads(found["repositories"])) == {"app"}


def test_the_same_images_are_the_same_bytes(full):
    assert packed(full, "app:1") == packed(full, "app:1")


def test_an_id_is_saved_without_names(full, other):
    image = full.resolve("app:1")
    data = packed(full, image.id.removeprefix("sha256:")[:12])
    assert json.loads(members(data)["manifest.json"])[0]["RepoTags"] is None
    [loaded] = load(other, [data])
    assert (loaded.image.id, loaded.names) == (image.id, [])


def test_what_is_not_there_cannot_be_saved(full):
    with pytest.raises(NotFound, match="No such image: nosuch:latest"):
        choose(full, ["nosuch"])
    with pytest.raises(InvalidArgument, match="at least one"):
        choose(full, [])


def test_the_older_holder_of_a_name_is_told(full, other):
    older = add_image(other, TWO, name="app:1")
    [loaded] = load(other, [packed(full, "app:1")])
    assert [(name.familiar, image_id) for name, image_id in loaded.replaced] == [
        ("app:1", older.id)
    ]
    [loaded] = load(other, [packed(full, "app:1")])
    assert loaded.replaced == []


@pytest.mark.parametrize("squeeze", [gzip.compress, zstd.compress])
def test_a_compressed_archive(full, other, squeeze):
    assert len(load(other, [squeeze(packed(full, "app:1", "app:2"))])) == 2


def test_compressed_layers_keep_their_digest_but_zstd_is_unpacked(store, other):
    """docker before version 23 reads gzip, not zstd."""
    from pyminidocker.oci.image_spec import ImageConfig, RootFs

    blobs = [store.blobs.put_stream([data]) for data in (gzip.compress(ONE), zstd.compress(TWO))]
    config = ImageConfig("amd64", "linux", RootFs([sha256(ONE), sha256(TWO)]))
    kinds = [f"application/vnd.oci.image.layer.v1.tar+{kind}" for kind in ("gzip", "zstd")]
    image = store.add(config, blobs, media_types=kinds, name="packed")
    data = packed(store, "packed")
    found = members(data)
    assert json.loads(found["manifest.json"])[0]["Layers"] == [
        f"blobs/sha256/{blobs[0][0][7:]}",
        f"blobs/sha256/{sha256(TWO)[7:]}",
    ]
    [loaded] = load(other, [data])
    assert loaded.image.id == image.id
    assert loaded.image.blobs == (blobs[0][0], sha256(TWO))


def config_of(*layers):
    diff_ids = [sha256(data) for data in layers]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    return json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).encode()


def test_docker_s_older_archives_share_layers_by_links(other):
    config = config_of(ONE, TWO, ONE)
    data = archive(
        entry("aa"),
        entry("aa/VERSION", b"1.0"),
        entry("aa/layer.tar", ONE),
        entry("bb/layer.tar", gzip.compress(TWO)),
        link("cc/layer.tar", "../aa/layer.tar"),
        entry("c.json", config),
        entry(
            "manifest.json",
            json.dumps(
                [
                    {
                        "Config": "c.json",
                        "RepoTags": ["old:1", "old:2"],
                        "Layers": ["aa/layer.tar", "bb/layer.tar", "cc/layer.tar"],
                    }
                ]
            ).encode(),
        ),
    )
    [loaded] = load(other, [data[at : at + 700] for at in range(0, len(data), 700)])
    assert loaded.image.id == sha256(config)
    assert [layer.diff_id for layer in loaded.image.layers] == [sha256(x) for x in (ONE, TWO, ONE)]
    assert other.tags(loaded.image.id) == ["old:1", "old:2"]
    again = ImageStore(other.blobs.path("sha256:" + "0" * 64).partition("/blobs")[0])
    assert again.problems == []


def oci(layers, *, annotations=None, platform=None, nested=False):
    """An OCI layout in a tar, as skopeo and podman write it."""
    config = config_of(*layers)
    packed_layers = [gzip.compress(data, mtime=0) for data in layers]
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "config": {"mediaType": "c", "digest": sha256(config), "size": len(config)},
            "layers": [
                {"mediaType": "l", "digest": sha256(data), "size": len(data)}
                for data in packed_layers
            ],
        }
    ).encode()
    blobs = [config, manifest, *packed_layers]
    pointer = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": sha256(manifest),
        "size": len(manifest),
    }
    if platform:
        pointer["platform"] = platform
    if nested:
        inner = json.dumps({"schemaVersion": 2, "manifests": [pointer]}).encode()
        blobs.append(inner)
        pointer = {
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": sha256(inner),
            "size": len(inner),
        }
    if annotations:
        pointer["annotations"] = annotations
    return archive(
        *[entry(f"./blobs/sha256/{sha256(data)[7:]}", data) for data in blobs],
        entry("./index.json", json.dumps({"schemaVersion": 2, "manifests": [pointer]}).encode()),
        entry("./oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
    )


@pytest.mark.parametrize(
    ("annotations", "wanted"),
    [
        ({"org.opencontainers.image.ref.name": "team/app:2"}, ["docker.io/team/app:2"]),
        ({"io.containerd.image.name": "docker.io/library/x:1"}, ["docker.io/library/x:1"]),
        ({"org.opencontainers.image.ref.name": "latest"}, []),
        ({"org.opencontainers.image.ref.name": "Not/A name"}, []),
        (None, []),
    ],
)
def test_an_oci_layout(other, annotations, wanted):
    [loaded] = load(other, [oci([ONE, TWO], annotations=annotations)])
    assert names([loaded]) == [wanted]
    assert loaded.image.id == sha256(config_of(ONE, TWO))


def test_of_an_index_the_image_for_this_machine_is_taken(other):
    foreign = {"architecture": "s390x", "os": "linux"}
    with pytest.raises(InvalidArgument, match="only for: linux/s390x"):
        load(other, [oci([ONE], platform=foreign)])
    assert len(load(other, [oci([ONE], nested=True)])) == 1


def test_progress_is_told(full, other):
    told = []
    data = packed(full, "app:2")
    load(other, [data[at : at + 512] for at in range(0, len(data), 512)], lambda *x: told.append(x))
    assert {path.partition("/")[0] for path, _, _ in told} == {"blobs"}
    assert all(0 < current <= total for _, current, total in told)


def test_what_is_there_already_is_not_stored_again(full):
    before = {digest: full.blobs.path(digest) for digest in full.blobs.digests()}
    [first, second] = load(full, [packed(full, "app:1", "app:2")])
    assert first.image.id == full.resolve("app:1").id
    assert second.replaced == []
    assert {digest: full.blobs.path(digest) for digest in full.blobs.digests()} == before
