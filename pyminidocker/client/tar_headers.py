"""Headers of tar archives, without ``tarfile``: its import costs a command more than a build.

See: tar(5), the pax interchange format.
"""

from __future__ import annotations

BLOCK = 512
FILE, LINK, DIRECTORY, FIFO = b"0", b"2", b"5", b"6"
END = bytes(2 * BLOCK)

_OCTAL_MOST = 0o77777777777  # 8 GiB less a byte, the largest number of 11 octal digits


def header(
    name: str, kind: bytes, *, mode: int = 0o644, size: int = 0, mtime: int = 0, target: str = ""
) -> bytes:
    """Return the header of one entry, which belongs to root.

    Args:
        name: path in the archive; a directory's without the slash at its end.
        kind: ``FILE``, ``LINK``, ``DIRECTORY`` or ``FIFO``.
        mode: permission bits.
        size: of the content, in bytes.
        mtime: seconds since the epoch.
        target: of a symbolic link.
    """
    path, link = _bytes(name), _bytes(target)
    if kind == DIRECTORY:
        path += b"/"
    extended = b""
    if len(path) > 100:
        extended += _record(b"path", path)
    if len(link) > 100:
        extended += _record(b"linkpath", link)
    if size > _OCTAL_MOST:
        extended += _record(b"size", b"%d" % size)
    if not 0 <= mtime <= _OCTAL_MOST:
        extended += _record(b"mtime", b"%d" % mtime)
    block = _block(path, kind, mode, min(size, _OCTAL_MOST), min(max(mtime, 0), _OCTAL_MOST), link)
    if not extended:
        return block
    return (
        _block(b"PaxHeaders/entry", b"x", 0o644, len(extended), 0, b"")
        + extended
        + bytes(padding(len(extended)))
        + block
    )


def padding(size: int) -> int:
    """Return how many zeros follow ``size`` bytes of content."""
    return -size % BLOCK


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _record(key: bytes, value: bytes) -> bytes:
    r"""Return ``"LENGTH KEY=VALUE\n"``, whose length counts its own digits."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + len(str(len(rest)))
    if length != len(rest) + len(str(length)):
        length += 1
    return b"%d%b" % (length, rest)


def _block(path: bytes, kind: bytes, mode: int, size: int, mtime: int, link: bytes) -> bytes:
    block = bytearray(BLOCK)
    block[0 : min(100, len(path))] = path[:100]
    block[100:136] = b"%07o\0%07o\0%07o\0%011o\0" % (mode & 0o7777, 0, 0, size)
    block[136:148] = b"%011o\0" % mtime
    block[148:157] = b" " * 8 + kind
    block[157 : 157 + min(100, len(link))] = link[:100]
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
