"""Records on disk survive anything short of a broken disk."""

import os
import resource
from pathlib import Path

import pytest

from pyminidocker.engine import database
from pyminidocker.engine.records import ContainerConfig, VolumeRecord
from pyminidocker.errors import IntegrityError


def _volume(size: int = 0) -> VolumeRecord:
    return VolumeRecord("data", 1.5, "/m", labels={"filler": "x" * size})


def test_small_records_are_overwritten_in_place(tmp_path: Path) -> None:
    path = str(tmp_path / "r.json")
    size = database.replace(path, _volume(500))
    inode = os.stat(path).st_ino
    assert size == database.PAGE == os.stat(path).st_size
    assert database.update(path, _volume(3), size) == database.PAGE
    assert os.stat(path).st_ino == inode
    assert database.load(path, VolumeRecord) == (_volume(3), database.PAGE)


def test_a_record_that_outgrows_its_page_is_replaced_and_can_shrink_again(tmp_path: Path) -> None:
    path = str(tmp_path / "r.json")
    size = database.replace(path, _volume())
    size = database.update(path, _volume(9000), size)
    assert size > database.PAGE
    assert database.load(path, VolumeRecord) == (_volume(9000), size)
    size = database.update(path, _volume(1), size)
    assert database.load(path, VolumeRecord) == (_volume(1), database.PAGE)
    assert os.listdir(tmp_path) == ["r.json"]


def test_missing_empty_and_reserved_records_were_never_finished(tmp_path: Path) -> None:
    path = str(tmp_path / "r.json")
    assert database.load(path, VolumeRecord) is None
    Path(path).touch()
    assert database.load(path, VolumeRecord) is None
    database.reserve(path)
    assert database.load(path, VolumeRecord) is None
    assert database.update(path, _volume(), database.PAGE) == database.PAGE
    assert database.load(path, VolumeRecord) == (_volume(), database.PAGE)


def test_reserving_blanks_a_larger_record(tmp_path: Path) -> None:
    path = str(tmp_path / "r.json")
    database.replace(path, _volume(9000))
    database.reserve(path)
    assert os.stat(path).st_size == database.PAGE
    assert database.load(path, VolumeRecord) is None


@pytest.mark.parametrize("text", [b"{", b'{"name": 3}', b"\xff\xfe", b"[]", b"null"])
def test_a_corrupt_record_is_named(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(text)
    with pytest.raises(IntegrityError, match=str(path)) as caught:
        database.load(str(path), VolumeRecord)
    assert caught.value.hint


def test_a_full_disk_keeps_the_old_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "r.json")
    database.replace(path, _volume(1))

    def no_space(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(database.os, "write", no_space)
    with pytest.raises(OSError, match="No space"):
        database.replace(path, _volume(2))
    assert database.load(path, VolumeRecord) == (_volume(1), database.PAGE)
    assert os.listdir(tmp_path) == ["r.json"]


def test_unknown_fields_of_a_later_minor_version_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text('{"name": "n", "created": 1, "mountpoint": "/m", "colour": "red"}')
    loaded = database.load(str(path), VolumeRecord)
    assert loaded is not None
    assert loaded[0].name == "n"


def test_none_and_empty_lists_stay_different(tmp_path: Path) -> None:
    path = str(tmp_path / "r.json")
    config = ContainerConfig(entrypoint=None, cmd=[])
    database.replace(path, config)
    assert database.load(path, ContainerConfig) == (config, database.PAGE)


def test_a_disk_that_fills_up_half_way_leaves_the_old_record(tmp_path: Path) -> None:
    """write(2) on a nearly full disk takes the beginning without complaint; so does this limit."""
    path = str(tmp_path / "r.json")
    database.replace(path, _volume(9000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        with pytest.raises(OSError, match=r"r\.json"):
            database.replace(path, _volume(8000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert database.load(path, VolumeRecord) == (_volume(9000), os.stat(path).st_size)
    assert os.listdir(tmp_path) == ["r.json"]
