"""Blobs on their way in: parts, wrong bytes, full disks, old leftovers."""

import errno
import hashlib
import os
import threading
import time

import pytest

from pyminidocker.errors import IntegrityError, SystemFailure
from pyminidocker.images.blobs import BlobStore
from pyminidocker.images.registry import downloads
from pyminidocker.images.registry.attempts import Attempts, Cancelled
from pyminidocker.images.registry.downloads import Downloads
from pyminidocker.images.registry.failures import Broken, Refused
from pyminidocker.oci.image_spec import Descriptor

DATA = bytes(range(256)) * 4000
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
BLOB = Descriptor("layer", DIGEST, len(DATA))


class Answer:
    def __init__(self, status: int, data: bytes, start: int, breaks: int = -1) -> None:
        self.status, self._data, self._breaks = status, data, breaks
        self.headers = {"content-range": f"bytes {start}-"} if status == 206 else {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def views(self):
        end = len(self._data) if self._breaks < 0 else self._breaks
        for start in range(0, end, 1000):
            yield memoryview(self._data[start : min(start + 1000, end)])
        if self._breaks >= 0:
            raise Broken("cut")


class Registry:
    """Plays a registry's session.

    Args:
        breaks: after how many bytes each answer is cut; then none is.
        ranges: it understands Range.
    """

    def __init__(self, data: bytes = DATA, breaks=(), ranges: bool = True) -> None:
        self.data, self.breaks, self.ranges = data, list(breaks), ranges
        self.asked: list[str] = []

    def request(self, _method, _path, _scopes, *, headers, accept):
        wanted = headers.get("Range", "")
        self.asked.append(wanted)
        start = int(wanted[6:-1]) if wanted and self.ranges else 0
        if start > len(self.data):
            assert 416 in accept
            return Answer(416, b"", 0)
        breaks = self.breaks.pop(0) if self.breaks else -1
        return Answer(206 if start else 200, self.data[start:], start, breaks)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr("pyminidocker.images.registry.attempts._FIRST_PAUSE_S", 0.0001)
    return Downloads(str(tmp_path / "downloads"), BlobStore(str(tmp_path / "blobs")))


def get(place: Downloads, registry, most: int = 3) -> list[int]:
    told: list[int] = []
    place.fetch(registry, "repo", BLOB, Attempts(most, threading.Event()), told.append)
    return told


def stored(place: Downloads) -> bytes:
    with place._blobs.open(DIGEST) as file:
        return file.read()


def test_in_one_go(place):
    registry = Registry()
    told = get(place, registry)
    assert stored(place) == DATA
    assert told == sorted(told)
    assert told[-1] == len(DATA)
    get(place, registry)  # it is there
    assert registry.asked == [""]
    place.forget(DIGEST)
    assert not os.path.exists(place.path(DIGEST))
    assert stored(place) == DATA


@pytest.mark.parametrize("ranges", [True, False])
def test_in_several_parts(place, ranges):
    registry = Registry(breaks=[300_000, 200_500], ranges=ranges)
    get(place, registry)
    assert stored(place) == DATA
    assert registry.asked[1] == "bytes=300000-"
    assert len(registry.asked) == 3


def test_a_part_of_an_earlier_try(place):
    os.makedirs(os.path.dirname(place.path(DIGEST)))
    with open(place.path(DIGEST), "wb") as file:
        file.write(DATA[:500_000])
    registry = Registry()
    assert get(place, registry)[0] == 500_000
    assert registry.asked == ["bytes=500000-"]
    assert stored(place) == DATA


@pytest.mark.parametrize("left", [b"\0" * 5000, DATA + b"more", DATA[:-1] + b"x"])
def test_a_wrong_part(place, left):
    os.makedirs(os.path.dirname(place.path(DIGEST)))
    with open(place.path(DIGEST), "wb") as file:
        file.write(left)
    get(place, Registry())
    assert stored(place) == DATA


@pytest.mark.parametrize("data", [DATA[:-1] + b"x", DATA + b"more"])
def test_wrong_bytes_are_not_kept(place, data):
    with pytest.raises(IntegrityError, match=DIGEST):
        get(place, Registry(data))
    assert not place._blobs.has(DIGEST)
    assert not os.path.exists(place.path(DIGEST))


def test_too_few_bytes(place):
    with pytest.raises(Broken):
        get(place, Registry(DATA[:1000]))
    assert not place._blobs.has(DIGEST)


def test_it_is_not_there(place):
    class Empty:
        def request(self, *_words, **_more):
            raise Refused("blob unknown", 404, "BLOB_UNKNOWN")

    with pytest.raises(Refused):
        get(place, Empty())


def test_stopped_in_the_middle(place):
    stop = threading.Event()

    def tell(done: int) -> None:
        if done > 100_000:
            stop.set()

    with pytest.raises(Cancelled):
        place.fetch(Registry(), "repo", BLOB, Attempts(3, stop), tell)
    assert 100_000 < os.stat(place.path(DIGEST)).st_size < len(DATA)
    registry = Registry()
    get(place, registry)
    assert registry.asked[0].startswith("bytes=1")


def test_a_full_disk(place, monkeypatch):
    def write(_fd, _view):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(downloads, "_write", write)
    with pytest.raises(SystemFailure, match="no space left on device while storing"):
        get(place, Registry())
    assert not os.path.exists(place.path(DIGEST))


def test_what_is_swept(place):
    assert place.sweep() == 0
    get(place, Registry())
    old = place.path("sha256:" + "0" * 64)
    with open(old, "wb") as file:
        file.write(b"x" * 1000)
    os.utime(old, (time.time() - 90_000,) * 2)
    assert place.sweep() == 1000
    assert os.listdir(os.path.dirname(old)) == [DIGEST[7:]]
    assert place.sweep(-1) == len(DATA)
