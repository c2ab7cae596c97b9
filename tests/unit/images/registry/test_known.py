"""What transfers teach, and how layers become gzip."""

import gzip
import hashlib
import io
import os

import pytest

from pyminidocker.images.registry.attempts import Cancelled
from pyminidocker.images.registry.compress import compress
from pyminidocker.images.registry.known import Known


def test_places(tmp_path):
    path = str(tmp_path / "transfers.json")
    known = Known(path)
    known.learn(places={"sha256:1": "lab:5000/a"})
    known.learn(places={"sha256:1": "lab:5000/b"})
    known.learn(places={"sha256:1": "lab:50000/c"})
    for memory in (known, Known(path)):
        assert memory.places("sha256:1", "lab:5000", "none") == ["b", "a"]
        assert memory.places("sha256:1", "lab:5000", "b") == ["a"]
        assert memory.places("sha256:2", "lab:5000", "b") == []


def test_twins(tmp_path):
    path = str(tmp_path / "transfers.json")
    Known(path).learn(packed={"sha256:1": ("sha256:2", 5)})
    assert Known(path).packed("sha256:1") == ("sha256:2", 5)
    assert Known(path).packed("sha256:2") is None


@pytest.mark.parametrize("text", ["", "{", '{"places": 1}'])
def test_a_damaged_memory_is_an_empty_one(tmp_path, text):
    path = tmp_path / "transfers.json"
    path.write_text(text)
    known = Known(str(path))
    assert known.packed("sha256:1") is None
    known.learn(packed={"sha256:1": ("sha256:2", 5)})
    assert Known(str(path)).packed("sha256:1") == ("sha256:2", 5)


@pytest.mark.parametrize("data", [b"", b"x", b"layer " * 300_000, os.urandom(700_000)])
def test_gzip(tmp_path, data):
    """The same bytes each time, and Python's own gzip reads them."""
    found = []
    for name in ("a", "b"):
        path = tmp_path / name
        told: list[int] = []
        with path.open("wb", 0) as file:
            found.append(compress(io.BytesIO(data), file.fileno(), told.append, lambda: False))
        packed = path.read_bytes()
        assert gzip.decompress(packed) == data
        assert found[-1] == (f"sha256:{hashlib.sha256(packed).hexdigest()}", len(packed))
        assert told[-1:] == ([len(data)] if data else [])
    assert found[0] == found[1]


def test_gzip_can_be_stopped(tmp_path):
    with (tmp_path / "x").open("wb", 0) as file, pytest.raises(Cancelled):
        compress(io.BytesIO(b"x" * 10), file.fileno(), lambda _: None, lambda: True)
