"""Our registry and those who use one: docker, podman, skopeo; and docker's own registry."""

import json
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import pytest

import pyminidocker
from tests.support import judges
from tests.support.judges import Judge
from tests.support.registry import Caller, descriptor, digest_of, layer

USERS = {"teacher": "chalk"}
BIG = os.urandom(3_000_000)


@pytest.fixture(scope="module")
def docker(engine_home):
    home = Path(tempfile.mkdtemp(prefix="jd-", dir="/tmp"))
    with judges.dockerd(home) as docker:
        yield docker


@pytest.fixture
def registry(engine_home):
    with pyminidocker.serve_registry() as registry:
        yield registry


@pytest.fixture
def app(registry):
    """An image in the registry: ``app:1`` with two layers; returns its digest."""
    caller = Caller(registry.address)
    yield caller.push_image("app", "1", layer(big=BIG), layer(small="hello"), Cmd=["x"])
    caller.close()


@pytest.fixture
def closed(engine_home):
    """A registry that asks for a user."""
    with pyminidocker.serve_registry(users=USERS) as registry:
        yield registry


@pytest.fixture
def skopeo(tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    return Judge("skopeo", "--policy", str(policy), "--tmpdir", str(tmp_path), HOME=str(tmp_path))


def files(tmp_path) -> bytes:
    with tarfile.open(tmp_path / "root.tar", "w") as archive:
        Path(tmp_path, "big").write_bytes(BIG)
        archive.add(tmp_path / "big", "big")
    return Path(tmp_path, "root.tar").read_bytes()


# -- docker --------------------------------------------------------------------------------------


@pytest.mark.requires("root", "dockerd", "docker-cli")
def test_docker_pushes_and_pulls(docker, registry, tmp_path):
    image = f"{registry.address}/app:1"
    docker.ok("import", "-c", 'CMD ["/x"]', "-", image, stdin=files(tmp_path))
    image_id = docker.ok("image", "inspect", "-f", "{{.Id}}", image)
    with registry.counting() as moved:
        pushed = docker.ok("push", image)
    assert moved.pushed_bytes > len(BIG)
    digest = pushed.partition("digest: ")[2].split()[0]
    assert [(one["Tag"], one["Digest"]) for one in registry.repositories()] == [("1", digest)]
    with registry.counting() as moved:  # again: nothing but the manifest
        docker.ok("push", image)
    assert moved.pushed_bytes < 2000
    other = f"{registry.address}/team/app:2"
    docker.ok("tag", image, other)
    with registry.counting() as moved:
        assert "Mounted from app" in docker.ok("push", other)
    assert (moved.mounts, moved.pushed_bytes < 5000) == (1, True)
    docker.ok("rmi", image, other)
    with registry.counting() as moved:
        assert f"Digest: {digest}" in docker.ok("pull", image)
    assert moved.pulled_bytes > len(BIG)
    assert docker.ok("image", "inspect", "-f", "{{.Id}}", image) == image_id
    with registry.counting() as moved:
        docker.ok("pull", f"{registry.address}/team/app@{digest}")
    assert moved.pulled_bytes < 2000
    docker.ok("rmi", "-f", image_id.strip())


@pytest.mark.requires("root", "dockerd", "docker-cli")
def test_docker_refuses_a_flipped_byte(docker, registry, app):
    path = registry.path_of(digest_of(layer(big=BIG)))
    with path.open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))
    pulled = docker("pull", f"{registry.address}/app:1")
    assert pulled.returncode == 1
    assert "filesystem layer verification failed" in pulled.stderr, pulled


@pytest.mark.requires("root", "dockerd", "docker-cli")
def test_docker_reads_why_it_may_not_push(docker, registry, app):
    image = f"{registry.address}/app:1"
    docker.ok("pull", image)
    with pyminidocker.serve_registry(registry.root, read_only=True) as reading:
        docker.ok("pull", f"{reading.address}/app:1")
        docker.ok("tag", image, f"{reading.address}/app:2")
        # All its blobs are there; only the manifest would have to go.
        pushed = docker("push", f"{reading.address}/app:2")
        assert pushed.returncode == 1
        assert "this registry is read-only" in pushed.stderr
        docker.ok("rmi", "-f", image, f"{reading.address}/app:1", f"{reading.address}/app:2")


@pytest.mark.requires("root", "dockerd", "docker-cli")
def test_docker_logs_in(docker, closed, tmp_path):
    image = f"{closed.address}/app:1"
    docker.ok("import", "-", image, stdin=files(tmp_path))
    refused = docker("push", image)
    assert refused.returncode == 1
    assert "no basic auth credentials" in refused.stderr
    wrong = docker("login", "-u", "teacher", "--password-stdin", closed.address, stdin="x")
    assert wrong.returncode == 1
    assert "401 Unauthorized" in wrong.stderr
    docker.ok("login", "-u", "teacher", "--password-stdin", closed.address, stdin="chalk")
    docker.ok("push", image)
    docker.ok("rmi", image)
    docker.ok("pull", image)
    docker.ok("rmi", image)
    docker.ok("logout", closed.address)
    assert docker("pull", image).returncode == 1
    assert {one["User"] for one in closed.requests()} == {"", "teacher"}


# -- podman --------------------------------------------------------------------------------------


