"""Archives go both ways between us and docker, skopeo, umoci and podman."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest
from docker import errors as docker_errors

from tests.support import judges
from tests.support.judges import Judge

NAME = "interop:1"


@pytest.fixture(scope="module")
def theirs(engine_home):
    """A Docker engine of version 20.10."""
    home = Path(tempfile.mkdtemp(prefix="ja-", dir="/tmp"))
    with judges.dockerd(home) as docker:
        yield docker


@pytest.fixture(scope="module")
def saved(shared_engine, tmp_path_factory):
    """Our archive of an image of two layers with two names."""
    home = tmp_path_factory.mktemp("saved")
    script = (
        "mkdir -p /srv/deep; echo hello >/srv/deep/file; ln -s file /srv/deep/link;"
        "ln /srv/deep/file /srv/deep/twin; rm /etc/nsswitch.conf; chmod 4755 /srv/deep/file"
    )
    with shared_engine.create("busybox", ["sh", "-c", script]) as box:
        assert box.start().wait() == 0
        image = box.commit(NAME)
    image.tag("team/interop:other")
    path = shared_engine.save(NAME, "team/interop:other", path=home / "ours.tar")
    facts = image.reload().attrs
    shared_engine.api.image_remove(NAME)
    shared_engine.api.image_remove("team/interop:other")
    yield path, facts
    shutil.rmtree(home)


def layers_of(path):
    """The tar members, with content, of the image's layers as an archive has them."""
    with tarfile.open(path) as tar:
        [entry] = json.loads(tar.extractfile("manifest.json").read())[:1]
        for layer in entry["Layers"]:
            with tarfile.open(fileobj=io.BytesIO(tar.extractfile(layer).read())) as inner:
                yield sorted(
                    (one.name, one.mode, one.uid, one.gid, one.size, one.linkname, int(one.mtime))
                    for one in inner.getmembers()
                )


@pytest.mark.requires("root", "dockerd", "docker-cli", "busybox")
def test_docker_loads_ours_and_we_load_docker_s(theirs, saved, engine, tmp_path):
    path, facts = saved
    assert theirs.ok("load", "-i", path) == (
        f"Loaded image: {NAME}\nLoaded image: team/interop:other\n"
    )
    [seen] = json.loads(theirs.ok("inspect", NAME))
    assert seen["Id"] == facts["Id"]
    assert seen["RootFS"]["Layers"] == facts["RootFS"]["Layers"]
    assert seen["Config"]["Cmd"] == facts["Config"]["Cmd"]
    theirs.ok("save", "-o", str(tmp_path / "theirs.tar"), NAME, "team/interop:other")
    assert list(layers_of(tmp_path / "theirs.tar")) == list(layers_of(path))
    [image, same] = engine.load(tmp_path / "theirs.tar")
    assert image.id == same.id == facts["Id"]
    assert engine.run(NAME, "cat /srv/deep/link") == "hello\n"
    engine.api.image_remove(NAME)
    engine.api.image_remove("team/interop:other")
    theirs.ok("rmi", NAME, "team/interop:other")


@pytest.mark.requires("root", "dockerd", "docker-cli", "busybox")
def test_exports_are_the_same_tree(theirs, saved, engine, tmp_path):
    """What both export of the same image: the same entries, modes, owners and targets."""
    path, _ = saved
    theirs.ok("load", "-i", path)
    theirs.ok("create", "--name", "one", NAME, "true")
    theirs.ok("export", "-o", str(tmp_path / "theirs.tar"), "one")
    engine.load(path)
    with engine.create(NAME, "true") as box:
        box.export(tmp_path / "ours.tar")
    theirs.ok("rm", "one")
    theirs.ok("rmi", NAME, "team/interop:other")
    for name in (NAME, "team/interop:other"):
        engine.api.image_remove(name)

    def tree(file):
        with tarfile.open(file) as tar:
            return {
                one.name.rstrip("/"): (
                    stat_of(one),
                    one.uid,
                    one.gid,
                    one.linkname if one.issym() else "",
                )
                for one in tar.getmembers()
            }

    def stat_of(one):
        kind = b"0" if one.islnk() else one.type  # which of several names comes first is free
        return kind, one.mode & 0o7777

    mine, other = tree(tmp_path / "ours.tar"), tree(tmp_path / "theirs.tar")
    assert mine.keys() == other.keys()
    different = {name for name in mine if mine[name] != other[name]}
    # dockerd makes the files it mounts over executable; nobody ever sees that.
    assert different <= {
        *(".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/mtab")
    }


