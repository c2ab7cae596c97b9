"""The local end of ``cp``: what goes into a tar stream, and what comes out where."""

import io
import os
import tarfile

import pytest

from pyminidocker.cli.commands.cp import base_name, plan, split
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.local_files import pack, unpack


@pytest.mark.parametrize(
    ("argument", "parts"),
    [
        ("web:/etc/hosts", ("web", "/etc/hosts")),
        ("/a:b", ("", "/a:b")),
        ("./a:b", ("", "./a:b")),
        ("plain", ("", "plain")),
        ("-", ("", "-")),
        ("web:", ("web", "")),
    ],
)
def test_split(argument, parts):
    assert split(argument) == parts


@pytest.mark.parametrize(
    ("path", "name"),
    [("/a/b", "b"), ("/a/b/", "b"), ("/a/b/.", "."), (".", "."), ("/", "/"), ("x", "x")],
)
def test_base_name(path, name):
    assert base_name(path) == name


@pytest.mark.parametrize(
    ("base", "target", "is_dir", "there", "there_dir", "result"),
    [
        ("f", "/d", False, True, True, ("/d", "f")),
        ("f", "/d/g", False, False, False, ("/d", "g")),
        ("f", "/d/g", False, True, False, ("/d", "g")),
        ("f", "g", False, False, False, (".", "g")),
        ("f", "/g", False, False, False, ("/", "g")),
        ("s", "/d/new", True, False, False, ("/d", "new")),
        ("s", "/d/new/", True, False, False, ("/d", "new")),
        (".", "/d", True, True, True, ("/d", ".")),
        (".", "/new", True, False, False, ("/", "new")),
    ],
)
def test_plan(base, target, is_dir, there, there_dir, result):
    assert plan(base, target, source_is_dir=is_dir, exists=there, is_dir=there_dir) == result


def test_plans_that_fail():
    with pytest.raises(Failure, match="cannot copy directory"):
        plan("s", "/f", source_is_dir=True, exists=True, is_dir=False)
    with pytest.raises(Failure, match="no such directory"):
        plan("f", "/d/", source_is_dir=False, exists=False, is_dir=False)


@pytest.fixture
def tree(tmp_path):
    top = tmp_path / "tree"
    (top / "sub").mkdir(parents=True)
    (top / "sub" / "file").write_bytes(b"x" * 700)
    (top / "sub" / "file").chmod(0o640)
    (top / "empty").write_bytes(b"")
    (top / "link").symlink_to("sub/file")
    os.link(top / "sub" / "file", top / "twin")
    (top / "sub").chmod(0o750)
    os.utime(top / "sub", (1_000_000, 1_000_000))
    return top


@pytest.mark.parametrize("name", ["tree", "other", "."])
def test_round_trip(tree, tmp_path, name):
    stream = b"".join(pack(str(tree), name, follow=False))
    there = tmp_path / "there"
    there.mkdir()
    assert unpack([stream[:100], stream[100:]], str(there), name, name, owners=False) == len(stream)
    top = there if name == "." else there / name
    assert (top / "sub" / "file").read_bytes() == b"x" * 700
    assert (top / "sub" / "file").stat().st_mode & 0o777 == 0o640
    assert (top / "sub").stat().st_mode & 0o777 == 0o750
    assert (top / "sub").stat().st_mtime == 1_000_000
    assert os.readlink(top / "link") == "sub/file"
    assert (top / "empty").stat().st_size == 0


def test_the_first_entry_gets_a_new_name(tree, tmp_path):
    stream = b"".join(pack(str(tree), "tree", follow=False))
    unpack([stream], str(tmp_path), "tree", "renamed", owners=False)
    assert (tmp_path / "renamed" / "sub" / "file").exists()
    assert (tmp_path / "renamed" / "twin").stat().st_size == 700


def test_following_a_link(tree, tmp_path):
    stream = b"".join(pack(str(tree / "link"), "copy", follow=True))
    unpack([stream], str(tmp_path), "copy", "copy", owners=False)
    assert (tmp_path / "copy").read_bytes() == b"x" * 700


def test_files_are_replaced_and_directories_are_not(tree, tmp_path):
    stream = b"".join(pack(str(tree / "empty"), "sub", follow=False))
    with pytest.raises(Failure, match="cannot overwrite a directory"):
        unpack([stream], str(tree), "sub", "sub", owners=False)
    stream = b"".join(pack(str(tree / "empty"), "link", follow=False))
    unpack([stream], str(tree), "link", "link", owners=False)
    assert not (tree / "link").is_symlink()
    assert (tree / "sub" / "file").stat().st_size == 700


def archive(*entries):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind, link in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            tar.addfile(info)
    return [buffer.getvalue()]


@pytest.mark.parametrize(
    "entries",
    [
        [("../escaped", tarfile.REGTYPE, "")],
        [("a/../../escaped", tarfile.REGTYPE, "")],
        [("/escaped", tarfile.REGTYPE, "")],
        [("a", tarfile.SYMTYPE, ".."), ("a/escaped", tarfile.REGTYPE, "")],
        [("a", tarfile.SYMTYPE, "/tmp"), ("a/b/escaped", tarfile.REGTYPE, "")],
        [("a", tarfile.LNKTYPE, "../secret")],
    ],
)
def test_a_container_cannot_write_outside_of_the_target(entries, tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "secret").write_text("mine", encoding="utf-8")
    with pytest.raises(Failure, match="refused"):
        unpack(archive(*entries), str(target), "x", "x", owners=False)
    assert not list(tmp_path.rglob("escaped"))
