"""Nonsense on the command line and through the API: one clear line, Docker's exit code, no trace.

The same table is tried with our command and, where it is installed, with Docker's on our socket.
"""

from typing import Any

import pytest

import pyminidocker
from pyminidocker import errors
from tests.support.command_line import docker_cli, judge, minidocker, succeeds

pytestmark = pytest.mark.usefixtures("engine")

# (words, exit code, a part of what is said); "box" runs, "still" was only created.
TABLE: list[tuple[str, int, str]] = [
    # no such thing
    ("run nosuch true", 125, "Unable to find image 'nosuch:latest' locally"),
    ("run --network nosuch busybox true", 125, "network nosuch not found"),
    ("run --volumes-from nosuch busybox true", 125, "No such container: nosuch"),
    ("run --mount type=bind,src=/nowhere,dst=/x busybox true", 125,
     "bind source path does not exist: /nowhere"),
    ("run --env-file /nowhere busybox true", 125, "open /nowhere: no such file or directory"),
    ("run busybox nosuch", 127, 'exec: "nosuch": executable file not found in $PATH'),
    ("run -u nobody-here busybox true", 125, "unable to find user nobody-here"),
    ("exec nosuch true", 1, "No such container: nosuch"),
    ("exec box nosuch", 126, 'exec: "nosuch": executable file not found in $PATH'),
    ("exec -w /nowhere box pwd", 126, 'chdir to cwd ("/nowhere")'),
    ("start nosuch", 1, "Error: failed to start containers: nosuch"),
    ("stop nosuch", 1, "No such container: nosuch"),
    ("kill nosuch", 1, "Cannot kill container: nosuch: No such container: nosuch"),
    ("rm nosuch", 1, "No such container: nosuch"),
    ("logs nosuch", 1, "No such container: nosuch"),
    ("inspect nosuch", 1, "Error: No such object: nosuch"),
    ("cp nosuch:/x .", 1, "No such container: nosuch"),
    ("cp box:/nowhere .", 1, "Could not find the file /nowhere in container box"),
    ("cp /nowhere box:/tmp", 1, "nowhere: no such file or directory"),
    ("rmi nosuch", 1, "No such image: nosuch:latest"),
    ("tag nosuch x", 1, "No such image: nosuch:latest"),
    ("history nosuch", 1, "No such image: nosuch:latest"),
    ("network inspect nosuch", 1, "network nosuch not found"),
    ("volume inspect nosuch", 1, "get nosuch: no such volume"),
    ("volume rm nosuch", 1, "get nosuch: no such volume"),
    # names
    ("create --name box busybox", 1, 'The container name "/box" is already in use'),
    ("rename still box", 1, 'The container name "/box" is already in use'),
    ("rename still still", 1, "same name as its current name"),
    ("run --name / busybox true", 125, "Invalid container name (/)"),
    ("run --name a/b busybox true", 125, "Invalid container name (a/b)"),
    ("run NoCapitals true", 125, "must be lowercase"),
    ("tag busybox BAD", 1, "must be lowercase"),
    ("volume create x", 1, "volume name is too short"),
    ("volume create /x", 1, "includes invalid characters for a local volume name"),
    # options
    ("run --bogus busybox", 125, "unknown flag: --bogus"),
    ("run -w relative busybox true", 125, "needs to be an absolute path"),
    ("run -v a/b:/x busybox true", 125, "includes invalid characters for a local volume name"),
    ("run -v /a:relative busybox true", 125, "mount path must be absolute"),
    ("run -v /a:/ busybox true", 125, "destination can't be '/'"),
    ("run -v /a:/x:zz busybox true", 125, "invalid mode: zz"),
    ("run -v /a:/x -v /b:/x busybox true", 125, "Duplicate mount point: /x"),
    ("run --mount bogus busybox true", 125, "must be a key=value pair"),
    ("run --tmpfs relative busybox true", 125, "mount path must be absolute"),
    ("run --tmpfs /t:bogus busybox true", 125, 'invalid tmpfs option ["bogus"]'),
    ("create --restart sometimes busybox true", 1, "invalid restart policy"),
    ("create --restart always:3 busybox true", 1, "maximum retry count cannot be used"),
    ("run --restart always --rm busybox true", 125, "cannot specify both --restart and --rm"),
    ("run --stop-signal NOPE busybox true", 125, "Invalid signal: NOPE"),
    ("run --cap-add NOPE busybox true", 125, "unknown capability"),
    ("run -e = busybox true", 125, "invalid environment variable: ="),
    ("run --label = busybox true", 125, "empty name"),
    ("run --dns nowhere busybox true", 125, "IP address is not correctly formatted: nowhere"),
    ("run --memory 1m busybox true", 125, "Minimum memory limit allowed is 6MB"),
    ("kill -s NOPE box", 1, "Invalid signal: NOPE"),
    ("ps --filter foo=bar", 1, "Invalid filter 'foo'"),
    ("ps --format {{.Nope}}", 1, "can't evaluate field Nope"),
    ("inspect --format {{.Nope}} box", 1, 'map has no entry for key "Nope"'),
    ("commit -c BOGUS still", 1, "is not a valid change command"),
    # states
    ("exec still true", 1, "is not running"),
    ("kill still", 1, "is not running"),
    ("top still", 1, "is not running"),
    ("attach still", 1, "cannot attach to a stopped container"),
    ("rm box", 1, "Stop the container before attempting removal"),
    ("rmi busybox", 1, "(must force) - container"),
]  # fmt: skip


