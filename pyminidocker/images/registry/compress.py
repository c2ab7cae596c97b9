"""Layers that lie in the store uncompressed, as gzip for the way to a registry.

The same layer always gives the same bytes: no name and no time in the header.  What a layer became
is remembered, so that the next push only asks whether the registry has it.

See: RFC 1952 (gzip); OCI image-spec layer.md, gzip media types.
"""

import os
import struct
import zlib
from collections.abc import Callable
from typing import BinaryIO

from pyminidocker.images.registry.attempts import Cancelled
from pyminidocker.oci.digest import sha256_hasher

# Measured on 34 MB: level 1 takes 0.30 s of a processor, 3 0.38 s, 6 0.64 s, for 1 % and 9 % less.
LEVEL = 3
_READ = 1 << 18
# magic, deflate, no flags, no time, no particular effort, Unix
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"


def compress(
    source: BinaryIO, target_fd: int, tell: Callable[[int], None], is_cancelled: Callable[[], bool]
) -> tuple[str, int]:
    """Write ``source`` as gzip to ``target_fd``; return (digest, bytes).

    Args:
        source: the layer's tar.
        target_fd: an empty file.
        tell: called with how many bytes of the source are done.
        is_cancelled: looked at now and then.

    Raises:
        Cancelled: it was.
        OSError: disk full.
    """
    hasher = sha256_hasher()
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    check = done = size = 0

    def write(data: bytes) -> int:
        hasher.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(target_fd, view) :]
        return len(data)

    size += write(_HEADER)
    while data := source.read(_READ):
        check = zlib.crc32(data, check)
        done += len(data)
        packed = packer.compress(data)
        if packed:
            size += write(packed)
        tell(done)
        if is_cancelled():
            raise Cancelled("the push was cancelled")
    size += write(packer.flush() + struct.pack("<II", check, done & 0xFFFFFFFF))
    return f"sha256:{hasher.hexdigest()}", size
