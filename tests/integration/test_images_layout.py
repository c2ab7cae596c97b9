"""Our images are OCI images: skopeo and umoci, which are other people's programs, agree."""

import json
import os
import subprocess

import pytest

from pyminidocker.errors import IntegrityError, NotFound
from pyminidocker.images.base.bootstrap import bootstrap
from pyminidocker.images.layout import read_oci_layout, write_oci_layout
from pyminidocker.images.store import ImageStore

NAMES = ("hello-world", "busybox", "python")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = ImageStore(str(tmp_path_factory.mktemp("state")))
    bootstrap(store, NAMES)
    return store


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.requires("skopeo", "busybox")
@pytest.mark.parametrize("name", NAMES)
def test_skopeo_reads_them(store, tmp_path, name):
    digest = write_oci_layout(store, name, str(tmp_path))
    image = store.resolve(name)
    found = json.loads(run("skopeo", "inspect", f"oci:{tmp_path}:latest"))
    assert found["Digest"] == digest == image.manifest_digest
    assert found["Layers"] == list(image.blobs)
    assert found["Architecture"] == image.config.architecture
    config = json.loads(run("skopeo", "inspect", "--config", f"oci:{tmp_path}:latest"))
    assert config["rootfs"]["diff_ids"] == image.config.rootfs.diff_ids
    assert len(config["history"]) == len(image.config.history)


@pytest.mark.requires("umoci", "busybox")
@pytest.mark.parametrize("name", NAMES)
def test_umoci_unpacks_the_same_tree(store, tmp_path, name):
    write_oci_layout(store, name, str(tmp_path / "layout"))
    rootless = ["--rootless"] if os.getuid() else []
    run("umoci", "unpack", *rootless, "--image", f"{tmp_path}/layout:latest", f"{tmp_path}/bundle")
    theirs = describe(f"{tmp_path}/bundle/rootfs")
    ours = {}
    for layer in store.resolve(name).layers:
        ours |= describe(layer.directory)
    assert theirs == ours


def describe(root):
    found = {}
    for directory, names, files in os.walk(root):
        for entry in (*names, *files):
            path = f"{directory}/{entry}"
            info = os.lstat(path)
            target = os.readlink(path) if os.path.islink(path) else ""
            size = info.st_size if os.path.isfile(path) else 0
            found[path[len(root) :]] = (oct(info.st_mode), size, target)
    return found


@pytest.mark.requires("skopeo", "busybox")
def test_a_compressed_copy_comes_back_as_the_same_image(store, tmp_path):
    """skopeo gzips the layers: another manifest, the same config, hence the same image id."""
    write_oci_layout(store, "busybox", str(tmp_path / "plain"))
    run(
        *("skopeo", "copy", "--dest-compress", "--dest-compress-format", "gzip"),
        *(f"oci:{tmp_path}/plain:latest", f"oci:{tmp_path}/packed:latest"),
    )
    other = ImageStore(str(tmp_path / "state"))
    [image_id] = read_oci_layout(other, str(tmp_path / "packed"), "mine:1")
    mine, original = other.resolve("mine:1"), store.resolve("busybox")
    assert image_id == mine.id == original.id
    assert mine.blobs != original.blobs
    assert mine.layers[0].diff_id == original.layers[0].diff_id
    assert describe(mine.layers[0].directory) == describe(original.layers[0].directory)


@pytest.mark.requires("busybox")
def test_a_damaged_layout_is_named_and_leaves_nothing(store, tmp_path):
    write_oci_layout(store, "busybox", str(tmp_path / "layout"))
    blob = tmp_path / "layout" / "blobs" / "sha256" / store.resolve("busybox").blobs[0][7:]
    blob.write_bytes(blob.read_bytes()[:-2000] + bytes(2000))
    other = ImageStore(str(tmp_path / "state"))
    with pytest.raises(IntegrityError, match="expected sha256"):
        read_oci_layout(other, str(tmp_path / "layout"))
    assert other.listings() == []
    assert other.blobs.digests() == []
    with pytest.raises(NotFound, match=r"no index\.json"):
        read_oci_layout(other, str(tmp_path))
