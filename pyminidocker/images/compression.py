"""Notice how a stream is compressed and undo it, within bounds.

The first bytes decide, not a name or a media type: registries and people mislabel archives.  What
comes out is produced in pieces of at most 1 MiB, whatever goes in, so that neither a large layer
nor a *bomb* (a few kilobytes that unfold to terabytes) is ever held in memory; and a stream that
unfolds absurdly far is given up before it has filled the disk.

See: RFC 1952 (gzip), RFC 8878 (zstd), bzip2, xz; OCI image-spec layer.md, the +gzip and +zstd
media types.
"""

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from pyminidocker.errors import IntegrityError

# One step of a decoder gives at most so much; gzip's and zstd's usual ratios stay below it.
_OUT_MAX = 1 << 20
# Real layers shrink to a half or a fifth; a gigabyte of zeros to a thousandth.  Up to the first
# bound everything may unfold, beyond it only what does not exceed the ratio.
FREE_BYTES = 1 << 30
RATIO_MAX = 250
# A decoder keeps this many bytes of history at most (2^27): "zstd --long" needs no more.
_WINDOW_LOG_MAX = 27
_GZIP = 16 + zlib.MAX_WBITS

_MAGIC = {
    "gzip": b"\x1f\x8b",
    "zstd": b"\x28\xb5\x2f\xfd",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
}
_MAGIC_BYTES = 6


class _Decoder(Protocol):
    """What the decompressor objects of the standard library have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def kind_of(start: bytes) -> str:
    """Return how a stream with these first bytes is compressed; "" when it is not.

    Args:
        start: at least six bytes, fewer only at the end of the stream.

    See: RFC 1952, 2.3.1; RFC 8878, 3.1.1.
    """
    return next((name for name, magic in _MAGIC.items() if start.startswith(magic)), "")


def decompressed(chunks: Iterable[bytes], what: str = "archive") -> Iterator[bytes]:
    """Yield a stream's content, decompressed when its first bytes say that it is compressed.

    Args:
        chunks: the stream, in pieces of any size.
        what: names it in errors.

    Raises:
        IntegrityError: damaged, cut off, or a bomb.

    See: RFC 1952; RFC 8878.
    """
    source = iter(chunks)
    start = b""
    while len(start) < _MAGIC_BYTES and (chunk := next(source, b"")):
        start += chunk
    kind = kind_of(start)
    rejoined = _rejoin(start, source)
    if not kind:
        return rejoined
    return _bounded(rejoined, kind, what)


def _rejoin(start: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    if start:
        yield start
    yield from source


def _bounded(chunks: Iterable[bytes], kind: str, what: str) -> Iterator[bytes]:
    """Yield what ``chunks`` unfold to, until they unfold too far."""
    counted = _Counted(chunks)
    size = 0
    new, damaged = _decoder(kind)
    try:
        for piece in _unfold(counted, new):
            size += len(piece)
            if size > FREE_BYTES and size > RATIO_MAX * counted.bytes:
                raise IntegrityError(
                    f"{what} unfolds from {counted.bytes} bytes to more than {size}: refused as a"
                    " decompression bomb",
                    hint="when you trust it, decompress it yourself first and hand in the plain"
                    " archive",
                )
            yield piece
    except damaged as error:
        raise IntegrityError(f"damaged {what}: {kind}: {error}") from error


class _Counted:
    """Passes chunks on and counts their bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.bytes += len(chunk)
            yield chunk


def _unfold(chunks: Iterable[bytes], new: Callable[[], _Decoder]) -> Iterator[bytes]:
    """Decompress members that follow each other, as parallel compressors write them."""
    decoder: _Decoder | None = None
    is_first = True
    for chunk in chunks:
        data = chunk
        while True:
            if decoder is None:
                if not is_first:
                    data = data.lstrip(b"\0")  # tape-block padding behind the last member
                if not data:
                    break
                decoder, is_first = new(), False
            piece = decoder.decompress(data, _OUT_MAX)
            if piece:
                yield piece
            if decoder.eof:
                data, decoder = decoder.unused_data, None
                continue
            # zlib hands back what it has not read; the others keep it themselves.
            data = getattr(decoder, "unconsumed_tail", b"")
            if not data and len(piece) < _OUT_MAX:
                break
    if decoder is not None:
        raise EOFError("it ends too early")


def _decoder(kind: str) -> tuple[Callable[[], _Decoder], tuple[type[Exception], ...]]:
    """Return what makes a decoder, and what it raises for damaged data."""
    if kind == "gzip":
        return lambda: zlib.decompressobj(_GZIP), (zlib.error, EOFError)
    if kind == "bzip2":
        import bz2

        return bz2.BZ2Decompressor, (OSError, ValueError, EOFError)
    if kind == "xz":
        import lzma

        limit = 1 << 27  # a dictionary of 64 MiB, the largest preset's, and room to spare
        return lambda: lzma.LZMADecompressor(memlimit=limit), (lzma.LZMAError, EOFError)
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    options = {int(zstd.DecompressionParameter.window_log_max): _WINDOW_LOG_MAX}
    return lambda: zstd.ZstdDecompressor(options=options), (zstd.ZstdError, EOFError)
