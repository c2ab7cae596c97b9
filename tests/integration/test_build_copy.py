"""COPY and ADD in whole builds: owners, URLs, remote contexts, and contexts that mean harm."""

import http.server
import io
import os
import socket
import tarfile
import threading

import pytest

from pyminidocker.oci.digest import sha256
from tests.support.builds import Told, build, context, tidy

pytestmark = pytest.mark.requires("busybox")


@pytest.fixture
def images(engine):
    """Remove what a test builds, and all of the cache."""
    with tidy(engine):
        yield engine
    assert not os.listdir(f"{engine.api.info()['DockerRootDir']}/build/scratch")


@pytest.fixture
def page():
    """A web server with one archive, and what was asked of it."""
    body = context({"Dockerfile": "FROM busybox\nCOPY a /a\n", "a": "from afar"})
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            found = self.path == "/files/app.tar"
            self.send_response(200 if found else 404)
            self.send_header("Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT")
            self.end_headers()
            self.wfile.write(body if found else b"no such page")

        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/files/app.tar", body, asked
        server.shutdown()
        thread.join()


def files_of(engine, image):
    """Return the image's files as an archive has them, with true owners."""
    container = engine.api.container_create({"Image": image, "Cmd": ["x"]})["Id"]
    try:
        with engine.api.container_export(container) as response:
            data = response.read()
    finally:
        engine.api.container_remove(container)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: member for member in tar}


def test_owners_are_true_whoever_runs_the_engine(images):
    told = build(
        images,
        """
        FROM busybox AS stage
        COPY --chown=12:34 --chmod=4750 tool /out/tool
        FROM busybox
        COPY --from=stage /out /bin/
        COPY --chown=daemon: tool /x/
        """.replace("daemon:", "daemon"),
        {"tool": "#!/bin/sh\n"},
    )
    found = files_of(images, told.image)
    assert (found["bin/tool"].uid, found["bin/tool"].gid) == (12, 34)
    assert found["bin/tool"].mode == 0o4750
    assert found["x/tool"].uid == found["x"].uid == 1


def test_add_fetches_from_the_machines_side(images, page):
    url, body, asked = page
    text = f"FROM busybox\nADD --checksum={sha256(body)} {url} /d/\nADD --unpack=true {url} /u/"
    told = build(images, text)
    found = files_of(images, told.image)
    assert (found["d/app.tar"].mode, found["d/app.tar"].mtime) == (0o600, 1_700_000_000)
    assert found["u/a"].size == len("from afar")
    again = build(images, text)
    assert again.codes()[1:] == ["hit", "hit"]
    assert len(asked) == 4  # it is fetched each time: the URL says nothing of the content


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ADD --checksum=sha256:" + "0" * 64 + " {url} /d/", "digest mismatch"),
        ("ADD {url}x /d/", "with status 404 Not Found: no such page"),
        ("ADD https://example.org/x.git /d/", "is a git repository"),
        ("COPY {url} /d/", "is not in the build context"),
    ],
)
def test_add_that_fails(images, page, line, message):
    error = build(images, f"FROM busybox\n{line.format(url=page[0])}").error
    assert message in error["Message"]
    assert error["Line"] == 2
    assert error["Hint"]


def test_a_remote_context(images, page):
    told = Told(list(images.api.build(None, {"remote": page[0]}, tags=["afar"])))
    assert images.run(told.image, ["cat", "/a"]).stdout == "from afar"
    with pytest.raises(Exception, match="not an http or https URL"):
        list(images.api.build(None, {"remote": "git@example.org:x"}))


def hostile(name, **fields):
    """Return a context with one entry more, which no honest client sends."""
    buffer = io.BytesIO(context({"Dockerfile": "FROM scratch\nCOPY . /\n", "f": "x"}))
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        info = tarfile.TarInfo(name)
        for field, value in fields.items():
            setattr(info, field, value)
        tar.addfile(info)
    return buffer.getvalue()


OUTSIDE = "/tmp/pyminidocker-must-not-exist"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (hostile("../../../../../../../.." + OUTSIDE), "points outside of it"),
        (hostile("f/x"), "which is no directory"),
        (
            hostile("h", type=tarfile.LNKTYPE, linkname="/etc/shadow"),
            "is a hard link to 'etc/shadow', which is not there",
        ),
        (hostile("x" * 300), "is too long"),
        (context({"Dockerfile": "FROM x"})[:515], "cut off"),
        (b"no archive" * 1000, "is not a readable tar archive"),
    ],
)
def test_contexts_that_are_refused(images, data, message):
    with pytest.raises(Exception, match=message):
        list(images.api.build(data, {}))
    assert not os.path.lexists(OUTSIDE)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            hostile("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
            '"null" is a character device',
        ),
        (hostile("d/.wh.f"), "means that a file is deleted"),
    ],
)
def test_contexts_that_cannot_be_copied(images, data, message):
    error = Told(list(images.api.build(data, {}))).error
    assert message in error["Message"]
    assert error["Line"] == 2


def test_links_of_a_context_lead_nowhere(images):
    """They are copied as they are, and mounted as they are: they end in the container's root."""
    secret = OUTSIDE
    data = hostile("out", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    told = Told(list(images.api.build(data, {})))
    assert files_of(images, told.image)["out"].linkname == "/etc/passwd"
    text = (
        "FROM busybox\nRUN --mount=type=bind,target=/c"
        " cat /c/out; ls -A /c; cp /c/up /tmp/x; cat /c/up 2>&1"
    )
    buffer = io.BytesIO(context({"Dockerfile": text}))
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        for name, target in (("out", "/etc/hostname"), ("up", "../" * 40 + secret)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    with open(secret, "w") as file:
        file.write("of the machine")
    try:
        records = list(images.api.build(buffer.getvalue(), {}))
    finally:
        os.unlink(secret)
    assert "of the machine" not in str(records)


def test_an_endless_context_is_cut_off(images):
    """The client learns why, while it still sends."""
    header = tarfile.TarInfo("endless")
    header.size = 1 << 50
    head = (
        "POST /build HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    block = header.tobuf(tarfile.GNU_FORMAT)
    client = socket.socket(socket.AF_UNIX)
    client.connect(images.api.socket_path)
    with client:
        client.sendall(head.encode() + b"%x\r\n%s\r\n" % (len(block), block))
        piece = b"%x\r\n%s\r\n" % (1 << 20, bytes(1 << 20))
        sent = 0
        try:
            while sent < 200:
                client.sendall(piece)
                sent += 1
        except OSError:
            pass
        answer = client.recv(65536)
    assert sent < 200
    assert b"the build context is larger than 32GiB" in answer
