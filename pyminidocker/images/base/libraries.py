"""Find the shared libraries of a program, as the dynamic loader would.

The loader looks into the directories a file names (RPATH, RUNPATH), then into its cache, then into
a few fixed directories.  The cache is a table of names and paths that ldconfig(8) writes.

See: ld.so(8), "the dependency ... is searched for"; ldconfig(8); elf/cache.c of glibc for the
format of /etc/ld.so.cache.
"""

import os
import struct
from collections.abc import Iterable

from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.images.base.elf import Elf, read_elf
from pyminidocker.images.base.filetree import FileTree

_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_CACHE_HEADER_SIZE = 48
_CACHE_ENTRY = struct.Struct("<iIIIQ")
# The ABI an entry is for (ldconfig.h): 64-bit x86 and 64-bit ARM libraries of glibc.
_ABI = {"x86_64": 0x0303, "aarch64": 0x0A03}
_DEFAULT_DIRECTORIES = (
    "/lib/{machine}-linux-gnu",
    "/usr/lib/{machine}-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/local/lib",
    "/usr/lib",
)


def read_loader_cache(data: bytes, machine: str) -> dict[str, str]:
    """Return library name -> path from the bytes of ``/etc/ld.so.cache``.

    Entries for special processors are left out: an image should run on any.

    See: ldconfig(8).
    """
    start = data.find(_CACHE_MAGIC)  # older files have an older table in front
    libraries: dict[str, str] = {}
    if start < 0 or len(data) < start + _CACHE_HEADER_SIZE:
        return libraries
    (count,) = struct.unpack_from("<I", data, start + len(_CACHE_MAGIC))
    table = start + _CACHE_HEADER_SIZE
    if len(data) < table + count * _CACHE_ENTRY.size:
        return libraries
    for position in range(count):
        flags, key, value, _os_version, hardware = _CACHE_ENTRY.unpack_from(
            data, table + position * _CACHE_ENTRY.size
        )
        if flags == _ABI.get(machine) and not hardware:
            libraries.setdefault(_text(data, start + key), _text(data, start + value))
    return libraries


def _text(data: bytes, start: int) -> str:
    return data[start : data.find(b"\0", start)].decode(errors="surrogateescape")


class LibraryFinder:
    """Looks libraries up for one machine's architecture."""

    def __init__(self, machine: str, cache_path: str = "/etc/ld.so.cache") -> None:
        self._machine = machine
        self._directories = [x.format(machine=machine) for x in _DEFAULT_DIRECTORIES]
        try:
            with open(cache_path, "rb") as file:
                self._cache = read_loader_cache(file.read(), machine)
        except OSError:
            self._cache = {}  # musl has none

    def find(self, name: str, wanted_by: Elf, inherited: Iterable[str] = ()) -> str:
        """Return the path of the library ``name``.

        Args:
            name: as the ELF file spells it, e.g. ``libz.so.1``.
            wanted_by: the file that needs it.
            inherited: RPATH directories of the program that is being loaded.

        Raises:
            NotFound: no such library for this architecture.

        See: ld.so(8).
        """
        own = _expanded(wanted_by.runpath or wanted_by.rpath, wanted_by.path)
        candidates = [f"{directory}/{name}" for directory in (*own, *inherited)]
        if name in self._cache:
            candidates.append(self._cache[name])
        candidates += [f"{directory}/{name}" for directory in self._directories]
        for path in [name] if "/" in name else candidates:
            if self._fits(path):
                return path
        raise NotFound(f"{wanted_by.path} needs {name}, which is nowhere to be found")

    def _fits(self, path: str) -> bool:
        try:
            return read_elf(path).machine == self._machine
        except (OSError, InvalidArgument):
            return False

    def closure(self, paths: Iterable[str], program: Elf) -> dict[str, str]:
        """Return name -> path of every library that ``paths`` need, and those need, and so on.

        Args:
            paths: programs and libraries.
            program: the program that will load them; its RPATH counts for all.

        Raises:
            NotFound: one is missing.

        See: ld.so(8).
        """
        inherited = [] if program.runpath else _expanded(program.rpath, program.path)
        found: dict[str, str] = {}
        waiting = list(paths)
        while waiting:
            elf = read_elf(waiting.pop())
            for name in elf.needed:
                short = name.rpartition("/")[2]
                if short not in found:
                    found[short] = self.find(name, elf, inherited)
                    waiting.append(found[short])
        return found


def _expanded(directories: list[str], path: str) -> list[str]:
    """Fill in $ORIGIN, the directory of the file that names the search path."""
    origin = os.path.dirname(os.path.realpath(path))
    return [x.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for x in directories if x]


def add_loader_and_libraries(tree: FileTree, program: Elf, libraries: dict[str, str]) -> None:
    """Copy a program's dynamic loader and its libraries to where the loader finds them by itself.

    Args:
        tree: the root file system to be.
        program: whose loader it is.
        libraries: name -> path on this machine, see ``LibraryFinder.closure``.

    See: ld.so(8).
    """
    if program.interpreter:
        tree.copy(program.interpreter, program.interpreter, 0o755)
        libraries.pop(os.path.basename(program.interpreter), None)
    # Where the C library lies is where the loader looks by itself, without a cache file.
    home = os.path.dirname(libraries.get("libc.so.6", program.interpreter or "/lib/x"))
    for name, path in sorted(libraries.items()):
        if f"{home}/{name}" not in tree:
            tree.copy(f"{home}/{name}", path)
