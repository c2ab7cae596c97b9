"""What is sent with a build."""

import io
import os
import socket
import tarfile

import pytest

from pyminidocker.client import tar_headers
from pyminidocker.client.context_pack import pack_context
from pyminidocker.errors import InvalidArgument, NotFound, PermissionDenied
from tests.support.tars import contents, members, names_in


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "app" / "main.py").write_text("print()\n")
    return tmp_path


def test_a_directory(here):
    context = pack_context("app")
    assert (context.dockerfile, context.shown, context.remote) == ("Dockerfile", "Dockerfile", "")
    assert names_in(context.pieces()) == ["Dockerfile", "main.py"]
    assert context.sent_bytes == sum(map(len, pack_context("app").pieces())) > 2048


def test_what_an_entry_says(here):
    app = here / "app"
    (app / "run.sh").write_text("x")
    (app / "run.sh").chmod(0o4750)
    os.utime(app / "run.sh", (5, 1_700_000_000))
    (app / "link").symlink_to("/etc/passwd")
    os.mkfifo(app / "pipe")
    (app / "empty").mkdir(0o700)
    (app / ("n" * 120)).write_text("long")
    (app / "ü").write_text("")
    (app / "to").symlink_to("t" * 150)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("app/socket")
        found = {one.name: one for one in members(pack_context("app").pieces())}
    run = found["run.sh"]
    assert (run.mode, run.mtime, run.size, run.uid, run.gid, run.uname) == (
        0o4750, 1_700_000_000, 1, 0, 0, "",
    )  # fmt: skip
    assert (found["link"].type, found["link"].linkname) == (tarfile.SYMTYPE, "/etc/passwd")
    assert found["pipe"].type == tarfile.FIFOTYPE
    assert (found["empty"].isdir(), found["empty"].mode) == (True, 0o700)
    assert found["n" * 120].size == 4
    assert found["to"].linkname == "t" * 150
    assert "ü" in found
    assert "socket" not in found


def test_numbers_that_octal_digits_do_not_hold():
    data = tar_headers.header("big", tar_headers.FILE, size=1 << 40, mtime=-5)
    with tarfile.open(fileobj=io.BytesIO(data + tar_headers.END)) as tar:
        found = tar.next()
    assert (found.name, found.size, found.mtime) == ("big", 1 << 40, -5)


@pytest.mark.parametrize("length", range(75, 130))
def test_long_names(length):
    """The length of a pax record counts its own digits: 99, 100, 101 ..."""
    data = tar_headers.header("n" * length, tar_headers.DIRECTORY) + tar_headers.END
    assert members([data])[0].name == "n" * length


def test_a_file_that_shrinks_or_goes_away(here):
    (here / "app" / "a").write_bytes(b"x" * 1000)
    (here / "app" / "b").write_bytes(b"x")
    pieces = pack_context("app").pieces()
    os.truncate("app/a", 10)
    sent = contents(pieces)
    assert sent["a"] == b"x" * 10
    assert sent["b"] == b"x"


def test_the_dockerfile_by_name(here):
    app = here / "app"
    (app / "Dockerfile.web").write_text("FROM web\n")
    assert pack_context("app", "app/Dockerfile.web").dockerfile == "Dockerfile.web"
    assert pack_context("app", "Dockerfile.web").dockerfile == "Dockerfile.web"  # beneath
    (here / "Dockerfile").write_text("FROM here\n")
    outside = pack_context("app", "Dockerfile")  # the one here comes first
    assert outside.dockerfile.startswith(".dockerfile.")
    assert outside.shown == "Dockerfile"
    assert contents(outside.pieces())[outside.dockerfile] == b"FROM here\n"
    os.rename("app/Dockerfile", "app/dockerfile")
    assert pack_context("app").dockerfile == "dockerfile"


def test_a_dockerfile_that_is_a_link(here):
    (here / "elsewhere").write_text("FROM elsewhere\n")
    os.unlink("app/Dockerfile")
    os.symlink("../elsewhere", "app/Dockerfile")
    context = pack_context("app")
    assert contents(context.pieces())[context.dockerfile] == b"FROM elsewhere\n"


