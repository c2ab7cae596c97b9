"""Pull and push with Debian's docker-registry: names, digests, kinds, platforms, credentials."""

import gzip
import hashlib
import json
import socket
import subprocess

import pytest

from pyminidocker import errors
from pyminidocker.images.registry.endpoints import Endpoint
from pyminidocker.images.registry.manifests import fetch
from pyminidocker.images.registry.session import Session
from pyminidocker.images.registry.transport import HttpClient
from tests.support.command_line import Terminal, minidocker, succeeds
from tests.support.debian_registry import debian_registry
from tests.support.fake_hub import PEM
from tests.support.registries import clean, daemon_json
from tests.support.registry import (
    OCI_INDEX,
    Caller,
    digest_of,
    image_config,
    image_manifest,
    layer,
)
from tests.support.talker import P

pytestmark = [pytest.mark.requires("docker-registry"), pytest.mark.usefixtures("only_ours")]

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with debian_registry(tmp_path_factory.mktemp("registry"), P + 61) as found:
        yield found


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A registry that wants name and password."""
    with debian_registry(tmp_path_factory.mktemp("closed"), P + 62, users=True) as found:
        yield found


@pytest.fixture
def only_ours(engine, monkeypatch, tmp_path):
    """A docker config.json of one's own; what a test brings into the store leaves with it."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    with clean(engine):
        yield


@pytest.fixture
def call(registry):
    caller = Caller(registry.address)
    yield caller
    caller.close()


def digests(engine, name: str) -> list[str]:
    return list(engine.image(name).attrs["RepoDigests"])


# -- there and back --------------------------------------------------------------------------------


def test_there_and_back(engine, registry):
    name = f"{registry.address}/team/bb:1"
    engine.image("busybox").tag(name)
    before = engine.image("busybox").id
    digest = engine.push(name)
    assert digests(engine, name) == [f"{registry.address}/team/bb@{digest}"]
    engine.image(name).remove()
    with pytest.raises(errors.NotFound):
        engine.image(name)
    said = succeeds("pull", name).splitlines()
    assert said[0] == "1: Pulling from team/bb"
    assert said[-3:] == [
        f"Digest: {digest}", f"Status: Downloaded newer image for {name}", name,
    ]  # fmt: skip
    assert engine.image(name).id == before
    by_digest = f"{registry.address}/team/bb@{digest}"
    assert engine.run(by_digest, "echo by digest").stdout == "by digest\n"
    shown = succeeds("image", "ls", "--digests", f"{registry.address}/team/bb")
    assert digest in shown
    # the same once more: nothing is moved
    engine.image(name).remove()
    registry.log.write_text("")
    assert engine.push(engine.image("busybox").tag(name) and name) == digest
    assert registry.requests("PATCH") == []


def test_layers_arrive(engine, registry, call):
    """All files of all layers, a repeated layer, and an image id that is the config's digest."""
    one, two = layer(a="first\n", b="hidden\n"), layer(b="second\n")
    digest = call.push_image("files", "1", one, two, one, Cmd=["true"])
    name = f"{registry.address}/files:1"
    image = engine.pull(name)
    assert digests(engine, name) == [f"{registry.address}/files@{digest}"]
    assert image.id == digest_of(image_config(one, two, one, Cmd=["true"]))
    layers = engine.api.layers(name)
    assert [part["Size"] for part in layers] == [13, 7, 13]
    assert engine.api.layer_file(name, 2, "/b") == b"hidden\n"


def test_current_images_are_not_fetched_again(engine, registry, call):
    call.push_image("same", "1", layer(a="a"), Cmd=["true"])
    name = f"{registry.address}/same:1"
    engine.pull(name)
    registry.log.write_text("")
    said = succeeds("pull", name)
    assert f"Status: Image is up to date for {name}" in said
    assert registry.requests("GET") == []  # a HEAD costs the Hub's users nothing
    call.push_image("same", "1", layer(a="b"), Cmd=["true"])
    assert f"Status: Downloaded newer image for {name}" in succeeds("pull", name)


def test_all_tags(engine, registry, call):
    for tag in ("1", "2", "3"):
        call.push_image("many", tag, layer(a=tag), Cmd=["true"])
    succeeds("pull", "-a", "-q", f"{registry.address}/many")
    names = {f"{registry.address}/many:{tag}" for tag in "123"}
    assert names <= {tag for image in engine.api.image_list() for tag in image["RepoTags"] or []}
    for tag in "123":
        engine.image(f"{registry.address}/many:{tag}").tag(f"{registry.address}/more:{tag}")
    succeeds("push", "-a", f"{registry.address}/more")
    assert sorted(call("GET", "/v2/more/tags/list").json["tags"]) == ["1", "2", "3"]
    refused = minidocker("push", "-a", f"{registry.address}/more:1")
    assert refused.returncode == 1
    assert "tag can't be used with --all-tags/-a" in refused.stderr


