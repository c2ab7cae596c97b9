"""commit of what runs, volumes as archives, and why there is no checkpoint."""

import io
import os
import socket
import stat
import tarfile
from contextlib import suppress

import pytest

from pyminidocker.engine.stillness import release, stop_all
from pyminidocker.errors import (
    Conflict,
    InvalidArgument,
    NotFound,
    NotImplementedHere,
    SystemFailure,
)
from pyminidocker.kernel import procfs
from pyminidocker.widgets import snapshot_table
from tests.support.command_line import minidocker, succeeds
from tests.support.talker import until

pytestmark = pytest.mark.requires("busybox")

MADE = "snapshot-test:1"
# Two files that are to agree, and between them one that takes its time to be read.  They are
# overwritten in place, as databases do.
WRITER = """
head -c 60000000 /dev/zero >/m
sleep 1000 & sleep 1000 &
i=0
while true; do
    i=$((i+1)); echo $((i+1000000)) 1<>/a; echo $((i+1000000)) 1<>/z; [ $i != 2 ] || echo ready
done
"""


@pytest.fixture
def volume(engine):
    """A volume with a bit of everything."""
    made = engine.volume("snapshot-test")
    script = (
        "cd /d; echo one >a; ln a twin; ln -s a link; mkdir -p deep/er; echo two >deep/er/b;"
        "mkfifo pipe; chown 5:6 deep; chmod 4755 a; chmod 1770 /d; touch -h -d @1000000000 a link;"
        "touch -d @1000000001 deep; mkdir '.wh.not a whiteout'"
    )
    assert engine.run("busybox", ["sh", "-c", script], volumes=[f"{made.name}:/d"]).exit_code == 0
    yield made
    for name in (made.name, "snapshot-other"):
        engine.api.volume_remove(name, force=True)


def listing(engine, name):
    """What a container sees in a volume."""
    script = "cd /d; find . | sort | xargs -d '\\n' stat -c '%n %F %a %u %g %Y %h'; cat a deep/er/b"
    return engine.run("busybox", ["sh", "-c", script], volumes=[f"{name}:/d"]).stdout