@pytest.mark.requires("skopeo", "busybox")
def test_skopeo_reads_both_halves_and_we_read_skopeo_s(saved, engine, tmp_path):
    path, facts = saved
    skopeo = Judge("skopeo", HOME=str(tmp_path))
    for source in (f"docker-archive:{path}:{NAME}", f"oci-archive:{path}:other"):
        seen = json.loads(skopeo.ok("inspect", "--config", source))
        assert seen["rootfs"]["diff_ids"] == facts["RootFS"]["Layers"]
    archives = {
        "oci": ["oci-archive:{}:skopeo/app:1"],
        "zstd": ["--dest-compress-format=zstd", "oci-archive:{}:skopeo/app:1"],
        "docker": ["docker-archive:{}:skopeo/app:1"],
    }
    for kind, words in archives.items():
        target = tmp_path / f"{kind}.tar"
        *options, place = [word.format(target) for word in words]
        compress = ["--dest-compress"] if options else []
        skopeo.ok("copy", "-q", *compress, *options, f"docker-archive:{path}:{NAME}", place)
        [image] = engine.load(target)
        assert image.tags == ["skopeo/app:1"], kind
        assert image.attrs["RootFS"]["Layers"] == facts["RootFS"]["Layers"]
        assert engine.run("skopeo/app:1", "cat /srv/deep/twin") == "hello\n"
        image.remove()
        target.unlink()


@pytest.mark.requires("umoci", "busybox")
def test_umoci_unpacks_ours(saved, tmp_path):
    path, _ = saved
    layout = tmp_path / "layout"
    layout.mkdir()
    subprocess.run(["tar", "-xf", path, "-C", layout], check=True)
    rootless = ["--rootless"] if os.getuid() else []
    image = f"{layout}:other"
    command = ["umoci", "unpack", *rootless, "--image", image, f"{tmp_path}/bundle"]
    subprocess.run(command, check=True, capture_output=True)
    root = tmp_path / "bundle/rootfs"
    assert (root / "srv/deep/link").read_text() == "hello\n"
    assert not (root / "etc/nsswitch.conf").exists()
    assert (root / "srv/deep/twin").stat().st_mode & 0o7777 == 0o4755


@pytest.mark.requires("root", "podman", "busybox")
def test_podman_loads_ours_and_we_load_podman_s(saved, engine):
    path, facts = saved
    home = tempfile.mkdtemp(prefix="jb-", dir="/tmp")  # its runroot may have 50 characters
    storage = ("--root", f"{home}/root", "--runroot", f"{home}/run", "--tmpdir", f"{home}/tmp")
    podman = Judge("podman", *storage, "--storage-driver", "vfs", HOME=home)
    podman.ok("load", "-q", "-i", path)
    for form in ("docker-archive", "oci-archive"):
        podman.ok("save", "-q", "--format", form, "-o", f"{home}/{form}.tar", f"localhost/{NAME}")
        [image] = engine.load(f"{home}/{form}.tar")
        assert image.tags == [f"localhost/{NAME}"]
        assert image.attrs["RootFS"]["Layers"] == facts["RootFS"]["Layers"]
        image.remove()
    podman.ok("rmi", "-a", "-f")
    shutil.rmtree(home)


@pytest.mark.requires("docker-cli", "busybox")
def test_docker_s_command_on_our_engine(docker, saved, engine, tmp_path):
    path, facts = saved
    loaded = docker("load", "-i", path)
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.splitlines() == [
        f"Loaded image: {NAME}",
        "Loaded image: team/interop:other",
    ]
    again = tmp_path / "again.tar"
    assert docker("save", "-o", str(again), NAME, "team/interop:other").returncode == 0
    assert again.read_bytes() == Path(path).read_bytes()
    flat = tmp_path / "flat.tar"
    assert docker("create", "--name", "flat", NAME, "true").returncode == 0
    assert docker("export", "-o", str(flat), "flat").returncode == 0
    docker("rm", "flat")
    changes = ("--change", 'CMD ["cat", "/srv/deep/file"]', "--message", "flat now")
    imported = docker("import", *changes, str(flat), "imported:1")
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.startswith("sha256:")
    assert docker("run", "--rm", "imported:1").stdout == "hello\n"
    history = engine.image("imported:1").history()
    assert [step["Comment"] for step in history] == ["flat now"]
    broken = tmp_path / "broken.tar"
    broken.write_bytes(again.read_bytes()[:30_000])
    refused = docker("load", "-i", str(broken))
    assert refused.returncode == 1
    assert "damaged archive" in refused.stderr
    missing = docker("save", "nosuch", "-o", str(tmp_path / "none.tar"))
    assert "No such image: nosuch:latest" in missing.stderr
    assert docker("rmi", NAME, "team/interop:other", "imported:1").returncode == 0
    assert facts["Id"].startswith("sha256:")


@pytest.mark.requires("busybox")
def test_docker_py(sdk, saved):
    path, facts = saved
    loaded = sdk.images.load(Path(path).read_bytes())
    assert {image.id for image in loaded} == {facts["Id"]}
    data = b"".join(sdk.images.get(NAME).save(named=True))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert json.loads(tar.extractfile("manifest.json").read())[0]["RepoTags"] == [NAME]
    with pytest.raises(docker_errors.ImageLoadError):
        sdk.images.load(b"no archive" * 100)
    sdk.images.remove(NAME)
    sdk.images.remove("team/interop:other")