def test_run_pulls_what_is_missing(engine, registry):
    name = f"{registry.address}/run/bb:1"
    engine.image("busybox").tag(name)
    engine.push(name)
    engine.image(name).remove()
    done = minidocker("run", "--rm", "--pull", "never", name, "true")
    assert done.returncode == 125
    assert "No such image" in done.stderr
    done = minidocker("run", "--rm", name, "echo", "here")
    assert done.stdout == "here\n"
    assert done.stderr.startswith(f"Unable to find image '{name}' locally\n1: Pulling from run/bb")
    registry.log.write_text("")
    done = minidocker("run", "--rm", "--pull", "always", "-q", name, "echo", "again")
    assert (done.stdout, done.stderr) == ("again\n", "")
    assert registry.requests("HEAD", "/manifests/1")
    done = minidocker("create", "--pull", "sometimes", name)
    assert 'must be one of "always", "missing" or "never"' in done.stderr


# -- kinds of images -------------------------------------------------------------------------------


def test_dockers_media_types_and_platforms(engine, registry, call):
    """An index with three images: ours is taken, another on demand, a missing one is named."""
    entries = []
    for architecture in ("amd64", "arm64", "s390x"):
        content = layer(arch=architecture)
        config = json.loads(image_config(content, Cmd=["true"]))
        data = json.dumps({**config, "architecture": architecture}).encode()
        manifest = image_manifest(data, content)
        manifest["mediaType"] = DOCKER_MANIFEST
        manifest["config"]["mediaType"] = DOCKER_CONFIG
        manifest["layers"][0]["mediaType"] = DOCKER_LAYER
        for blob in (data, content):
            call.push_blob("multi", blob)
        digest = call.push_manifest("multi", architecture, manifest)
        entries.append({
            "mediaType": DOCKER_MANIFEST, "digest": digest,
            "size": len(json.dumps(manifest).encode()),
            "platform": {"architecture": architecture, "os": "linux"},
        })  # fmt: skip
    kind = "application/vnd.docker.distribution.manifest.list.v2+json"
    index = {"schemaVersion": 2, "mediaType": kind, "manifests": entries}
    whole = call.push_manifest("multi", "1", index)
    name = f"{registry.address}/multi:1"
    for platform, wanted in (("linux/amd64", "amd64"), ("linux/arm64/v8", "arm64")):
        image = engine.pull(name, platform=platform)
        assert image.attrs["Architecture"] == wanted
        assert digests(engine, name) == [f"{registry.address}/multi@{whole}"]
        assert engine.api.layer_file(name, 0, "/arch") == wanted.encode()
    done = minidocker("pull", "--platform", "linux/riscv64", name)
    wanted = "no matching manifest for linux/riscv64 in the manifest list entries"
    assert wanted in done.stderr
    assert "linux/amd64 linux/arm64 linux/s390x" in done.stderr
    found = engine.api.distribution_inspect(name)
    assert found["Descriptor"]["digest"] == whole
    assert {one["architecture"] for one in found["Platforms"]} == {"amd64", "arm64", "s390x"}
    done = minidocker("run", "--rm", "--platform", "linux/s390x", "--pull", "never", name)
    assert "does not match the specified platform: wanted linux/s390x" in done.stderr


def test_zstd_and_uncompressed_layers(engine, registry, call):
    zstd = pytest.importorskip("backports.zstd")
    plain = gzip.decompress(layer(a="plain\n"))
    packed = zstd.compress(gzip.decompress(layer(b="zstd\n")))
    config = json.loads(image_config(Cmd=["true"]))
    config["rootfs"]["diff_ids"] = [digest_of(plain), digest_of(zstd.decompress(packed))]
    data = json.dumps(config).encode()
    manifest = image_manifest(data, plain, packed)
    for part, suffix in zip(manifest["layers"], ("", "+zstd"), strict=True):
        part["mediaType"] = f"application/vnd.oci.image.layer.v1.tar{suffix}"
    for blob in (data, plain, packed):
        call.push_blob("packed", blob)
    call.push_manifest("packed", "1", manifest)
    name = f"{registry.address}/packed:1"
    engine.pull(name)
    assert engine.api.layer_file(name, 0, "/a") == b"plain\n"
    assert engine.api.layer_file(name, 1, "/b") == b"zstd\n"


