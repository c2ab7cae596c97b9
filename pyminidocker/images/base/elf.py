"""Read what an ELF file asks of the dynamic loader: its interpreter and its shared libraries.

This is the part of ldd(1) that needs no execution: running somebody's program to learn what it
needs (which is what ldd does) is a bad habit.

See: elf(5); ld.so(8).
"""

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from pyminidocker.errors import InvalidArgument

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 10, 15, 29
_MACHINES = {62: "x86_64", 183: "aarch64"}
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_DYNAMIC = struct.Struct("<qQ")


@dataclass(slots=True)
class Elf:
    """A 64-bit little-endian ELF file.

    Attributes:
        path: where it is.
        machine: ``x86_64``, ``aarch64`` or empty for others.
        interpreter: the loader it names, empty for static programs and most libraries.
        needed: names of the shared libraries it needs.
        rpath: directories to search first, also for what its libraries need (old style).
        runpath: directories to search for its own needs.
    """

    path: str
    machine: str
    interpreter: str = ""
    needed: list[str] = field(default_factory=list)
    rpath: list[str] = field(default_factory=list)
    runpath: list[str] = field(default_factory=list)

    @property
    def is_static(self) -> bool:
        """It runs without a loader and without libraries."""
        return not self.interpreter and not self.needed


def read_elf(path: str) -> Elf:
    """Read the headers and the dynamic section of an ELF file.

    Raises:
        InvalidArgument: not a 64-bit little-endian ELF file.
        OSError: not readable.

    See: elf(5).
    """
    try:
        with open(path, "rb") as file:
            return _read(file, path)
    except struct.error as error:
        raise InvalidArgument(f"{path} is cut off: {error}") from error


def _read(file: BinaryIO, path: str) -> Elf:
    head = file.read(_HEADER.size)
    if head[:6] != b"\x7fELF\x02\x01":
        raise InvalidArgument(f"{path} is not a 64-bit little-endian ELF file")
    fields = _HEADER.unpack(head)
    elf = Elf(path, _MACHINES.get(fields[2], ""))
    file.seek(fields[5])
    table = file.read(fields[9] * fields[10])
    headers = [_PROGRAM_HEADER.unpack_from(table, i * fields[9]) for i in range(fields[10])]
    dynamic = b""
    for kind, _flags, offset, _address, _physical, size, _memory, _align in headers:
        if kind == _PT_INTERP:
            file.seek(offset)
            elf.interpreter = file.read(size).rstrip(b"\0").decode()
        elif kind == _PT_DYNAMIC:
            file.seek(offset)
            dynamic = file.read(size)
    _read_dynamic(file, elf, dynamic, headers)
    return elf


def _read_dynamic(file: BinaryIO, elf: Elf, dynamic: bytes, headers: list[tuple[int, ...]]) -> None:
    """Fill in what the dynamic section says; its strings are named by memory address."""
    tags: list[tuple[int, int]] = []
    usable = len(dynamic) - len(dynamic) % _DYNAMIC.size
    for tag, value in _DYNAMIC.iter_unpack(dynamic[:usable]):
        if tag == _DT_NULL:
            break
        tags.append((tag, value))
    values = dict(tags)
    if _DT_STRTAB not in values:
        return
    file.seek(_file_offset(values[_DT_STRTAB], headers))
    strings = file.read(values.get(_DT_STRSZ, 0))
    for tag, value in tags:
        text = strings[value : strings.find(b"\0", value)].decode() if tag in _STRINGS else ""
        if tag == _DT_NEEDED:
            elf.needed.append(text)
        elif tag == _DT_RPATH:
            elf.rpath = text.split(":")
        elif tag == _DT_RUNPATH:
            elf.runpath = text.split(":")


_STRINGS = {_DT_NEEDED, _DT_RPATH, _DT_RUNPATH}


def _file_offset(address: int, headers: list[tuple[int, ...]]) -> int:
    for kind, _flags, offset, start, _physical, size, _memory, _align in headers:
        if kind == _PT_LOAD and start <= address < start + size:
            return offset + address - start
    raise InvalidArgument(f"no segment holds address {address:#x}")
