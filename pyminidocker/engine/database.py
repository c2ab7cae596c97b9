"""Records on disk: one JSON file each, safe against ``kill -9`` at any moment, without fsync.

A record that fits one memory page is padded to exactly that size and overwritten by a single
write(2): the kernel copies a page as a whole, so a killed process leaves the old or the new text,
never a mixture, for a quarter of what a temporary file and a rename cost (docs/decisions).  Larger
records, and those that outgrow the page, go the usual way: temporary file, then rename.
"""

import logging
import os
from typing import TypeVar

import msgspec

from pyminidocker.errors import IntegrityError

LOG = logging.getLogger("minidockerd")
PAGE = 4096
_BLANK = b" " * (PAGE - 1) + b"\n"
T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def encode(record: msgspec.Struct) -> bytes:
    """Return ``record`` as JSON, padded with blanks to a page when it is shorter."""
    text = _encoder.encode(record)
    if len(text) < PAGE:
        return text.ljust(PAGE - 1) + b"\n"
    return text + b"\n"


def reserve(path: str) -> None:
    """Make a blank record, or blank one: a page that ``load`` takes for "never finished"."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(fd, _BLANK, 0)
        if os.fstat(fd).st_size != PAGE:
            os.ftruncate(fd, PAGE)
    finally:
        os.close(fd)


def update(path: str, record: msgspec.Struct, size_on_disk: int) -> int:
    """Write a reserved record, or one that exists, again; returns its new size on disk in bytes.

    Args:
        path: the record's file.
        record: what to write.
        size_on_disk: what ``update`` or ``load`` returned the last time; ``PAGE`` if reserved.
    """
    text = encode(record)
    if len(text) > PAGE or size_on_disk != PAGE:
        return replace(path, record)
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(fd, text, 0)
    finally:
        os.close(fd)
    return PAGE


def replace(path: str, record: msgspec.Struct) -> int:
    """Write a record through a temporary file and a rename; returns its size in bytes.

    Raises:
        OSError: disk full; the old record is still there.
    """
    text = encode(record)
    temporary = f"{path}.tmp"
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            rest = memoryview(text)
            while rest:  # a disk that is nearly full takes the beginning without complaint
                rest = rest[os.write(fd, rest) :]
        finally:
            os.close(fd)
        os.rename(temporary, path)
    except OSError as error:
        try:
            os.unlink(temporary)
        except FileNotFoundError:
            pass
        raise OSError(error.errno, error.strerror, path) from error
    return len(text)


def load(path: str, kind: type[T]) -> tuple[T, int] | None:
    """Read a record; None when its creation was never finished (missing or blank file).

    Raises:
        IntegrityError: the file is damaged; the message names it.
    """
    try:
        with open(path, "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IntegrityError(f"cannot read {path}: {error.strerror}") from error
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text, type=kind), len(text)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise IntegrityError(
            f"corrupt record {path}: {error}",
            hint=f"mend or remove {path}; everything else was loaded",
        ) from error
