"""ADD of URLs and remote contexts, against a server that speaks HTTP for real."""

import gzip
import http.server
import socket
import threading

import pytest

from pyminidocker.build import copy
from pyminidocker.build.copy import CopyError, CopyOptions
from pyminidocker.build.remote import fetch, fetch_context, is_git, is_url
from pyminidocker.build.spool import Limits
from pyminidocker.errors import InvalidArgument, Unavailable
from pyminidocker.images.registry.transport import HttpClient
from pyminidocker.oci.digest import sha256
from tests.unit.build.conftest import archive, entry, rows

DATE = "Tue, 14 Nov 2023 22:13:20 GMT"  # 1700000000
TAR = archive(entry("Dockerfile", b"FROM x\n"), entry("app.py", b"app"))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.partition("?")[0]
        answers = {
            "/files/data.txt": (200, b"data", {"Last-Modified": DATE}),
            "/files/a%20b.txt": (200, b"space", {}),
            "/": (200, b"index", {}),
            "/named/": (200, b"named", {"Content-Disposition": 'attachment; filename="n.bin"'}),
            "/sneaky/": (200, b"x", {"Content-Disposition": 'attachment; filename="../../evil"'}),
            "/moved": (302, b"", {"Location": "/files/data.txt"}),
            "/context.tar": (200, TAR, {}),
            "/context.tgz": (200, gzip.compress(TAR), {}),
            "/Dockerfile": (200, b"FROM scratch\n", {}),
            "/binary": (200, b"\0" * 5000, {}),
            "/bad-date": (200, b"x", {"Last-Modified": "yesterday"}),
        }
        status, body, headers = answers.get(path, (404, b"there is no such page\n", {}))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        cut = path == "/cut"
        self.send_header("Content-Length", str(len(body) + 100 * cut))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def client():
    with HttpClient(lambda host, port: socket.create_connection((host, port))) as client:
        yield client


@pytest.fixture
def get(world, server, client):
    def get(path, **options):
        file = fetch(f"{server}{path}", client, world.state, **options)
        world.opened.append(file)
        return file

    return get


@pytest.fixture
def context(world):
    return world.context(entry("local", b"local"))


def test_what_is_fetched(get):
    file = get("/files/data.txt")
    assert (file.name, file.size, file.mtime_s) == ("data.txt", 4, 1_700_000_000)
    assert b"".join(file.chunks()) == b"data"
    assert file.digest == sha256(b"data")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/files/a%20b.txt", "a b.txt"),
        ("/files/data.txt?x=/y#z", "data.txt"),
        ("/", ""),
        ("/named/", "n.bin"),
        ("/sneaky/", "evil"),
        ("/moved", "moved"),
    ],
)
def test_names(get, path, name):
    assert get(path).name == name


def test_add(world, get, context, server):
    url = f"{server}/files/data.txt"
    fetched = {url: get("/files/data.txt")}
    options = {"keyword": "ADD", "remote": fetched}
    assert rows(world.copy(context, url, "/d/", **options))["d/data.txt"] == (
        "-",
        0o600,
        0,
        0,
        b"data",
    )
    assert set(rows(world.copy(context, url, "/new", **options))) == {"new"}
    found = rows(world.copy(context, [url, "local"], "/e/", chown="5", chmod="644", **options))
    assert found["e/data.txt"] == ("-", 0o644, 5, 5, b"data")
    assert found["e/local"][4] == b"local"
    key = copy.digest(context, [url], CopyOptions("ADD"), remote=fetched)
    assert key.files == {url: f"file 0600 0:0 {sha256(b'data')}"}


def test_archives_from_urls_stay_archives_unless_told(world, get, context, server):
    url = f"{server}/context.tgz"
    fetched = {url: get("/context.tgz")}
    options = {"keyword": "ADD", "remote": fetched}
    assert set(rows(world.copy(context, url, "/d/", **options))) == {"d", "d/context.tgz"}
    assert set(rows(world.copy(context, url, "/e/", unpack=True, **options))) == {
        "e",
        "e/Dockerfile",
        "e/app.py",
    }


def test_no_name(world, get, context, server):
    url = f"{server}/"
    fetched = {url: get("/")}
    with pytest.raises(CopyError, match="cannot determine filename for url"):
        world.copy(context, url, "/d/", keyword="ADD", remote=fetched)
    assert set(rows(world.copy(context, url, "/d", keyword="ADD", remote=fetched))) == {"d"}


def test_copy_does_not_fetch(world, context, server):
    with pytest.raises(CopyError, match="is not in the build context"):
        world.copy(context, f"{server}/files/data.txt", "/d/")


def test_checksum(get):
    assert get("/files/data.txt", checksum=sha256(b"data")).size == 4
    with pytest.raises(CopyError, match=f"digest mismatch {sha256(b'data')}: {sha256(b'other')}"):
        get("/files/data.txt", checksum=sha256(b"other"))
    with pytest.raises(CopyError, match="invalid checksum 'md5:1'"):
        get("/files/data.txt", checksum="md5:1")


@pytest.mark.parametrize(
    ("sources", "what"),
    [(["local"], "sources of the build context"), (["http://x/a", "http://x/b"], "multiple")],
)
def test_checksum_is_for_one_url(world, context, sources, what):
    with pytest.raises(CopyError, match=f"checksum can't be specified for {what}"):
        world.copy(context, sources, "/d/", keyword="ADD", checksum=sha256(b""))


def test_no_such_page(get, server):
    expected = f"ADD failed: failed to GET {server}/none with status 404 Not Found: there is no"
    with pytest.raises(CopyError) as caught:
        get("/none")
    assert str(caught.value).startswith(expected)


def test_nobody_answers(world, client):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
        with pytest.raises(Unavailable, match=r"failed to GET http://127\.0\.0\.1:.*refused"):
            fetch(url, client, world.state)


def test_too_large(get, server):
    with pytest.raises(InvalidArgument, match=r"data.txt is larger than 3B"):
        get("/files/data.txt", limits=Limits(content=3))


def test_nonsense_date(get):
    assert get("/bad-date").mtime_s == 0


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://github.com/a/b.git", True),
        ("https://host/a.git#branch:dir", True),
        ("git@github.com:a/b", True),
        ("git://host/x", True),
        ("github.com/a/b", True),
        ("https://host/a.tar.gz", False),
        ("https://host/a.github", False),
        ("dir/x.git", False),
    ],
)
def test_git(source, expected, world, context):
    assert is_git(source) is expected
    if expected:
        with pytest.raises(CopyError, match="is a git repository, which this engine does not"):
            world.copy(context, source, "/", keyword="ADD")


def test_urls():
    assert is_url("HTTP://x/y")
    assert not is_url("http:/x")
    assert not is_url("file:///etc/passwd")


@pytest.mark.parametrize("path", ["/context.tar", "/context.tgz"])
def test_remote_context(world, server, client, path):
    with fetch_context(f"{server}{path}", client, world.state) as context:
        assert sorted(context.entries.nodes) == ["", "Dockerfile", "app.py"]


def test_remote_dockerfile(world, server, client):
    with fetch_context(f"{server}/Dockerfile", client, world.state, "D") as context:
        assert context.read("D") == b"FROM scratch\n"


@pytest.mark.parametrize("path", ["/binary", "/../x.git"])
def test_remote_nonsense(world, server, client, path):
    with pytest.raises(InvalidArgument):
        fetch_context(f"{server}{path}", client, world.state)
    with pytest.raises(InvalidArgument, match="is not an http or https URL"):
        fetch_context("file:///etc/passwd", client, world.state)
