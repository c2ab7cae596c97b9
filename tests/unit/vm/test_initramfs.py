"""cpio archives: what we write is what we read, and what busybox reads."""

import gzip
import shutil
import stat
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyminidocker.errors import IntegrityError
from pyminidocker.vm.initramfs import Initramfs, read_archive

NAMES = st.text("abcdefgh-_.", min_size=1, max_size=12).filter(lambda x: x not in {".", ".."})


@given(st.dictionaries(NAMES, st.binary(max_size=70), max_size=6))
def test_files_come_back(files):
    archive = Initramfs()
    for name, data in files.items():
        archive.file(f"d/{name}", data, 0o640)
    entries = list(read_archive(archive.to_bytes()))
    if files:
        assert entries.pop(0) == ("d", stat.S_IFDIR | 0o755, b"")
    assert entries == [(f"d/{k}", stat.S_IFREG | 0o640, v) for k, v in files.items()]


def test_directories_are_there_once_and_first():
    archive = Initramfs()
    archive.file("a/b/c", b"1")
    archive.symlink("a/b/d", "c")
    archive.directory("a/b")
    assert [entry.name for entry in read_archive(archive.to_bytes())] == [
        "a",
        "a/b",
        "a/b/c",
        "a/b/d",
    ]


def test_gzip_is_read():
    archive = Initramfs()
    archive.symlink("sh", "busybox")
    packed = gzip.compress(archive.to_bytes())
    assert list(read_archive(packed)) == [("sh", stat.S_IFLNK | 0o777, b"busybox")]


@pytest.mark.parametrize("data", [b"PK\x03\x04" + bytes(200), b"\x1f\x8bnonsense", b"070701zz"])
def test_other_things_are_refused(data):
    with pytest.raises(IntegrityError):
        list(read_archive(data))


@pytest.mark.requires("busybox")
def test_busybox_unpacks_it(tmp_path):
    """Somebody else's reader agrees about the format."""
    archive = Initramfs()
    archive.file("etc/motd", b"hello\n", 0o600)
    archive.symlink("etc/link", "motd")
    busybox = shutil.which("busybox") or "/bin/busybox"
    run = subprocess.run([busybox, "cpio", "-i"], input=archive.to_bytes(), cwd=tmp_path)
    assert run.returncode == 0
    assert (tmp_path / "etc/link").read_bytes() == b"hello\n"
    assert stat.S_IMODE((tmp_path / "etc/motd").stat().st_mode) == 0o600
