"""docker-py against our socket."""

import io
import tarfile
import threading

import pytest

pytestmark = [
    pytest.mark.requires("busybox"),
    # docker-py forgets to close the sockets of its streams
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def box(sdk):
    container = sdk.containers.run("busybox", "sleep 600", detach=True)
    yield container
    container.remove(force=True)


def test_no_byte_is_lost_behind_the_101_head(box):
    for turn in range(200):
        result = box.exec_run(["echo", str(turn)])
        assert (result.exit_code, result.output) == (0, f"{turn}\n".encode())


def test_exec_in_all_ways(box):
    out, err = box.exec_run(["sh", "-c", "echo o; echo e >&2"], demux=True).output
    assert (out, err) == (b"o\n", b"e\n")
    assert b"".join(box.exec_run("seq 1000", stream=True).output).count(b"\n") == 1000
    assert box.exec_run("env", environment={"A": "1"}).output.count(b"A=1\n") == 1
    assert box.exec_run("tty", tty=True).output.startswith(b"/dev/")
    sock = box.exec_run("cat", stdin=True, socket=True).output
    sock._sock.sendall(b"ping")
    assert sock._sock.recv(100).endswith(b"ping")
    sock.close()


def test_run_and_errors(sdk):
    import docker

    assert sdk.containers.run("busybox", "echo hi", remove=True) == b"hi\n"
    with pytest.raises(docker.errors.ContainerError) as failed:
        sdk.containers.run("busybox", "sh -c 'echo no >&2; exit 4'", remove=True)
    assert failed.value.exit_status == 4
    with pytest.raises(docker.errors.APIError, match=r"registry-1\.docker\.io"):
        sdk.containers.run("nosuch")  # it pulls, and no test can reach the Hub
    with pytest.raises(docker.errors.ImageNotFound):
        sdk.images.get("nosuch")
    with pytest.raises(docker.errors.NotFound):
        sdk.containers.get("nosuch")
    with pytest.raises(docker.errors.APIError) as swarm:
        sdk.swarm.leave()
    assert swarm.value.response.status_code == 503


def test_logs_and_wait(sdk):
    container = sdk.containers.run("busybox", "sh -c 'echo a; echo b >&2'", detach=True)
    try:
        assert container.wait() == {"StatusCode": 0, "Error": None}
        assert container.logs(stdout=True, stderr=False) == b"a\n"
        assert sorted(container.logs(stream=True)) == [b"a\n", b"b\n"]
        assert container.logs(tail=1, timestamps=True).count(b"\n") == 1
    finally:
        container.remove()


def test_attach_sees_everything(sdk):
    container = sdk.containers.create("busybox", "sh -c 'seq 10000'")
    try:
        stream = container.attach(stream=True, logs=True)
        container.start()
        assert b"".join(stream).count(b"\n") == 10_000
    finally:
        container.remove(force=True)


def test_archives(box):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("note")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    assert box.put_archive("/tmp", packed.getvalue())
    pieces, stat = box.get_archive("/tmp/note")
    assert stat["name"] == "note"
    assert stat["size"] == 3
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        assert archive.extractfile("note").read() == b"abc"


def test_lists_and_inspect(sdk, box):
    assert box in sdk.containers.list()
    assert box in sdk.containers.list(filters={"status": "running", "ancestor": "busybox"})
    box.reload()
    assert box.status == "running"
    assert box.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"].startswith("172.17.")
    assert [network.name for network in sdk.networks.list(names=["bridge"])] == ["bridge"]
    assert "busybox:latest" in [tag for image in sdk.images.list() for tag in image.tags]
    assert sdk.info()["ContainersRunning"] == 1
    assert sdk.df()["Images"]


def test_commit_changes_and_images(sdk, box):
    box.exec_run("touch /made")
    assert {"Path": "/made", "Kind": 1} in box.diff()
    image = box.commit("made", "1", changes=["ENV A=1"])
    assert "A=1" in image.attrs["Config"]["Env"]
    assert sdk.containers.run("made:1", "ls /made", remove=True) == b"/made\n"
    assert image.tag("made", "2")
    assert image.history()
    sdk.images.remove("made:1")
    sdk.images.remove("made:2")


def test_volumes(sdk):
    volume = sdk.volumes.create("sdk-notes", labels={"a": "b"})
    assert sdk.volumes.get("sdk-notes").attrs["Labels"] == {"a": "b"}
    assert volume in sdk.volumes.list(filters={"label": "a=b"})
    volume.remove()


def test_top_and_life(box):
    assert box.top()["Processes"][0][-1] == "sleep 600"
    box.rename("renamed")
    box.restart(timeout=0)
    box.kill()
    assert box.wait()["StatusCode"] == 137
    box.start()
    box.stop(timeout=0)


def test_events_arrive(sdk):
    seen = []
    stream = sdk.events(decode=True, filters={"type": "container"})

    def listen():
        for event in stream:
            seen.append(event["Action"])
            if event["Action"] == "destroy":
                return

    thread = threading.Thread(target=listen)
    thread.start()
    sdk.containers.run("busybox", "true", remove=True)
    thread.join(10)
    stream.close()
    assert seen[0] == "create"
    assert seen[-1] == "destroy"
