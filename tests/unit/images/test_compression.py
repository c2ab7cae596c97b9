"""Streams: noticed compression, bounded steps, refused bombs, and threads that end."""

import bz2
import gzip
import lzma
import threading
import zlib

import pytest

from pyminidocker.errors import IntegrityError
from pyminidocker.images import compression
from pyminidocker.images.chunks import Behind, Hashed, ahead, gathered
from pyminidocker.images.compression import decompressed, kind_of
from pyminidocker.oci.digest import sha256

try:
    from compression import zstd
except ImportError:
    from backports import zstd

TEXT = b"".join(b"line %d of a text\n" % number for number in range(200_000))
PACKED = {
    "": TEXT,
    "gzip": gzip.compress(TEXT, 1),
    "zstd": zstd.compress(TEXT),
    "bzip2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT, preset=0),
}


def pieces(data, size):
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("size", [1000, 1 << 22])
def test_every_kind_is_noticed(kind, size):
    assert kind_of(PACKED[kind][:6]) == kind
    assert b"".join(decompressed(pieces(PACKED[kind], size))) == TEXT


@pytest.mark.parametrize("kind", ["gzip", "zstd", "bzip2", "xz"])
def test_several_members_are_one_stream(kind):
    packed = PACKED[kind] * 2
    assert b"".join(decompressed(pieces(packed, 70_000))) == TEXT * 2


def test_padding_behind_gzip_is_nothing():
    assert b"".join(decompressed([PACKED["gzip"], bytes(10_240)])) == TEXT


@pytest.mark.parametrize("kind", ["gzip", "zstd", "bzip2", "xz"])
def test_what_is_cut_off_or_damaged_is_named(kind):
    half = PACKED[kind][: len(PACKED[kind]) // 2]
    with pytest.raises(IntegrityError, match=f"damaged layer: {kind}: it ends too early"):
        list(decompressed([half], "layer"))
    for data in (PACKED[kind][:6] + b"\xff" * 100, PACKED[kind] + b"rubbish behind it"):
        with pytest.raises(IntegrityError, match=f"damaged layer: {kind}"):
            list(decompressed([data], "layer"))


def test_short_and_empty_streams():
    assert list(decompressed([])) == []
    assert b"".join(decompressed([b"\x1f"])) == b"\x1f"
    assert b"".join(decompressed([b"a", b"b", b"", b"c"])) == b"abc"


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_bomb_is_given_up_and_never_held_in_memory(kind, monkeypatch):
    monkeypatch.setattr(compression, "FREE_BYTES", 8 << 20)
    zeros = bytes(64 << 20)
    packed = zlib.compressobj(9, wbits=31) if kind == "gzip" else zstd.ZstdCompressor()
    bomb = packed.compress(zeros) + packed.flush()
    sizes = []
    with pytest.raises(IntegrityError, match="decompression bomb") as error:
        sizes.extend(len(piece) for piece in decompressed([bomb], "layer"))
    assert max(sizes) <= 1 << 20
    assert sum(sizes) <= max(8 << 20, compression.RATIO_MAX * len(bomb))
    assert "decompress it yourself" in error.value.hint


def test_what_is_large_but_honest_is_no_bomb(monkeypatch):
    monkeypatch.setattr(compression, "FREE_BYTES", 1 << 20)
    assert sum(map(len, decompressed([PACKED["gzip"]]))) == len(TEXT)


def test_a_window_larger_than_memory_should_be_is_refused():
    options = {zstd.CompressionParameter.window_log: 30}
    compressor = zstd.ZstdCompressor(options=options)
    packed = compressor.compress(b"x" * 1000) + compressor.flush()
    with pytest.raises(IntegrityError, match="zstd"):
        list(decompressed([packed]))


def test_gathered_pieces():
    assert list(gathered([b"a"] * 10, 4)) == [b"aaaa", b"aaaa", b"aa"]
    assert list(gathered([b"a", b"bbbbb", b"ccccc"], 5)) == [b"abbbbb", b"ccccc"]
    assert list(gathered([])) == []


def test_hashed():
    stream = Hashed([b"ab", b"c"])
    assert b"".join(stream) == b"abc"
    assert (stream.digest, stream.size) == (sha256(b"abc"), 3)


def threads():
    return {one.name for one in threading.enumerate() if one.name.startswith("chunks-")}


def test_ahead_gives_the_same_stream_and_errors():
    data = [bytes([number]) * 1000 for number in range(100)]
    assert list(ahead(data, bytes_before=2000)) == data

    def failing():
        yield from data
        raise IntegrityError("it broke")

    with pytest.raises(IntegrityError, match="it broke"):
        list(ahead(failing(), bytes_before=2000))
    assert not threads()


def test_who_stops_early_leaves_no_thread_and_an_ended_source():
    ended = []

    def endless():
        try:
            while True:
                yield bytes(1000)
        finally:
            ended.append(True)

    stream = ahead(endless(), bytes_before=1000)
    next(stream)
    next(stream)
    stream.close()
    assert ended == [True]
    assert not threads()


def test_behind_works_on_everything_in_order():
    data = [bytes([number]) * 1000 for number in range(100)]
    done = []
    with Behind(done.append, bytes_before=3000) as behind:
        assert list(behind.passing(data)) == data
        behind.finish()
        assert done == data
    assert not threads()


def test_behind_raises_what_the_work_raised():
    def work(piece):
        if piece == b"5" * 1000:
            raise OSError(28, "No space left on device")

    def pass_through():
        with Behind(work, bytes_before=1000) as behind:
            list(behind.passing(str(number).encode() * 1000 for number in range(1, 10)))
            behind.finish()

    with pytest.raises(OSError, match="No space"):
        pass_through()
    assert not threads()