def test_ignored_files_stay_behind_but_not_what_the_build_needs(here):
    (here / "app" / ".dockerignore").write_text("*\n!keep\n")
    (here / "app" / "keep").mkdir()
    (here / "app" / "keep" / "x").write_text("")
    names = [".dockerignore", "Dockerfile", "keep", "keep/x"]
    assert names_in(pack_context("app").pieces()) == names
    (here / "app" / "sub").mkdir()
    (here / "app" / "sub" / "Other").write_text("FROM scratch\n")
    (here / "app" / "sub" / "no").write_text("")
    got = names_in(pack_context("app", "app/sub/Other").pieces())
    assert got == [".dockerignore", "keep", "keep/x", "sub/Other"]


def test_a_dockerfile_may_have_an_ignore_file_of_its_own(here):
    (here / "app" / ".dockerignore").write_text("main.py\n")
    (here / "app" / "Dockerfile.dockerignore").write_text("nothing\n")
    sent = contents(pack_context("app").pieces())
    assert "main.py" in sent
    assert sent[".dockerignore"] == b"nothing\n"  # the engine applies it once more
    assert names_in(pack_context("app").pieces()).count(".dockerignore") == 1


def test_standard_input(here):
    context = pack_context("-", stdin=io.BytesIO(b"FROM scratch\n"))
    assert context.shown == "standard input"
    assert contents(context.pieces()) == {"Dockerfile": b"FROM scratch\n"}
    context = pack_context("app", "-", stdin=io.BytesIO(b"FROM other\n"))
    sent = contents(context.pieces())
    assert sent[context.dockerfile] == b"FROM other\n"
    assert "main.py" in sent


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_an_archive(here, mode):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        tar.add("app/main.py", "main.py")
    data = buffer.getvalue()
    context = pack_context("-", "Other", stdin=io.BytesIO(data))
    assert (b"".join(context.pieces()), context.dockerfile) == (data, "Other")
    (here / "app.tar.gz").write_bytes(data)
    assert b"".join(pack_context("app.tar.gz").pieces()) == data


def test_urls(here):
    context = pack_context("https://example.org/context.tar.gz", "sub/Dockerfile")
    assert context.pieces() is None
    assert context.remote == "https://example.org/context.tar.gz"
    assert context.dockerfile == "sub/Dockerfile"
    for url in ("git@github.com:a/b", "https://example.org/a.git#main", "github.com/a/b"):
        with pytest.raises(InvalidArgument, match="is a git repository") as caught:
            pack_context(url)
        assert "git clone" in caught.value.hint
    (here / "x.git").mkdir()
    (here / "x.git" / "Dockerfile").write_text("FROM scratch\n")
    assert pack_context("x.git").dockerfile == "Dockerfile"


def test_what_cannot_be_packed(here):
    with pytest.raises(NotFound, match='path "nosuch" not found'):
        pack_context("nosuch")
    with pytest.raises(InvalidArgument, match="context must be a directory") as caught:
        pack_context("app/main.py")
    assert caught.value.hint == "minidocker build -f app/main.py app"
    with pytest.raises(NotFound, match=r"lstat .*/app/Dockerfil: no such file") as caught:
        pack_context("app", "Dockerfil")
    assert "is it Dockerfile?" in caught.value.hint
    with pytest.raises(NotFound) as caught:
        pack_context(".", "app")
    assert caught.value.hint == "app is a directory"
    with pytest.raises(InvalidArgument, match="can't use stdin for both"):
        pack_context("-", "-")
    with pytest.raises(InvalidArgument, match="standard input is empty"):
        pack_context("-", stdin=io.BytesIO(b" \n"))
    with pytest.raises(InvalidArgument, match="ambiguous Dockerfile source"):
        pack_context("-", "Other", stdin=io.BytesIO(b"FROM scratch\n"))


@pytest.mark.requires("user")
def test_what_cannot_be_read_is_named(here):
    (here / "app" / "secret").write_text("")
    (here / "app" / "secret").chmod(0)
    with pytest.raises(PermissionDenied, match=r"can't stat '.*app/secret'") as caught:
        list(pack_context("app").pieces())
    assert ".dockerignore" in caught.value.hint
    (here / "app" / ".dockerignore").write_text("secret\n")
    assert "secret" not in names_in(pack_context("app").pieces())
