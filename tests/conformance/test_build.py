"""docker build (the classic builder's API) and docker-py's images.build on our socket."""

import gc
import io
import json
import re
import tarfile
from pathlib import Path

import pytest

from tests.support import build_facts
from tests.support.builds import tidy

pytestmark = [
    pytest.mark.requires("docker-cli", "busybox"),
    # docker-py forgets to close the sockets of its streams
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WEB = b"""FROM busybox AS first
ENTRYPOINT ["x"]
FROM first AS second
COPY file /file
RUN cat /file; grep extra /etc/hosts
"""
RECORDED = json.loads(Path(__file__).with_name("dockerd_builds.json").read_text())


@pytest.fixture(autouse=True)
def nothing_stays(engine):
    """Remove what a test builds, and all of the cache."""
    with tidy(engine):
        yield
        gc.collect()  # docker-py's sockets: here their warnings are ignored


@pytest.fixture
def project(tmp_path):
    """A directory to build in; a function that writes its Dockerfile and other files."""

    def write(dockerfile, **files):
        (tmp_path / "Dockerfile").write_text(dockerfile)
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return str(tmp_path)

    return write


@pytest.mark.parametrize("name", build_facts.dockerfiles())
def test_what_docker_build_makes_is_what_dockerd_made(engine, name):
    """Config, history, number of layers, and every file's type, mode, owner and content."""
    run = build_facts.runner(f"unix://{engine.api.socket_path}")
    assert build_facts.facts(run, name) == RECORDED[name]


def test_what_docker_build_prints(docker, project):
    text = "ARG V=1\nFROM busybox AS one\nRUN echo out; echo err >&2\nFROM one\nLABEL a=$V\n"
    done = docker(
        "build", "-t", "printed", "-t", "printed:too", "--build-arg", "V=2", project(text)
    )
    assert done.returncode == 0, done.stderr
    short = r"[0-9a-f]{12}"
    lines = [
        "Sending build context to Docker daemon .*\n",
        "Step 1/5 : ARG V=1",
        "Step 2/5 : FROM busybox AS one",
        f" ---> {short}",
        "Step 3/5 : RUN echo out; echo err >&2",
        f" ---> Running in {short}",
        "out\n\x1b\\[91merr\n\x1b\\[0mRemoving intermediate container {short}".replace(
            "{short}", short
        ),
        f" ---> {short}",
        "Step 4/5 : FROM one",
        f" ---> {short}",
        "Step 5/5 : LABEL a=\\$V",
        f" ---> {short}",
        f"Successfully built {short}",
        "Successfully tagged printed:latest",
        "Successfully tagged printed:too",
    ]
    assert re.fullmatch("\n".join(lines) + "\n", done.stdout), done.stdout
    again = docker("build", "-t", "printed", "--build-arg", "V=2", project(text))
    assert again.stdout.count(" ---> Using cache") == 2
    quiet = docker("build", "-q", project(text))
    assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", quiet.stdout)
    assert again.stdout.splitlines()[-2].endswith(quiet.stdout[7:19])


def test_how_docker_build_fails(docker, project):
    failed = docker("build", project("FROM busybox\nRUN exit 3"))
    assert failed.returncode == 3
    assert failed.stderr.endswith("The command '/bin/sh -c exit 3' returned a non-zero code: 3\n")
    unknown = docker("build", project("FROM busybox\nRUNN x"))
    assert unknown.returncode == 1
    assert "dockerfile parse error on line 2: unknown instruction: RUNN" in unknown.stderr
    target = docker("build", "--target", "nosuch", project("FROM busybox"))
    assert "failed to reach build target nosuch in Dockerfile" in target.stderr
    limited = docker("build", "-m", "1m", project("FROM busybox"))
    assert "Minimum memory limit allowed is 6MB" in limited.stderr
    assert docker("ps", "-aq").stdout == ""


def test_options_of_docker_build(docker, project):
    directory = project(
        "FROM busybox\nRUN cat /etc/hosts; df /dev/shm; ulimit -n; ls /sys/class/net\n",
        Other="FROM busybox\nLABEL other=1\n",
    )
    done = docker(
        *("build", "--add-host", "there:10.9.8.7", "--shm-size", "8m", "--ulimit", "nofile=99:99"),
        *("--network", "none", "--no-cache", "--label", "x=y", "-t", "options", directory),
    )
    assert done.returncode == 0, done.stderr
    assert "10.9.8.7\tthere" in done.stdout
    assert re.search(r"shm +8192 ", done.stdout)
    assert "\n99\nlo\n" in done.stdout
    other = docker("build", "-f", f"{directory}/Other", "-t", "other", directory)
    assert other.returncode == 0, other.stderr
    shown = docker("inspect", "-f", "{{json .Config.Labels}}", "options", "other").stdout
    assert [json.loads(line) for line in shown.splitlines()] == [{"x": "y"}, {"other": "1"}]
    from_stdin = docker("build", "-q", "-", stdin="FROM busybox\nLABEL piped=1\n")
    assert from_stdin.returncode == 0, from_stdin.stderr
    assert docker("builder", "prune", "-f").returncode == 0


def test_a_run_is_seen_while_it_runs(docker, sdk, project):
    """docker ps shows the container of the step, and docker exec gets into it."""
    stream = sdk.api.build(
        path=project("FROM busybox\nRUN echo ready; until test -e /go; do usleep 9999; done"),
        decode=True,
    )
    for message in stream:
        if "ready" in message.get("stream", ""):
            break
    (row,) = docker("ps", "--format", "{{.ID}} {{.Image}} {{.Command}}").stdout.splitlines()
    container, image, command = row.split(" ", 2)
    assert command.startswith("\"/bin/sh -c 'echo re")
    assert re.fullmatch(r"[0-9a-f]{12}|busybox", image)
    docker("exec", container, "touch", "/go")  # the step may end, and this with it, at once
    assert any("Successfully built" in message.get("stream", "") for message in stream)


def test_docker_py_builds(sdk):
    import docker

    image, logs = sdk.images.build(
        fileobj=io.BytesIO(b'FROM busybox\nARG A\nRUN echo $A >&2\nLABEL a=$A\nCMD ["true"]\n'),
        tag="by-docker-py:1",
        buildargs={"A": "given"},
        labels={"l": "m"},
        nocache=True,
        rm=True,
    )
    texts = [message.get("stream", "") for message in logs]
    assert "\x1b[91mgiven\n\x1b[0m" in texts
    assert image.tags == ["by-docker-py:1"]
    assert image.labels == {"a": "given", "l": "m"}
    again, logs = sdk.images.build(
        fileobj=io.BytesIO(b'FROM busybox\nARG A\nRUN echo $A >&2\nLABEL a=$A\nCMD ["true"]\n'),
        buildargs={"A": "given"},
        labels={"l": "m"},
        cache_from=["by-docker-py:1"],
    )
    assert sum(message.get("stream") == " ---> Using cache\n" for message in logs) == 5
    assert again.id == image.id
    with pytest.raises(docker.errors.BuildError, match="returned a non-zero code: 5") as failed:
        sdk.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN exit 5\n"))
    assert any("Step 2/2" in message.get("stream", "") for message in failed.value.build_log)
    for text, options, message in (
        (b"FROM busybox\nNOPE\n", {}, "unknown instruction: NOPE"),
        (b"FROM busybox\n", {"platform": "foobar"}, "unknown operating system"),
        (b"FROM busybox\n", {"squash": True}, "--squash is not supported"),
        (b"", {}, "file with no instructions"),
    ):
        with pytest.raises(docker.errors.APIError) as wrong:
            sdk.images.build(fileobj=io.BytesIO(text), **options)
        assert message in str(wrong.value), (text, str(wrong.value))
        assert wrong.value.response.status_code == (501 if "squash" in options else 400)


def test_docker_py_takes_a_dockerfile_outside_the_context(sdk, tmp_path):
    """It names the file it put into the archive, and then the whole text, under one key."""
    (tmp_path / "context").mkdir()
    (tmp_path / "other").write_text("FROM busybox\nLABEL outside=yes\n")
    image, _ = sdk.images.build(path=str(tmp_path / "context"), dockerfile=str(tmp_path / "other"))
    assert image.labels == {"outside": "yes"}


def test_docker_py_sends_contexts_in_other_ways(sdk):
    """gzip, a Dockerfile elsewhere in the archive, extra hosts, a target, a network."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, text in (
            (
                "docker/Dockerfile.web",
                WEB,
            ),
            ("file", b"content\n"),
        ):
            member = tarfile.TarInfo(path)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    image, logs = sdk.images.build(
        fileobj=io.BytesIO(buffer.getvalue()),
        custom_context=True,
        encoding="gzip",
        dockerfile="docker/Dockerfile.web",
        extra_hosts={"extrahost": "127.0.0.7"},
        network_mode="none",
        target="second",
        shmsize=2**23,
    )
    told = "".join(message.get("stream", "") for message in logs)
    assert "content\n127.0.0.7\textrahost\n" in told
    assert image.attrs["Config"]["Entrypoint"] == ["x"]
    first, _ = sdk.images.build(
        fileobj=io.BytesIO(buffer.getvalue()),
        custom_context=True,
        encoding="gzip",
        dockerfile="docker/Dockerfile.web",
        target="first",
    )
    assert len(first.attrs["RootFS"]["Layers"]) == 1
    assert sdk.api.prune_builds() == {"CachesDeleted": None, "SpaceReclaimed": 0}  # all in use