def packed(**files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


# ------------------------------------------------------------------------------------------ commit


@pytest.fixture
def writer(engine):
    """A container that never stops writing."""
    with engine.run("busybox", ["sh", "-c", WRITER], detach=True, name="snapshot-writer") as box:
        until(lambda: "ready" in box.logs())
        yield box
    with suppress(NotFound):
        engine.api.image_remove(MADE, force=True)


def written(engine):
    first, last = engine.run(MADE, "cat /a /z").split()
    return int(first), int(last)


def test_a_commit_holds_what_runs_at_one_moment(engine, writer):
    writer.commit(MADE)
    first, last = written(engine)
    assert first - last in (0, 1)
    assert writer.status == "running"
    before = writer.exec("cat /a")
    until(lambda: writer.exec("cat /a") != before)  # it goes on


def test_without_pause_the_files_are_of_different_moments(engine, writer):
    def differ():
        succeeds("commit", "--pause=false", writer.id, MADE)
        first, last = written(engine)
        return last > first + 1

    until(differ)  # on a busy machine the writer may not get its turn while one commit reads


def test_all_processes_stand_still_without_a_freezer(engine, writer):
    pid = writer.pid
    namespace = os.readlink(f"/proc/{pid}/ns/pid")
    stopped = stop_all(pid)
    try:
        there = [one for one in procfs.processes() if namespace_of(one) == namespace]
        assert len(there) >= 3
        assert {procfs.stat(one).state for one in there} <= {"T", "Z"}
    finally:
        release(stopped)
    before = writer.exec("cat /a")
    until(lambda: writer.exec("cat /a") != before)


def namespace_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def test_changes_and_author_from_python(engine):
    with engine.create("busybox", "true") as box:
        image = box.commit(MADE, author="me", message="why", changes=["CMD echo $X", "ENV X=1"])
    try:
        assert image.attrs["Author"] == "me"
        assert image.history()[0]["Comment"] == "why"
        assert engine.run(MADE) == "1\n"
        with (
            engine.create("busybox", "true") as box,
            pytest.raises(InvalidArgument, match="run is not a valid change command"),
        ):
            box.commit(changes=["RUN true"])
    finally:
        engine.api.image_remove(MADE)


# ----------------------------------------------------------------------------------------- volumes


def test_a_volume_through_a_file_and_back(engine, volume, tmp_path):
    before = listing(engine, volume.name)
    path = volume.backup(tmp_path / "v.tar")
    with tarfile.open(path) as archive:
        assert archive.getmember("./a").mode == 0o4755
        assert archive.getmember("./twin").linkname == "./a"
    engine.run("busybox", ["sh", "-c", "rm -r /d/*; echo x >/d/x"], volumes=[f"{volume.name}:/d"])
    assert listing(engine, volume.name) != before
    assert volume.restore(path) is volume
    assert listing(engine, volume.name) == before
    assert succeeds("volume", "import", "snapshot-other", path) == "snapshot-other"
    assert listing(engine, "snapshot-other") == before


def test_times_to_the_nanosecond_and_attributes(engine, volume, tmp_path):
    """As root of the lab sees them; user attributes need a willing file system."""
    if os.getuid():
        pytest.skip("the volume's directory is open to root alone")
    place = f"{volume.mountpoint}/a"
    os.utime(place, ns=(1, 1234567890123456789))
    os.setxattr(place, "user.note", b"\xff kept")
    volume.restore(volume.backup(tmp_path / "v.tar"))
    assert os.stat(place).st_mtime_ns == 1234567890123456789
    assert os.getxattr(place, "user.note") == b"\xff kept"


def test_a_volume_through_pipes(engine, volume, tmp_path):
    path = tmp_path / "v.tar"
    assert succeeds("volume", "export", "-o", str(path), volume.name) == ""
    refused = minidocker("volume", "import", volume.name, "-", stdin=path.read_bytes())
    assert refused.returncode == 1
    assert f"volume {volume.name} is not empty" in refused.stderr
    assert "--replace" in refused.stderr
    before = listing(engine, volume.name)
    done = minidocker("volume", "import", "--replace", volume.name, stdin=path.read_bytes())
    assert done.stdout == f"{volume.name}\n"
    assert listing(engine, volume.name) == before
    missing = minidocker("volume", "import", volume.name, f"{tmp_path}/nosuch")
    assert missing.returncode == 1
    assert "no such file" in missing.stderr
    assert minidocker("volume", "export", "nosuch").stderr.count("no such volume") == 1


def test_an_import_is_all_or_nothing(engine, volume, tmp_path):
    whole = packed(new=b"1" * 100_000)
    before = listing(engine, volume.name)
    for damaged in (whole[:60_000], b"no archive at all" * 100):
        with pytest.raises(InvalidArgument, match="Error processing tar file"):
            engine.api.volume_import(volume.name, damaged, replace=True)
        assert listing(engine, volume.name) == before
    with pytest.raises(InvalidArgument):
        engine.api.volume_import("snapshot-other", b"no archive at all" * 100)
    assert "snapshot-other" not in [one.name for one in engine.volumes()]
    half_a_request(engine, volume.name, whole[:60_000])
    assert listing(engine, volume.name) == before
    assert os.getuid() or sorted(os.listdir(os.path.dirname(volume.mountpoint))) == [
        "_data",
        "volume.json",
    ]


def half_a_request(engine, name, data):
    """Begin an import and leave."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(engine.api.socket_path)
        client.sendall(
            f"PUT /minidocker/volume/archive?name={name}&replace=1 HTTP/1.1\r\nHost: x\r\n"
            "Content-Length: 200000\r\nContent-Type: application/x-tar\r\n\r\n".encode()
            + data
        )


def test_a_volume_in_use_is_exported_and_not_replaced(engine, volume, tmp_path):
    script = "cd /d; i=100; while true; do i=$((i+1)); echo $i 1<>n; echo $i 1<>o; done"
    with engine.run(
        "busybox", ["sh", "-c", script], detach=True, volumes=[f"{volume.name}:/d"], name="user-one"
    ) as box:
        until(lambda: box.exec("cat /d/o").exit_code == 0)
        path = volume.backup(tmp_path / "v.tar", pause=True)
        with tarfile.open(path) as archive:
            first, last = (int(archive.extractfile(f"./{one}").read() or 0) for one in "no")
        assert first - last in (0, 1)
        with pytest.raises(Conflict, match="in use by running containers: user-one"):
            volume.restore(path)
        until(lambda: box.status == "running")
        box.stop(0)
        volume.restore(path)
        assert box.start().exec("cat /d/a").stdout == "one\n"


def test_a_hostile_archive_stays_inside(engine, volume, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("way")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("way/x"))
    with pytest.raises(SystemFailure, match="while writing /way/x"):
        engine.api.volume_import("snapshot-other", out.getvalue())
    assert not os.listdir(outside)
    engine.api.volume_import("snapshot-other", packed(**{"../../y": b"1", "/z": b"2"}))
    seen = engine.run("busybox", "find /d", volumes=["snapshot-other:/d"])
    assert {"/d/y", "/d/z"} <= set(seen.split())


# -------------------------------------------------------------------------------------- checkpoint


def test_checkpoints_are_refused_with_the_reason(engine):
    with engine.create("busybox", "true", name="snapshot-box") as box:
        with pytest.raises(NotImplementedHere, match="CRIU") as refused:
            box.checkpoint("one")
        assert "pause" in refused.value.hint
        with pytest.raises(NotImplementedHere, match="checkpoint"):
            engine.api.call("POST", f"/containers/{box.id}/checkpoints", None, {})
        with pytest.raises(NotImplementedHere, match="starting from a checkpoint"):
            engine.api.call("POST", f"/containers/{box.id}/start", {"checkpoint": "one"})
        assert box.status == "created"
    done = minidocker("checkpoint", "create", "snapshot-box", "one")
    assert done.returncode == 1
    assert "CRIU" in done.stderr


def test_nobody_else_reads_a_backup(engine, volume, tmp_path):
    """As any file that is made: the umask decides."""
    path = volume.backup(tmp_path / "v.tar")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o666 & ~os.umask(os.umask(0o022))
    with pytest.raises(NotFound, match="get nosuch: no such volume"):
        engine.api.volume_export("nosuch")


# ------------------------------------------------------------------------------- what each keeps


def test_the_table_is_filled_by_trying(engine):
    table = snapshot_table(engine, fill=True).table
    assert table.kept_in("commit") == ("files", "settings", "history", "travels")
    assert table.kept_in("export") == ("files", "travels")
    assert table.kept_in("save") == ("history", "travels")
    assert table.kept_in("volume") == ("volume", "travels")
    everything = ("files", "volume", "tmpfs", "memory", "settings", "network", "history")
    assert table.kept_in("pause") == (() if table.untried("pause") else everything)
    assert "CRIU" in table.untried("checkpoint")
    assert "no virtual machine" in table.untried("vm")
    for names in (
        [box.name for box in engine.containers(all=True)],
        [name for image in engine.images() for name in image["RepoTags"] or ()],
        [volume.name for volume in engine.volumes()],
        [network.name for network in engine.networks()],
    ):
        assert not [name for name in names if name.startswith("snapshot-")]
