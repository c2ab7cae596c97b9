"""Removing and copying what containers leave behind."""

import os
import stat

import pytest

from pyminidocker.images.trees import copy_tree, remove_tree, tree_size


def test_nothing_to_remove_is_fine(tmp_path):
    remove_tree(str(tmp_path / "missing"))


def test_a_file_or_link_is_removed_itself(tmp_path):
    (tmp_path / "keep").mkdir()
    (tmp_path / "link").symlink_to("keep")
    remove_tree(str(tmp_path / "link"))
    assert [x.name for x in tmp_path.iterdir()] == ["keep"]


def test_directories_without_permissions_go(tmp_path):
    deep = tmp_path / "tree" / "work" / "work"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    (tmp_path / "tree" / "readonly").mkdir()
    (tmp_path / "tree" / "readonly" / "file").write_text("x")
    (tmp_path / "tree" / "readonly").chmod(0o555)
    deep.chmod(0)
    remove_tree(str(tmp_path / "tree"))
    assert list(tmp_path.iterdir()) == []


def test_links_are_not_followed(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "precious")
    remove_tree(str(tmp_path / "tree"))
    assert (tmp_path / "precious" / "file").read_text() == "x"


def test_nesting_deeper_than_a_path_can_say(tmp_path):
    top = tmp_path / "tree"
    top.mkdir()
    fd = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deeper", dir_fd=fd)
        below = os.open("deeper", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    remove_tree(str(top))
    assert not top.exists()


def test_what_cannot_be_removed_is_told_and_the_rest_goes(tmp_path, monkeypatch):
    (tmp_path / "tree").mkdir()
    for name in ("a", "stuck", "z"):
        (tmp_path / "tree" / name).write_text("x")
    unlink = os.unlink

    def refuse(path, **kwargs):
        if path == "stuck":
            raise OSError(16, "Device or resource busy", path)
        unlink(path, **kwargs)

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(OSError, match="busy"):
        remove_tree(str(tmp_path / "tree"))
    assert [x.name for x in (tmp_path / "tree").iterdir()] == ["stuck"]


def test_a_copy_keeps_metadata(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir(mode=0o750)
    target.mkdir()
    (source / "d").mkdir()
    (source / "d" / "file").write_text("hello")
    (source / "d" / "file").chmod(0o4711)
    os.setxattr(source / "d" / "file", "user.colour", b"green")
    os.utime(source / "d" / "file", ns=(5, 1_700_000_000_123_456_789))
    os.link(source / "d" / "file", source / "twin")
    (source / "link").symlink_to("d/file")
    os.mkfifo(source / "pipe")
    source.chmod(0o2750)
    copy_tree(str(source), str(target))
    info = (target / "d" / "file").stat()
    assert (target / "twin").stat().st_ino == info.st_ino
    assert stat.S_IMODE(info.st_mode) == 0o4711
    assert info.st_mtime_ns == 1_700_000_000_123_456_789
    assert os.getxattr(target / "twin", "user.colour") == b"green"
    assert os.readlink(target / "link") == "d/file"
    assert stat.S_ISFIFO((target / "pipe").lstat().st_mode)
    assert stat.S_IMODE(target.stat().st_mode) == 0o2750
    assert (target / "twin").read_text() == "hello"


def test_size_counts_hard_links_once(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100)
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "c").write_bytes(b"y" * 10)
    (tmp_path / "d" / "loop").symlink_to("..")
    assert tree_size(str(tmp_path)) == 110