# A container whose start fails stays, as Docker's does, unless --rm says otherwise.
TABLE = [
    (words if "--rm" in words else words.replace("run ", "run --rm "), code, part)
    for words, code, part in TABLE
]


@pytest.fixture(scope="module")
def scene(shared_engine):
    """A running container and a created one; afterwards nothing else may be there."""
    before = [image["Id"] for image in shared_engine.api.image_list(all=True)]
    succeeds("run", "-d", "--name", "box", "busybox", "sleep", "1000")
    succeeds("create", "--name", "still", "busybox")
    yield
    found = succeeds("ps", "-a", "--format", "{{.Names}}").split()
    succeeds("rm", "-f", *found)
    assert sorted(found) == ["box", "still"]
    assert not succeeds("volume", "ls", "-q")
    assert [image["Id"] for image in shared_engine.api.image_list(all=True)] == before


@pytest.fixture
def engine(shared_engine):
    """The session's engine, with the scene's containers in it between tests."""
    return shared_engine


@pytest.mark.parametrize(("words", "code", "part"), TABLE, ids=[row[0] for row in TABLE])
def test_our_command(scene, words, code, part):
    judge(minidocker(*words.split()), code, part)


@pytest.mark.requires("docker-cli")
@pytest.mark.parametrize(("words", "code", "part"), TABLE, ids=[row[0] for row in TABLE])
def test_dockers_command(scene, engine, tmp_path, words, code, part):
    judge(docker_cli(words, engine.api.socket_path, tmp_path), code, part)


def test_the_python_client(scene, engine):
    cases: list[tuple[type[Exception], str, Any]] = [
        (errors.NotFound, "No such image: nosuch:latest", lambda: engine.run("nosuch", "true")),
        (errors.NotFound, "No such container: nosuch", lambda: engine.container("nosuch")),
        (errors.Conflict, "already in use", lambda: engine.create("busybox", name="box")),
        (errors.Conflict, "is not running", lambda: engine.container("still").exec("true")),
        (errors.InvalidArgument, "must be absolute",
         lambda: engine.run("busybox", "true", tmpfs={"t": ""})),
    ]  # fmt: skip
    for kind, text, call in cases:
        with pytest.raises(kind, match=text):
            call()


def test_docker_py(scene, engine):
    docker = pytest.importorskip("docker")
    client = docker.DockerClient(base_url=f"unix://{engine.api.socket_path}")
    try:
        for kind, call in (
            (docker.errors.ImageNotFound, lambda: client.images.get("nosuch")),
            (docker.errors.NotFound, lambda: client.containers.get("nosuch")),
            (docker.errors.NotFound, lambda: client.networks.get("nosuch")),
            (docker.errors.NotFound, lambda: client.volumes.get("nosuch")),
            (docker.errors.APIError, lambda: client.containers.get("still").exec_run("true")),
            (docker.errors.APIError, lambda: client.containers.create("busybox", name="box")),
        ):
            with pytest.raises(kind):
                call()
        with pytest.raises(docker.errors.ContainerError) as caught:
            client.containers.run("busybox", ["sh", "-c", "exit 3"], remove=True)
        assert caught.value.exit_status == 3
    finally:
        client.close()


def test_a_hint_reaches_the_reader_of_a_traceback(scene, engine):
    with pytest.raises(errors.NotFound) as caught:
        engine.run("nosuch", "true")
    assert any(note.startswith("hint: ") for note in getattr(caught.value, "__notes__", []))


def test_what_is_removed_while_it_is_used(scene):
    succeeds("run", "-d", "--name", "user", "-v", "kept:/v", "busybox", "sleep", "1000")
    try:
        for words, part in (
            (("volume", "rm", "kept"), "volume is in use"),
            (("network", "rm", "bridge"), "bridge"),
            (("rm", "user"), "Stop the container"),
        ):
            judge(minidocker(*words), 1, part)
    finally:
        succeeds("rm", "-f", "user")
        succeeds("volume", "rm", "kept")


def test_connecting_by_name_and_by_socket(engine):
    with pyminidocker.connect(f"unix://{engine.api.socket_path}") as other:
        assert other.api.ping() == "OK"