def test_an_index_of_oci_with_attestations(engine, registry, call):
    """What BuildKit pushes: beside the image something for no platform at all."""
    content = layer(a="a")
    digest = call.push_image("attested", "plain", content, Cmd=["true"])
    size = len(call("GET", f"/v2/attested/manifests/{digest}",
                    Accept="application/vnd.oci.image.manifest.v1+json").body)  # fmt: skip
    entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest,
             "size": size}  # fmt: skip
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        {**entry, "platform": {"architecture": "unknown", "os": "unknown"}},
        {**entry, "platform": {"architecture": "amd64", "os": "linux"}},
    ]}  # fmt: skip
    call.push_manifest("attested", "1", index)
    image = engine.pull(f"{registry.address}/attested:1", platform="linux/amd64")
    assert image.id == digest_of(image_config(content, Cmd=["true"]))


@pytest.mark.requires("skopeo")
def test_skopeo_reads_what_we_push(engine, registry, tmp_path):
    name = f"{registry.address}/read/bb:1"
    engine.image("busybox").tag(name)
    digest = engine.push(name)
    shown = subprocess.run(
        ["skopeo", "inspect", "--tls-verify=false", f"docker://{name}"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert json.loads(shown.stdout)["Digest"] == digest
    target = tmp_path / "layout"
    copy = ["skopeo", "copy", "--src-tls-verify=false", f"docker://{name}", f"oci:{target}:1"]
    subprocess.run(copy, check=True, capture_output=True)
    [manifest] = json.loads((target / "index.json").read_text())["manifests"]
    assert manifest["digest"] == digest


# -- blobs that need not travel --------------------------------------------------------------------


def test_mounted_from_another_repository(engine, registry):
    first, second = f"{registry.address}/mount/a:1", f"{registry.address}/mount/b:1"
    with engine.create("busybox", ["sh", "-c", "echo something > /new"]) as box:
        box.start()
        box.wait()
        box.commit(first)
    engine.push(first)
    registry.log.write_text("")
    engine.image(first).tag(second)
    said = succeeds("push", second)
    assert "Mounted from mount/a" in said
    assert registry.requests("PATCH") == []
    assert "Layer already exists" in succeeds("push", second)


def test_a_pulled_image_keeps_its_digest(engine, registry, call):
    """It goes out with the manifest it came with."""
    digest = call.push_image("origin", "1", layer(a="kept"), Cmd=["true"])
    engine.pull(f"{registry.address}/origin:1").tag(f"{registry.address}/copy:1")
    assert engine.push(f"{registry.address}/copy:1") == digest


# -- what is refused -------------------------------------------------------------------------------


def test_a_flipped_byte_is_refused(engine, registry, call):
    content = layer(a="genuine " * 500)
    call.push_image("flipped", "1", content, Cmd=["true"])
    [data] = registry.log.parent.glob(f"blobs/**/{digest_of(content)[7:]}/data")
    damaged = bytearray(data.read_bytes())
    damaged[-20] ^= 1
    data.write_bytes(damaged)
    done = minidocker("pull", f"{registry.address}/flipped:1")
    assert done.returncode == 1
    found = hashlib.sha256(damaged).hexdigest()
    assert f"its content is sha256:{found}" in done.stderr
    assert "it was not stored" in done.stderr
    with pytest.raises(errors.NotFound):
        engine.image(f"{registry.address}/flipped:1")
    data.write_bytes(content)
    assert engine.pull(f"{registry.address}/flipped:1").tags


def test_manifests_that_lie(engine, registry, call):
    content = layer(a="a")
    config = image_config(layer(a="b"), Cmd=["true"])  # of another layer
    for blob in (config, content):
        call.push_blob("lying", blob)
    call.push_manifest("lying", "1", image_manifest(config, content))
    done = minidocker("pull", f"{registry.address}/lying:1")
    assert done.returncode == 1
    assert "expected" in done.stderr
    few = json.dumps({**json.loads(config), "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    call.push_blob("lying", few)
    call.push_manifest("lying", "2", image_manifest(few, content))
    assert (
        "names 0 layers, its manifest 1" in minidocker("pull", f"{registry.address}/lying:2").stderr
    )


def test_names_that_are_not_there(engine, registry):
    done = minidocker("pull", f"{registry.address}/nosuch/repo")
    assert f"manifest for {registry.address}/nosuch/repo:latest not found" in done.stderr
    done = minidocker("push", f"{registry.address}/never")
    assert f"does not exist locally with the tag: {registry.address}/never" in done.stderr
    assert minidocker("pull", "UPPER").stderr.startswith("invalid reference format")


# -- credentials -----------------------------------------------------------------------------------


def test_login(engine, closed, tmp_path):
    name = f"{closed.address}/mine/bb:1"
    engine.image("busybox").tag(name)
    refused = minidocker("push", name)
    assert refused.returncode == 1
    assert "no basic auth credentials" in refused.stderr
    assert f"minidocker login {closed.address}" in refused.stderr
    words = ("login", "-u", "learner", "--password-stdin", closed.address)
    wrong = minidocker(*words, stdin="guess")
    assert wrong.returncode == 1
    assert "failed with status: 401 Unauthorized" in wrong.stderr
    assert succeeds(*words, stdin="secret\n") == "Login Succeeded"
    kept = json.loads((tmp_path / "docker/config.json").read_text())
    assert kept == {"auths": {closed.address: {"auth": "bGVhcm5lcjpzZWNyZXQ="}}}
    digest = engine.push(name)
    engine.image(name).remove()
    assert digests(engine, engine.pull(name).ref) == [f"{closed.address}/mine/bb@{digest}"]
    assert succeeds("logout", closed.address) == f"Removing login credentials for {closed.address}"
    with pytest.raises(errors.MiniDockerError, match="no basic auth credentials"):
        engine.pull(name)
    engine.login(closed.address, username="learner", password="secret")
    assert name in engine.pull(name).tags


def test_login_needs_somebody_who_types(closed):
    done = minidocker("login", closed.address)
    assert done.returncode == 1
    assert "Cannot perform an interactive login from a non TTY device" in done.stderr
    assert "--password-stdin" in done.stderr
    with Terminal("login", closed.address) as terminal:
        terminal.read_until("Username: ")
        terminal.type("learner\r")
        terminal.read_until("Password: ")
        terminal.type("secret\r")
        assert terminal.wait() == 0
    assert "Login Succeeded" in terminal.text
    assert "secret" not in terminal.text


# -- the way there ---------------------------------------------------------------------------------


def test_mirror_of_the_hub(engine, engine_home, registry, call):
    """The Hub's images come from the mirror that daemon.json names, under the Hub's names."""
    digest = call.push_image("library/mirrored", "latest", layer(a="a"), Cmd=["true"])
    mirrors = {"registry-mirrors": [f"http://{registry.address}"],
               "proxies": {"https-proxy": "http://127.0.0.1:9"}}  # fmt: skip
    with daemon_json(engine_home / "config", mirrors):
        assert engine.pull("mirrored").tags == ["mirrored:latest"]
    assert digests(engine, "mirrored") == [f"mirrored@{digest}"]


def test_only_https_for_others(engine, engine_home):
    """A name that is not loopback is never asked by plain HTTP, unless daemon.json says so."""
    with daemon_json(engine_home / "config", {"insecure-registries": ["10.0.0.0/8"]}):
        done = minidocker("pull", "registry.invalid:5000/x")
    assert 'Get "https://registry.invalid:5000/v2/x/manifests/latest": dial tcp: lookup' in (
        done.stderr
    )
    assert "does a registry listen at registry.invalid:5000?" in done.stderr


def test_tls_on_loopback(engine, tmp_path, call):
    """Plain HTTP is refused there; TLS is tried next, and nobody asks whose certificate it is."""
    with debian_registry(tmp_path / "tls", P + 66, tls=str(PEM)) as found:
        name = f"{found.address}/tls/bb:1"
        engine.image("busybox").tag(name)
        digest = engine.push(name)
        engine.image(name).remove()
        assert digests(engine, engine.pull(name).ref) == [f"{found.address}/tls/bb@{digest}"]


def test_insecure_registries_may_speak_plain_http(registry, call):
    """HTTPS comes first for those that daemon.json names, and fails at once where there is none."""
    digest = call.push_image("plain", "1", layer(a="a"), Cmd=["true"])
    ways = [Endpoint(f"https://{registry.address}", verify=False),
            Endpoint(f"http://{registry.address}")]  # fmt: skip

    with HttpClient(lambda host, port: socket.create_connection((host, port), 5)) as http:
        session = Session(http, ways)
        assert fetch(session, "plain", "1").digest == digest
        assert session.way == ways[1]


def test_wrong_daemon_json(engine, engine_home):
    with daemon_json(engine_home / "config", {"registry-mirrors": "x"}):
        done = minidocker("pull", "127.0.0.1:1/x")
    path = engine_home / "config/daemon.json"
    assert f"{path} cannot be used: Expected `array`, got `str`" in done.stderr
    assert "$.registry-mirrors" in done.stderr or "registry-mirrors" in done.stderr
