"""save, load, export, import, image diff and image waste, as people use them."""

import gzip
import http.server
import io
import os
import socket
import tarfile
import threading
from pathlib import Path

import pytest

from pyminidocker.errors import MiniDockerError, NotFound
from tests.support.command_line import Terminal, minidocker, succeeds
from tests.support.talker import until

pytestmark = pytest.mark.requires("busybox")


@pytest.fixture
def changed(engine):
    """An image ``changed:1``: busybox, a layer of files, and one that takes some back."""
    script = "mkdir -p /big/sub; head -c 200000 /dev/zero >/big/sub/a; echo 1 >/one; rm /etc/group"
    with engine.create("busybox", ["sh", "-c", script], name="first") as box:
        assert box.start().wait() == 0
        box.commit("changed:0")
    script = "rm -r /big; echo 22 >/one; echo new >/two; chmod 600 /etc/passwd"
    with engine.create("changed:0", ["sh", "-c", script], name="second") as box:
        assert box.start().wait() == 0
        box.commit("changed:1")
    yield engine.image("changed:1")
    for name in ("changed:1", "changed:0"):
        engine.api.image_remove(name)


def test_through_a_file_and_back(engine, changed, tmp_path):
    before = changed.reload().attrs
    path = tmp_path / "images.tar"
    assert succeeds("save", "-o", str(path), "changed") == ""
    assert path.stat().st_mode & 0o077 == 0o044 & ~os.umask(os.umask(0o022))
    succeeds("rmi", "changed:1", "changed:0")
    assert succeeds("load", "-i", str(path)).splitlines() == [
        "Loaded image: changed:0",
        "Loaded image: changed:1",
    ]
    after = engine.image("changed:1").attrs
    assert {key: after[key] for key in ("Id", "RootFS", "Config")} == {
        key: before[key] for key in ("Id", "RootFS", "Config")
    }
    assert engine.run("changed:1", "cat /one /two") == "22\nnew\n"


def test_through_pipes_and_compressed(engine, changed, tmp_path):
    first = tmp_path / "one.tar"
    succeeds("image", "save", "--output", str(first), "changed:1")
    squeezed = gzip.compress(first.read_bytes(), 1)
    assert succeeds("image", "load", stdin=squeezed) == "Loaded image: changed:1"
    assert succeeds("load", "-q", stdin=first.read_bytes()) == "Loaded image: changed:1"


def test_from_python(engine, changed, tmp_path):
    seen = []
    path = changed.save(tmp_path / "x.tar")
    assert sorted(os.listdir(tmp_path)) == ["x.tar"]
    changed.remove()
    [image] = engine.load(path, progress=lambda done, size: seen.append((done, size)))
    assert image.tags == ["changed:1"]
    assert seen[-1] == (os.stat(path).st_size,) * 2
    [image] = engine.load(Path(path).read_bytes())
    with pytest.raises(NotFound, match="no such file"):
        engine.load(tmp_path / "nosuch")
    with pytest.raises(NotFound, match="No such image: nosuch:latest"):
        engine.save("nosuch", path=tmp_path / "y.tar")
    with pytest.raises(MiniDockerError, match="damaged archive"):
        engine.load(Path(path).read_bytes()[:9000])
    assert sorted(os.listdir(tmp_path)) == ["x.tar"]


def test_a_client_that_leaves_half_way_leaves_nothing_behind(engine, changed, tmp_path):
    path = changed.save(tmp_path / "x.tar")
    state = Path(os.environ["MINIDOCKER_ROOT"], "default")
    places = [state / "layers", state / "blobs/sha256", state / "images"]
    changed.remove()
    before = [sorted(os.listdir(place)) for place in places]
    data = Path(path).read_bytes()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(engine.api.socket_path)
        head = f"POST /images/load HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
        client.sendall(head.encode() + data[:-300_000])
    until(lambda: [sorted(os.listdir(place)) for place in places] == before)
    engine.load(path)


@pytest.mark.parametrize(
    ("words", "stdin", "text"),
    [
        (["save", "-o", "{}/no/x.tar", "busybox"], "", 'invalid output path: directory "'),
        (["save", "-o", "{}", "busybox"], "", "is a directory"),
        (["save", "nosuch"], "", "No such image: nosuch:latest"),
        (["save"], "", "requires at least 1 argument"),
        (["load", "-i", "{}/nosuch.tar"], "", "nosuch.tar: no such file or directory"),
        (["load"], "rubbish" * 200, "damaged archive: this is no tar archive"),
        (["load"], "", "neither manifest.json nor index.json"),
        (["export", "nosuch"], "", "No such container: nosuch"),
        (["import", "{}/nosuch.tar"], "", "nosuch.tar: no such file or directory"),
        (["import", "-", "UPPER"], "", "must be lowercase"),
        (["import", "-c", "RUN x", "-"], "", "run is not a valid change command"),
        (["import", "--platform", "plan9/mips", "-"], "", "invalid platform"),
        (["image", "diff", "busybox", "nosuch"], "", "No such image or container: nosuch"),
        (["image", "diff", "--kind", "x", "a", "b"], "", "invalid kind 'x'"),
        (["image", "waste", "nosuch"], "", "No such image or container: nosuch"),
    ],
)
def test_what_goes_wrong_is_said(engine, tmp_path, words, stdin, text):
    done = minidocker(*[word.format(tmp_path) for word in words], stdin=stdin)
    assert done.returncode == 1
    assert text in done.stderr
    assert engine.api.image_list(filters={"dangling": ["true"]}) == []


