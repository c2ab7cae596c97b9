"""The Docker Hub's behaviour, by a fake that speaks as it does: tokens, limits, refusals, TLS."""

import json
from pathlib import Path

import pytest

from pyminidocker import errors
from tests.support.command_line import minidocker
from tests.support.fake_hub import HOSTS, LIMIT_TEXT, PASSWORD, USER, FakeHub, trust
from tests.support.registries import daemon_json

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(scope="module")
def hub(engine_home, tmp_path_factory):
    """The fake, in the place of the Hub for the session's engine."""
    config = engine_home / "config"
    with FakeHub() as fake, daemon_json(config, {"proxies": {"https-proxy": fake.proxy}}):
        trust(config)
        yield fake
        for host in HOSTS:
            (config / "certs.d" / host / "ca.crt").unlink()


@pytest.fixture(autouse=True)
def docker_config(monkeypatch, tmp_path):
    """A docker config.json of one's own."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return tmp_path / "docker" / "config.json"


@pytest.fixture
def gone(engine):
    """Whatever is pulled is removed."""
    before = {image["Id"] for image in engine.api.image_list()}
    yield
    for image in engine.api.image_list():
        if image["Id"] not in before:
            engine.api.image_remove(image["Id"], force=True)


def test_a_public_image(hub, engine, gone):
    """Anonymous token, manifest, blobs from another host, which never sees the token."""
    hub.requests.clear()
    image = engine.pull("tiny")
    assert image.tags == ["tiny:latest"]
    [digest] = image.attrs["RepoDigests"]
    assert digest.startswith("tiny@sha256:")
    tokens = hub.asked("auth.docker.io")
    assert "scope=repository%3Alibrary%2Ftiny%3Apull" in tokens[0][2]
    assert len(tokens) == 1
    assert tokens[0][3] == ""
    elsewhere = hub.asked("cdn.docker.io")
    assert len(elsewhere) == 2
    assert all(allowed == "" for *_, allowed in elsewhere)


def test_the_limit_is_told_with_its_remedy(hub):
    done = minidocker("pull", "limited")
    assert done.returncode == 1
    assert f"toomanyrequests: {LIMIT_TEXT}" in done.stderr
    assert "minidocker login" in done.stderr
    assert "registry-mirrors" in done.stderr


@pytest.mark.parametrize("name", ["nosuch", "ada/private"])
def test_pull_access_denied(hub, engine, name):
    done = minidocker("pull", name)
    assert done.returncode == 1
    wanted = (
        f"Error response from daemon: pull access denied for {name}, repository does not exist or"
        " may require 'docker login': denied: requested access to the resource is denied"
    )
    assert wanted in done.stderr
    assert "minidocker login" in done.stderr
    with pytest.raises(errors.NotFound, match="pull access denied"):
        engine.pull(name)


def test_a_tag_that_is_not_there(hub):
    done = minidocker("pull", "tiny:nosuch")
    assert "manifest for tiny:nosuch not found: manifest unknown: manifest unknown" in done.stderr


def test_login_and_a_private_repository(hub, engine, docker_config, gone):
    wrong = minidocker("login", "-u", USER, "--password-stdin", stdin="wrong")
    assert wrong.returncode == 1
    assert "unauthorized: incorrect username or password" in wrong.stderr
    assert not docker_config.exists()
    right = minidocker("login", "-u", USER, "--password-stdin", stdin=PASSWORD + "\n")
    assert right.returncode == 0, right.stderr
    assert right.stdout == "Login Succeeded\n"
    assert "stored unencrypted" in right.stderr
    assert list(json.loads(docker_config.read_text())["auths"]) == ["https://index.docker.io/v1/"]
    assert docker_config.stat().st_mode & 0o777 == 0o600
    assert minidocker("pull", "-q", "ada/private").stdout == "docker.io/ada/private:latest\n"
    again = minidocker("login")
    assert again.stdout == "Login Succeeded\n"
    assert minidocker("logout").stdout == (
        "Removing login credentials for https://index.docker.io/v1/\n"
    )
    assert minidocker("logout").stdout == "Not logged in to https://index.docker.io/v1/\n"


def test_a_base_image_that_is_asked_for_with_a_tag(hub):
    done = minidocker("run", "--rm", "alpine:3", "true")
    assert done.returncode == 125
    assert done.stderr.startswith("Unable to find image 'alpine:3' locally\n")
    assert "manifest for alpine:3 not found" in done.stderr


def test_who_is_not_trusted(hub, engine_home):
    """The certificate is looked at, and the message names the file that would help."""
    ca = Path(engine_home) / "config/certs.d/registry-1.docker.io/ca.crt"
    text = ca.read_text()
    ca.unlink()
    try:
        done = minidocker("pull", "tiny")
    finally:
        ca.write_text(text)
    assert done.returncode == 1
    assert "tls: failed to verify certificate: x509: self" in done.stderr
    assert str(ca) in done.stderr


def test_nobody_to_ask(hub, engine_home):
    """Offline: the message of the network, and for a base image that it is made here."""
    with daemon_json(engine_home / "config", {"proxies": {"https-proxy": "http://127.0.0.1:9"}}):
        done = minidocker("pull", "busybox")
        other = minidocker("pull", "nosuch")
    assert 'Get "https://registry-1.docker.io/v2/library/busybox/manifests/' in done.stderr
    assert "proxyconnect tcp: dial tcp 127.0.0.1:9: connect: connection refused" in done.stderr
    assert "minidocker image bootstrap busybox" in done.stderr
    assert "the Docker Hub cannot be reached" in other.stderr
