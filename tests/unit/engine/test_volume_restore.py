"""An import of a volume that was killed between any two system calls."""

from types import SimpleNamespace

import pytest

from pyminidocker.engine import database, volume_restore
from pyminidocker.engine.records import VolumeRecord
from pyminidocker.engine.volumes import Volumes


def found_after_a_start(state, name="v"):
    told = []
    engine = SimpleNamespace(state_dir=str(state), report=told.append)
    volumes = Volumes(engine)
    volumes.load()
    assert not told
    assert volumes.has(name)
    place = state / "volumes" / name
    assert sorted(one.name for one in place.iterdir()) == ["_data", "volume.json"]
    return (place / "_data" / "file").read_text()


@pytest.fixture
def place(tmp_path):
    directory = tmp_path / "volumes" / "v"
    (directory / "_data").mkdir(parents=True)
    (directory / "_data" / "file").write_text("old")
    record = VolumeRecord("v", 1.0, f"{directory}/_data")
    database.replace(f"{directory}/volume.json", record)
    return directory


def unpacked(place, text="new"):
    with volume_restore.unpack_place(str(place)):
        (place / ".restored" / "file").write_text(text)


def test_killed_while_unpacking(tmp_path, place):
    unpacked(place, "half")
    assert found_after_a_start(tmp_path) == "old"


def test_killed_between_the_renames(tmp_path, place):
    unpacked(place)
    (place / "_data").rename(place / ".replaced")
    assert found_after_a_start(tmp_path) == "new"


def test_killed_before_the_old_data_is_gone(tmp_path, place):
    unpacked(place)
    volume_restore.exchange(str(place))
    assert (place / ".replaced" / "file").read_text() == "old"
    assert found_after_a_start(tmp_path) == "new"


def test_what_an_earlier_import_left_is_not_built_upon(place):
    unpacked(place)
    with volume_restore.unpack_place(str(place)):
        assert not list((place / ".restored").iterdir())
    volume_restore.sweep(str(place))
    volume_restore.sweep(str(place))
    assert (place / "_data" / "file").read_text() == "old"