def test_nothing_is_saved_to_a_terminal(engine):
    for words in (["save", "busybox"], ["export", "x"]):
        with Terminal(*words) as terminal:
            terminal.read_until("cowardly refusing to save to a terminal")
            assert terminal.wait() == 1
    with Terminal("load") as terminal:
        terminal.read_until("requested load from stdin, but stdin is empty")
        assert terminal.wait() == 1


def test_export_and_import(engine, changed, tmp_path):
    path = tmp_path / "root.tar"
    with engine.create("changed:1", "true", name="out", volumes=["export-test:/vol"]) as box:
        succeeds("export", "--output", str(path), "out")
        assert box.export(tmp_path / "same.tar") == str(tmp_path / "same.tar")
    engine.volume("export-test").remove()
    assert (tmp_path / "same.tar").read_bytes() == path.read_bytes()
    with tarfile.open(path) as tar:
        names = tar.getnames()
        assert tar.extractfile("one").read() == b"22\n"
    assert {"proc", "etc/passwd", "two", ".dockerenv"} <= set(names)
    assert not {"etc/group", "big"} & set(names)
    image_id = succeeds("import", "-m", "flat", "-c", 'CMD ["cat", "/two"]', str(path), "flat:1")
    flat = engine.image("flat:1")
    assert flat.id == image_id
    assert len(flat.attrs["RootFS"]["Layers"]) == 1
    assert engine.run("flat:1", None) == "new\n"
    assert [step["Comment"] for step in flat.history()] == ["flat"]
    other = engine.import_image(path, "flat:2", changes=["ENV A=b"], message="again")
    assert other.attrs["Config"]["Env"] == ["A=b"]
    nameless = succeeds("import", "-", stdin=gzip.compress(path.read_bytes(), 1))
    for image in (flat, other, engine.image(nameless)):
        image.remove(force=True)


@pytest.fixture
def web(tmp_path):
    """A web server over a directory with one archive; yields its address."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("from/the/net")
        entry.size = 3
        tar.addfile(entry, io.BytesIO(b"net"))
    (tmp_path / "root.tar.gz").write_bytes(gzip.compress(buffer.getvalue()))

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words, **options):
            super().__init__(*words, directory=str(tmp_path), **options)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_import_from_a_url(engine, web):
    lines = succeeds("import", f"{web}/root.tar.gz", "net:1").splitlines()
    assert lines[0] == f"Downloading from {web}/root.tar.gz"
    assert lines[-1] == engine.image("net:1").id
    done = minidocker("import", f"{web}/nosuch")
    assert done.returncode == 1
    assert f"cannot fetch {web}/nosuch: the server answers 404" in done.stderr
    engine.image("net:1").remove()


def test_two_images_compared(changed):
    text = succeeds("image", "diff", "busybox", "changed:1")
    rows = [line.split(maxsplit=1) for line in text.partition("\n\n")[0].splitlines()[1:]]
    assert [(row[0], row[1].split()[-1]) for row in rows] == [
        ("deleted", "/etc/group"),
        ("attributes", "/etc/passwd"),
        ("added", "/one"),
        ("added", "/two"),
    ]
    assert "0644 -> 0600" in text
    assert "2 added, 0 changed, 1 deleted, 1 with other attributes" in text
    assert "in the layers of changed:1, but hidden: 200kB" in text
    taken_back = succeeds("image", "diff", "changed:0", "changed:1")
    assert ["deleted", "-200kB", "2", "/big/", "(1", "file)"] in [
        line.split() for line in taken_back.splitlines()
    ]
    assert "/big/sub/a" in succeeds("image", "diff", "--all", "changed:0", "changed:1")
    only = succeeds("image", "diff", "--kind", "changed", "changed:0", "changed:1")
    assert only.splitlines()[1].split() == ["changed", "2B", "->", "3B", "2", "/one"]
    form = succeeds("image", "diff", "--format", "{{.Kind}}:{{.Path}}", "changed:0", "changed:1")
    assert "changed:/one" in form.splitlines()
    assert succeeds("image", "diff", "busybox", "busybox") == (
        "0 added, 0 changed, 0 deleted, 0 with other attributes"
    )


def test_wasted_space(engine, changed):
    lines = succeeds("image", "waste", "changed:1").splitlines()
    assert lines[0].split() == ["IMAGE", "changed:1"]
    assert lines[1].split()[0] == "EFFICIENCY"
    assert lines[2].startswith("WASTED       200kB of 2.")
    assert lines[5].split() == ["200kB", "200kB", "1,2", "/big/sub/a", "(deleted)"]
    found = changed.waste()
    assert found.wasted_bytes == sum(one["Wasted"] for one in found.paths) > 200_000
    assert 0.85 < found.efficiency < 0.95
    assert [one["Path"] for one in found.paths[:1]] == ["/big/sub/a"]
    assert "efficiency" in repr(found)
    assert "/big/sub/a" in found._repr_html_()
    assert engine.image("busybox").waste().efficiency == 1.0
    text = succeeds("image", "waste", "--format", "{{.Path}} {{.Layers}}", "changed:1")
    assert text.splitlines()[0] == "/big/sub/a (deleted) 1,2"
