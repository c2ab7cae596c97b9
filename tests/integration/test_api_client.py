"""The Python client on a real engine: what the notebooks do."""

import threading

import pytest

from pyminidocker.errors import Conflict, InitError, NotFound, NotModified

pytestmark = pytest.mark.requires("busybox")


@pytest.fixture
def box(engine):
    with engine.run("busybox", "sleep 600", detach=True, name="box") as container:
        yield container


def test_run(engine):
    result = engine.run("busybox", ["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (result, result.stderr, result.exit_code) == ("out\n", "err\n", 3)
    assert engine.run("busybox", "cat", stdin="fed").stdout_bytes == b"fed"
    assert engine.run("busybox", "env", env={"A": "1 2"}).splitlines().count("A=1 2") == 1
    assert engine.run("busybox", "tty", tty=True).startswith("/dev/")
    assert engine.run("busybox", "hostname", hostname="here", network="none") == "here\n"


def test_run_that_cannot_start(engine):
    with pytest.raises(InitError, match="executable file not found"):
        engine.run("busybox", "nosuch")
    with pytest.raises(NotFound, match="No such image: nosuch"):
        engine.run("nosuch")
    with pytest.raises(InitError):
        engine.run("busybox", "nosuch", detach=True)
    assert engine.containers(all=True) == []


def test_large_streams(engine):
    data = bytes(range(256)) * 8192
    assert engine.run("busybox", "cat", stdin=data).stdout_bytes == data
    assert len(engine.run("busybox", "seq 300000").splitlines()) == 300_000


def test_kept_and_detached(engine):
    engine.run("busybox", "true", name="kept", remove=False)
    kept = engine.container("kept")
    assert (kept.status, kept.exit_code, kept.pid) == ("exited", 0, 0)
    kept.remove()
    assert "removed" in repr(kept)
    gone = engine.run("busybox", "true", detach=True, remove=True)
    while any(container == gone for container in engine.containers(all=True)):
        pass
    with pytest.raises(NotFound):
        gone.reload()


def test_exec_and_facts(box):
    assert box.exec("hostname") == f"{box.short_id}\n"
    assert box.exec("cat", stdin="in").stdout == "in"
    assert box.exec(["sh", "-c", "exit 4"]).exit_code == 4
    assert box.exec("pwd", workdir="/tmp", user="1000").strip() == "/tmp"
    assert (box.status, box.name, box.image) == ("running", "box", "busybox")
    assert box.ip_address.startswith("172.17.")
    assert box.pid > 0
    assert box.top()[0][-1] == "sleep 600"
    assert "box" in repr(box)
    assert "running" in box._repr_html_()


def test_files(box, engine):
    box.write_file("/tmp/note", "hi\n")
    assert box.read_file("/tmp/note") == b"hi\n"
    assert ["A", "/tmp/note"] in box.diff().rows()
    with pytest.raises(NotFound):
        box.read_file("/nosuch")
    image = box.commit("noted:1", message="a note")
    assert engine.run("noted:1", "cat /tmp/note") == "hi\n"
    assert image.history()[0]["Comment"] == "a note"
    assert len(image.layers()) == 2
    assert engine.compare("busybox", "noted:1")["Summary"]["Added"] >= 1
    image.remove(force=True)


def test_logs_and_follow(engine):
    script = "for n in 1 2 3; do echo $n; done; echo e >&2"
    with engine.run("busybox", ["sh", "-c", script], detach=True) as talk:
        assert sorted(talk.follow()) == ["1", "2", "3", "e"]
        assert talk.wait() == 0
        logs = talk.logs()
        assert (logs, logs.stderr) == ("1\n2\n3\n", "e\n")
        assert talk.logs(stderr=False).stderr == ""
        assert talk.logs(tail=0) == ""


def test_life(box):
    with pytest.raises(NotModified, match=f"Container {box.name} is already started"):
        box.start()
    with pytest.raises(TimeoutError):
        box.wait(timeout_s=0.05)
    with pytest.raises(Conflict, match="cannot remove"):
        box.remove()
    box.rename("other").kill()
    assert box.wait(timeout_s=10) == 137
    assert box.start().name == "other"
    assert box.stop(timeout_s=0).status == "exited"


def test_tables(engine, box):
    assert box in engine.containers()
    assert "busybox" in repr(engine.containers())
    assert "busybox" in repr(engine.images())
    assert [network.name for network in engine.networks()] == ["bridge", "host", "none"]
    assert engine.network("bridge").subnet == "172.17.0.0/16"
    volume = engine.volume("table-notes")
    assert "table-notes" in engine.volumes()._repr_html_()
    volume.remove()
    assert "socket" in engine._repr_html_()


def test_events(engine):
    seen = []

    def listen():
        for event in engine.events(filters={"type": ["container"]}):
            seen.append(event["Action"])
            if event["Action"] == "destroy" and "create" in seen:  # not the one before
                return

    thread = threading.Thread(target=listen)
    listening = engine.events(until="1")  # answered: the engine is there
    assert list(listening) == []
    thread.start()
    while "create" not in seen:  # the listener may come later than the first container
        engine.run("busybox", "true")
    thread.join(10)
    assert not thread.is_alive()


def test_a_hundred_clients_at_once(box):
    streams = [box.api.container_attach(box.id) for _ in range(100)]
    try:
        assert box.exec("echo still quick") == "still quick\n"
    finally:
        for stream in streams:
            stream.close()


def test_attached_output_is_complete_and_ends(engine):
    with engine.create("busybox", "seq 50000", stdin_open=True) as container:
        streams = [engine.api.container_attach(container.id) for _ in range(5)]
        container.start()
        for stream in streams:
            data = b"".join(piece for _, piece in stream.frames())
            assert data.count(b"\n") == 50_000
            stream.close()


def test_a_slow_reader_holds_nobody_up(engine):
    with engine.create("busybox", "seq 200000") as container:
        slow = engine.api.container_attach(container.id)
        container.start()
        assert engine.run("busybox", "echo meanwhile") == "meanwhile\n"
        data = b"".join(piece for _, piece in slow.frames())
        slow.close()
        assert data.count(b"\n") == 200_000
        assert container.wait(timeout_s=10) == 0
