"""Tar streams into and out of a container's root, with hostile archives and roots."""

import contextlib
import io
import os
import resource
import stat
import tarfile
from pathlib import Path

import pytest

from pyminidocker.engine.tar_in import Unpacker
from pyminidocker.engine.tar_out import pack
from pyminidocker.errors import InvalidArgument, SystemFailure


def _archive(*entries: tuple[str, bytes | str, str], compress: str = "") -> io.BytesIO:
    """(name, content or link target, kind: file dir link hard fifo)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compress}") as archive:
        for name, content, kind in entries:
            entry = tarfile.TarInfo(name)
            entry.mode, entry.mtime = 0o751, 1_000_000
            entry.type = {
                "file": tarfile.REGTYPE,
                "dir": tarfile.DIRTYPE,
                "link": tarfile.SYMTYPE,
                "hard": tarfile.LNKTYPE,
                "fifo": tarfile.FIFOTYPE,
            }[kind]
            if isinstance(content, bytes):
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
            else:
                entry.linkname = content
                archive.addfile(entry)
    buffer.seek(0)
    return buffer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    (made / "in").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    return made


def _unpack(root: Path, archive: io.BytesIO, target: str = "/in", *, keeps: bool = False) -> None:
    fd = os.open(root, os.O_PATH)
    try:
        Unpacker(fd, target, keeps_kinds=keeps).unpack(archive)
    finally:
        os.close(fd)


@pytest.mark.parametrize("compress", ["", "gz", "xz", "bz2"])
def test_all_kinds(root: Path, compress: str) -> None:
    _unpack(
        root,
        _archive(
            ("d", "", "dir"),
            ("d/f", b"text", "file"),
            ("d/l", "/etc/passwd", "link"),
            ("d/h", "d/f", "hard"),
            ("d/p", "", "fifo"),
            ("deep/er/f", b"x", "file"),
            compress=compress,
        ),
    )
    made = root / "in"
    assert (made / "d/f").read_bytes() == b"text"
    assert stat.S_IMODE((made / "d/f").stat().st_mode) == 0o751
    assert (made / "d/f").stat().st_mtime == 1_000_000 == (made / "d").stat().st_mtime
    assert os.readlink(made / "d/l") == "/etc/passwd"
    assert (made / "d/h").samefile(made / "d/f")
    assert stat.S_ISFIFO(os.lstat(made / "d/p").st_mode)
    assert (made / "deep/er/f").read_bytes() == b"x"


@pytest.mark.parametrize(
    "name", ["../outside/x", "/../../outside/x", "a/../../../../outside/x", "/outside/x"]
)
def test_names_cannot_leave(root: Path, name: str) -> None:
    _unpack(root, _archive((name, b"x", "file")))
    assert os.listdir(root.parent / "outside") == []
    assert (root / "in/outside/x").read_bytes() == b"x"


def test_links_of_the_archive_stay_inside(root: Path) -> None:
    outside = root.parent / "outside"
    for target in (str(outside), "../../outside", "../../../../../../.."):
        archive = _archive(("link", target, "link"), ("link/x", b"1", "file"))
        with contextlib.suppress(SystemFailure):  # such a directory is not in the container
            _unpack(root, archive)
    assert os.listdir(outside) == []
    assert sorted(os.listdir(root.parent)) == ["outside", "root"]


def test_links_of_the_container_stay_inside_and_work(root: Path) -> None:
    outside = root.parent / "outside"
    os.symlink(outside, root / "in/evil")
    (root / "real").mkdir()
    os.symlink("/real", root / "in/good")
    _unpack(root, _archive(("good/f", b"x", "file")))
    with pytest.raises(SystemFailure, match="/in/evil"):
        _unpack(root, _archive(("evil/f", b"x", "file")))
    assert os.listdir(outside) == []
    assert (root / "real/f").read_bytes() == b"x"


def test_the_last_component_is_replaced_not_followed(root: Path) -> None:
    victim = root.parent / "outside/victim"
    victim.write_text("safe")
    os.symlink(victim, root / "in/f")
    _unpack(root, _archive(("f", b"new", "file")))
    assert victim.read_text() == "safe"
    assert (root / "in/f").read_bytes() == b"new"


def test_hard_links_cannot_reach_out(root: Path) -> None:
    (root.parent / "outside/secret").write_text("secret")
    os.symlink(root.parent / "outside", root / "in/out")
    with pytest.raises(Exception, match="Error processing tar file"):
        _unpack(root, _archive(("h", "out/secret", "hard")))
    assert not (root / "in/h").exists()


def test_what_replaces_what(root: Path) -> None:
    (root / "in/d/sub").mkdir(parents=True)
    (root / "in/d/keep").write_text("kept")
    _unpack(root, _archive(("d", "", "dir"), ("d/sub", b"file now", "file")))
    assert (root / "in/d/keep").read_text() == "kept"
    assert (root / "in/d/sub").read_bytes() == b"file now"
    _unpack(root, _archive(("d/sub", "", "dir")))
    assert (root / "in/d/sub").is_dir()


def test_keeping_kinds(root: Path) -> None:
    (root / "in/d").mkdir()
    (root / "in/f").touch()
    with pytest.raises(InvalidArgument, match="cannot overwrite directory"):
        _unpack(root, _archive(("d", b"x", "file")), keeps=True)
    with pytest.raises(InvalidArgument, match="cannot overwrite non-directory"):
        _unpack(root, _archive(("f", "", "dir")), keeps=True)


@pytest.mark.parametrize("data", [b"not a tar at all" * 100, b"\x1f\x8b\x08\x00cut short"])
def test_garbage(root: Path, data: bytes) -> None:
    with pytest.raises(InvalidArgument, match="Error processing tar file"):
        _unpack(root, io.BytesIO(data))


def test_nothing_is_fine(root: Path) -> None:
    _unpack(root, io.BytesIO(b""))
    _unpack(root, _archive())


def test_out_and_in_again(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "d").mkdir(parents=True)
    (source / "d/f").write_bytes(b"x" * 100_000)
    os.link(source / "d/f", source / "d/h")
    os.symlink("f", source / "d/l")
    os.mkfifo(source / "d/p")
    long_name = "n" * 200
    (source / "d" / long_name).write_text("long")
    fd = os.open(source, os.O_RDONLY)
    try:
        data = b"".join(pack(fd, "d", "d"))
    finally:
        os.close(fd)
    assert len(data) % 512 == 0
    _unpack(root, io.BytesIO(data))
    made = root / "in/d"
    assert sorted(os.listdir(made)) == sorted(["f", "h", "l", "p", long_name])
    assert (made / "f").read_bytes() == b"x" * 100_000
    assert (made / "h").samefile(made / "f")


def test_a_file_that_does_not_fit_is_named_and_taken_back(root: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    archive = _archive(("small", b"x", "file"), ("d/large", b"x" * 9000, "file"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        with pytest.raises(SystemFailure, match="while writing /in/d/large"):
            _unpack(root, archive)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(os.listdir(root / "in")) == ["d", "small"]
    assert os.listdir(root / "in/d") == []