@pytest.mark.requires("root", "podman")
def test_podman_pulls_and_pushes(registry, app):
    home = tempfile.mkdtemp(prefix="jp-", dir="/tmp")  # its runroot may have 50 characters
    storage = ("--root", f"{home}/root", "--runroot", f"{home}/run", "--tmpdir", f"{home}/tmp")
    podman = Judge("podman", *storage, "--storage-driver", "vfs", HOME=home)
    podman.ok("pull", "-q", "--tls-verify=false", f"{registry.address}/app:1")
    podman.ok("tag", f"{registry.address}/app:1", f"{registry.address}/podman:1")
    podman.ok("push", "-q", "--tls-verify=false", f"{registry.address}/podman:1")
    podman.ok("rmi", "-a", "-f")
    podman.ok("pull", "-q", "--tls-verify=false", f"{registry.address}/podman:1")
    podman.ok("rmi", "-a", "-f")
    shutil.rmtree(home)


# -- skopeo --------------------------------------------------------------------------------------


@pytest.mark.requires("skopeo")
def test_skopeo_copies_out_in_and_across(skopeo, registry, app, tmp_path):
    here, there = f"docker://{registry.address}/app:1", f"docker://{registry.address}/copies/app:2"
    assert json.loads(skopeo.ok("inspect", "--tls-verify=false", here))["Digest"] == app
    insecure = ("--src-tls-verify=false", "--dest-tls-verify=false")
    skopeo.ok("copy", *insecure, here, f"oci:{tmp_path}/layout:1")
    with registry.counting() as moved:
        skopeo.ok("copy", *insecure, f"oci:{tmp_path}/layout:1", there)
    assert moved.mounts == 2, "skopeo knows where it has read the layers"
    listed = json.loads(skopeo.ok("list-tags", "--tls-verify=false", there.rpartition(":")[0]))
    assert listed["Tags"] == ["2"]
    assert json.loads(skopeo.ok("inspect", "--tls-verify=false", there))["Digest"] == app
    skopeo.ok("delete", "--tls-verify=false", there)
    assert skopeo("inspect", "--tls-verify=false", there).returncode != 0
    skopeo.ok("copy", "--dest-compress-format", "zstd", *insecure, here, there)
    skopeo.ok("copy", *insecure, there, f"dir:{tmp_path}/dir")


@pytest.mark.requires("skopeo")
def test_skopeo_copies_an_index_with_all_its_images(skopeo, registry, app):
    caller = Caller(registry.address)
    kind = "application/vnd.oci.image.manifest.v1+json"
    body = caller("GET", "/v2/app/manifests/1").body
    platform = {"os": "linux", "architecture": "amd64"}
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{**descriptor(body, kind), "platform": platform}],
    }
    digest = caller.push_manifest("app", "all", index)
    insecure = ("--src-tls-verify=false", "--dest-tls-verify=false")
    here, there = (f"docker://{registry.address}/{name}:all" for name in ("app", "mirror"))
    skopeo.ok("copy", "--all", *insecure, here, there)
    answer = caller("HEAD", "/v2/mirror/manifests/all")
    assert answer.headers["docker-content-digest"] == digest
    caller.close()


@pytest.mark.requires("skopeo")
def test_skopeo_logs_in(skopeo, closed):
    caller = Caller(closed.address, "teacher:chalk")
    caller.push_image("app", "1", layer(small="x"))
    caller.close()
    where = ("--tls-verify=false", f"docker://{closed.address}/app:1")
    skopeo.ok("inspect", "--creds", "teacher:chalk", *where)
    for words in ((), ("--creds", "teacher:x"), ("--creds", "pupil:chalk")):
        refused = skopeo("inspect", *words, *where)
        assert refused.returncode != 0
        assert "unauthorized" in refused.stderr


# -- docker's registry ---------------------------------------------------------------------------


@pytest.mark.requires("skopeo", "docker-registry")
def test_the_directory_is_one_of_dockers_registry(skopeo, registry, app, tmp_path):
    """Each serves what the other has written, and takes more."""
    insecure = ("--src-tls-verify=false", "--dest-tls-verify=false")
    with judges.docker_registry(tmp_path / "theirs", registry.root) as address:
        theirs = f"docker://{address}"
        inspected = json.loads(skopeo.ok("inspect", "--tls-verify=false", f"{theirs}/app:1"))
        assert inspected["Digest"] == app
        skopeo.ok("copy", *insecure, f"{theirs}/app:1", f"{theirs}/theirs:1")
        skopeo.ok("copy", *insecure, f"{theirs}/app:1", f"dir:{tmp_path}/dir")
        caller = Caller(address)
        mine = caller.push_image("theirs", "2", layer(other="from theirs"))
        caller.close()
    ours = f"docker://{registry.address}/theirs"
    for tag, digest in (("1", app), ("2", mine)):
        inspected = json.loads(skopeo.ok("inspect", "--tls-verify=false", f"{ours}:{tag}"))
        assert inspected["Digest"] == digest
    skopeo.ok("copy", *insecure, f"{ours}:2", f"dir:{tmp_path}/dir2")
    names = {(one["Repository"], one["Tag"]) for one in registry.repositories()}
    assert names == {("app", "1"), ("theirs", "1"), ("theirs", "2")}
    caller = Caller(registry.address)
    assert caller("DELETE", f"/v2/theirs/manifests/{mine}").status == 202
    assert caller("GET", "/v2/theirs/tags/list").json["tags"] == ["1"]
    caller.close()
