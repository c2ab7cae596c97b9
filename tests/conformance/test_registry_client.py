"""Our engine as a client of registries, beside a real dockerd: the same words, the same answers."""

import re
import tempfile
from pathlib import Path

import pytest

from tests.support import judges
from tests.support.debian_registry import debian_registry
from tests.support.judges import Judge
from tests.support.registries import clean
from tests.support.registry import Caller, layer
from tests.support.talker import P

pytestmark = [pytest.mark.requires("docker-registry")]


@pytest.fixture(scope="module")
def open_registry(tmp_path_factory):
    with debian_registry(tmp_path_factory.mktemp("open"), P + 64) as found:
        caller = Caller(found.address)
        caller.push_image("app", "1", layer(a="one\n"), layer(b="two\n"), Cmd=["true"])
        caller.push_image("app", "2", layer(a="three\n"), Cmd=["true"])
        caller.close()
        yield found.address


@pytest.fixture(scope="module")
def closed_registry(tmp_path_factory):
    with debian_registry(tmp_path_factory.mktemp("closed"), P + 65, users=True) as found:
        yield found.address


@pytest.fixture(scope="module")
def dockerd(engine_home):
    home = Path(tempfile.mkdtemp(prefix="jr-", dir="/tmp"))
    with judges.dockerd(home) as docker:
        yield docker


@pytest.fixture
def ours(engine, tmp_path):
    """Docker's command on our engine."""
    with clean(engine):
        yield Judge("docker", DOCKER_HOST=f"unix://{engine.api.socket_path}",
                    DOCKER_CONFIG=str(tmp_path))  # fmt: skip


# In this order; OPEN and CLOSED are registries.
COMMANDS = """
pull OPEN/app:nosuch
pull OPEN/none/such
pull -q OPEN/app:1
pull OPEN/app:1
pull --platform a/b/c/d OPEN/app:1
pull --platform a!b/x OPEN/app:1
pull OPEN/app@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
tag OPEN/app:1 OPEN/other:1
push OPEN/app:nosuch
push OPEN/none/such:1
push OPEN/app
tag OPEN/app:1 CLOSED/app:1
login -u learner -p wrong CLOSED
pull CLOSED/app:1
login -u learner -p secret CLOSED
push CLOSED/app:1
push CLOSED/app:1
rmi CLOSED/app:1
pull CLOSED/app:1
logout CLOSED
rmi OPEN/app:1 OPEN/other:1
rmi CLOSED/app:1
pull -a -q OPEN/app
images --format {{.Repository}} OPEN/app
pull localhost:1/x
"""


def said(done, own: str) -> tuple[int, str]:
    """Return code and words, without what differs rightly: digests, the request that failed."""
    text = done.stdout + done.stderr
    text = re.sub(r"sha256:[0-9a-f]{64}", "DIGEST", text).replace(own, "CONFIG")
    text = re.sub(r"size: \d+", "size: N", text)
    text = re.sub(r'(?:Get|Head) "[^"]*"', "GET", text)
    text = re.sub(r"\bdial tcp (?:127\.0\.0\.1|\[::1\]):", "dial tcp LOOPBACK:", text)
    lines = text.splitlines()
    # Layers of docker's own packing have other names, and come in no particular order.
    steps = sorted(re.sub(r"^[0-9a-f]{12}:", "LAYER:", one) for one in lines if ": " in one)
    return done.returncode, "\n".join([*steps, *(one for one in lines if ": " not in one)])


@pytest.mark.requires("root", "dockerd", "docker-cli")
def test_the_same_words(ours, dockerd, open_registry, closed_registry):
    dockerd.environment["DOCKER_CONFIG"] += "/theirs"
    for line in COMMANDS.strip().splitlines():
        line = line.replace("OPEN", open_registry).replace("CLOSED", closed_registry)
        theirs = said(dockerd(*line.split()), dockerd.environment["DOCKER_CONFIG"])
        assert said(ours(*line.split()), ours.environment["DOCKER_CONFIG"]) == theirs, line


@pytest.mark.requires("root", "dockerd", "docker-cli")
def test_docker_pulls_what_we_push(engine, ours, dockerd, open_registry):
    name = f"{open_registry}/from/us:1"
    engine.image("busybox").tag(name)
    digest = engine.push(name)
    dockerd.ok("pull", name)
    inspected = dockerd.ok("image", "inspect", "-f", "{{.Id}} {{.RepoDigests}}", name).strip()
    assert inspected == f"{engine.image(name).id} [{open_registry}/from/us@{digest}]"


@pytest.mark.requires("docker-cli")
def test_docker_run_pulls(engine, ours, open_registry):
    name = f"{open_registry}/run/bb:1"
    engine.image("busybox").tag(name)
    engine.push(name)
    engine.image(name).remove()
    done = ours("run", "--rm", name, "echo", "hi")
    assert done.stdout == "hi\n"
    assert done.stderr.startswith(f"Unable to find image '{name}' locally\n1: Pulling from run/bb")


def test_docker_py(engine, sdk, open_registry, closed_registry):
    import docker

    with clean(engine):
        image = sdk.images.pull(f"{open_registry}/app", tag="1")
        assert f"{open_registry}/app:1" in image.tags
        assert len(sdk.images.pull(f"{open_registry}/app", all_tags=True)) == 2
        with pytest.raises(docker.errors.NotFound):
            sdk.images.pull(f"{open_registry}/app", tag="nosuch")
        found = sdk.images.get_registry_data(f"{open_registry}/app:1")
        assert found.id == image.attrs["RepoDigests"][0].partition("@")[2]
        assert found.has_platform("linux/amd64")
        with pytest.raises(docker.errors.APIError) as wrong:
            sdk.login("learner", "wrong", registry=closed_registry, dockercfg_path="/nonexistent")
        assert wrong.value.response.status_code == 401
        known = {"username": "learner", "password": "secret"}
        assert sdk.login(**known, registry=closed_registry)["Status"] == "Login Succeeded"
        image.tag(f"{closed_registry}/py", "1")
        lines = list(sdk.images.push(f"{closed_registry}/py", "1", stream=True, decode=True))
        assert "aux" in lines[-1], lines
        assert lines[-1]["aux"]["Tag"] == "1"
        assert sdk.images.pull(f"{closed_registry}/py", tag="1", auth_config=known).id == image.id
