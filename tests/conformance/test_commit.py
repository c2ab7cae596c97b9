"""What a commit makes of a container's configuration, side by side with dockerd 20.10."""

import json
import tempfile
from pathlib import Path

import docker as docker_py
import pytest

from tests.support import judges

BASE, MADE, BOX = "commit-base:1", "commit-made:1", "commit-box"
DOCKERFILE = """
FROM busybox
SHELL ["/bin/sh", "-ec"]
ENV A=1 B=2
EXPOSE 80
LABEL l=1 m=1
VOLUME /v
WORKDIR /w
HEALTHCHECK --interval=5s --retries=2 CMD true
STOPSIGNAL SIGINT
USER 3
ONBUILD ENV TRIGGERED=1
CMD ["sleep", "9"]
"""
FIELDS = (
    "User", "ExposedPorts", "Env", "Cmd", "Healthcheck", "Volumes", "WorkingDir", "Entrypoint",
    "OnBuild", "Labels", "StopSignal", "Shell",
)  # fmt: skip
# options of create; words of the container
CREATIONS = {
    "plain": ([], []),
    "full": (
        [
            *("-e", "B=3", "-e", "C=4", "-l", "m=2", "-u", "7", "-w", "/x", "--expose", "81"),
            *("-v", "/vv", "--stop-signal", "TERM", "--health-cmd", "false"),
        ],
        ["echo", "hi"],
    ),
    "entrypoint": (["--entrypoint", "echo"], ["one", "two"]),
    "unhealthy": (["--no-healthcheck"], []),
}
CHANGES = {
    "none": [],
    "shell": ["CMD echo $A"],
    "lists": ['ENTRYPOINT ["a", "b"]', 'CMD ["c"]'],
    "entrypoint": ["ENTRYPOINT x"],
    "variables": ["ENV D=$C$B E=${NOSUCH:-e}", "LABEL l=$A n=2", "WORKDIR $B"],
    "all": [
        *("EXPOSE 90/udp", "VOLUME /n", "USER 9:9", "ONBUILD RUN true"),
        "HEALTHCHECK --timeout=3s CMD test -e /x",
    ],
    "lower": ["cmd true", "env  X = y"],
    "bad": ["RUN true"],
    "malformed": ["EXPOSE nothing"],
    "empty": ["CMD []"],
}
# what docker-py sends along as the whole configuration
CONFIGS = (
    {"Cmd": ["sent"]},
    {"Entrypoint": ["sent"]},
    {"Env": ["B=sent", "F=1"], "Labels": {"m": "sent"}, "User": "5"},
    {"Healthcheck": {"Retries": 7}, "ExposedPorts": {"99/tcp": {}}, "Volumes": {"/s": {}}},
    {"WorkingDir": "/sent", "StopSignal": "USR1"},
)

pytestmark = pytest.mark.requires("root", "dockerd", "docker-cli", "busybox")


@pytest.fixture(scope="module")
def both(shared_engine, tmp_path_factory):
    """Their command line and ours: Docker's both times, with the same image in both engines."""
    home = tmp_path_factory.mktemp("commit")
    home.joinpath("Dockerfile").write_text(DOCKERFILE.lstrip())
    shared_engine.build(home, tag=BASE, progress="quiet")
    shared_engine.save(BASE, path=home / "base.tar")
    ours = judges.Judge("docker", DOCKER_HOST=f"unix://{shared_engine.api.socket_path}")
    with judges.dockerd(Path(tempfile.mkdtemp(prefix="jc-", dir="/tmp"))) as theirs:
        theirs.ok("load", "-i", str(home / "base.tar"))
        yield theirs, ours
    shared_engine.api.image_remove(BASE)
    shared_engine.api.build_prune(all=True)


def committed(docker, *words):
    done = docker("commit", *words, BOX, MADE)
    if done.returncode:
        return done.stderr.strip()
    return facts(docker)


def facts(docker):
    [seen] = json.loads(docker.ok("image", "inspect", MADE))
    history = docker.ok("history", "--no-trunc", "--format", "{{.CreatedBy}}|{{.Comment}}", MADE)
    docker.ok("rmi", MADE)
    config = {name: seen["Config"].get(name) or None for name in FIELDS}
    config["Env"].sort()  # dockerd shuffles what is given by -e
    return config, seen["Author"], seen["Comment"], history.splitlines()[0]


@pytest.mark.parametrize("creation", CREATIONS)
def test_configuration_of_a_commit(both, engine, creation):
    options, words = CREATIONS[creation]
    for docker in both:
        docker.ok("create", "--name", BOX, *options, BASE, *words)
    try:
        for name, lines in CHANGES.items():
            changes = [word for line in lines for word in ("--change", line)]
            options = ["-a", "me", "-m", "a word", *changes]
            theirs, ours = (committed(docker, *options) for docker in both)
            assert ours == theirs, name
    finally:
        for docker in both:
            docker("rm", "-v", BOX)


def test_configuration_that_a_client_sends_along(both, engine):
    """docker-py's ``conf`` is the whole configuration, completed from the container's."""
    for docker in both:
        docker.ok("create", "--name", BOX, "-e", "C=4", BASE, "echo", "hi")
    clients = [
        docker_py.DockerClient(base_url=docker.environment["DOCKER_HOST"]) for docker in both
    ]
    try:
        for config in CONFIGS:
            for changes in (None, ["ENV G=$A$F", 'CMD ["changed"]']):
                results = []
                for docker, client in zip(both, clients, strict=True):
                    repository, tag = MADE.split(":")
                    client.containers.get(BOX).commit(
                        repository, tag, author="me", conf=config, changes=changes
                    )
                    results.append(facts(docker))
                assert results[1] == results[0], (config, changes)
    finally:
        for docker, client in zip(both, clients, strict=True):
            client.close()
            docker("rm", "-v", BOX)


def test_events_of_a_commit_with_and_without_pause(both, engine):
    """A running container is paused and let go, unless the client says no."""
    seen = []
    for docker in both:
        docker.ok("run", "-d", "--network", "none", "--name", BOX, BASE, "sleep", "100")
        try:
            since = docker.ok("info", "--format", "{{.SystemTime}}").strip()
            docker.ok("commit", BOX, MADE)
            docker.ok("commit", "--pause=false", BOX, MADE)
            until = docker.ok("info", "--format", "{{.SystemTime}}").strip()
            told = docker.ok(
                "events", "--since", since, "--until", until, "--filter", f"container={BOX}",
                "--format", "{{.Action}}",
            )  # fmt: skip
            seen.append([line for line in told.split() if not line.startswith(("exec", "health"))])
            assert docker.ok("inspect", "--format", "{{.State.Status}}", BOX).strip() == "running"
            docker.ok("rmi", MADE)
        finally:
            docker("rm", "-f", "-v", BOX)
            docker("image", "prune", "-f")
    theirs, ours = seen
    assert theirs == ["pause", "commit", "unpause", "commit"]
    assert ours in (theirs, ["commit", "commit"])  # the second where there is no freezer
