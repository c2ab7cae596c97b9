"""What earlier transfers taught: ``<state>/images/transfers.json``.

Which gzip an uncompressed layer became, and in which repositories a blob has been seen: a push then
skips what is there, and has a registry take a blob over from another of its repositories.  All of
it may be lost or wrong without harm; every word is checked with the registry before it counts.

See: OCI distribution-spec, Mounting a blob from another repository; moby's distribution/metadata.
"""

import threading

import msgspec

from pyminidocker.errors import SystemFailure
from pyminidocker.images.atomic import write_file

_PLACES = 8  # repositories remembered for a blob
_ENTRIES = 4096  # of each kind


class _Record(msgspec.Struct):
    packed: dict[str, tuple[str, int]] = {}
    places: dict[str, list[str]] = {}


class Known:
    """The memory of one engine's transfers.

    Args:
        path: its file; read when first needed.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._loaded: _Record | None = None

    def _record(self) -> _Record:
        if self._loaded is None:
            try:
                with open(self._path, "rb") as file:
                    self._loaded = msgspec.json.decode(file.read(), type=_Record)
            except (OSError, msgspec.MsgspecError):
                self._loaded = _Record()
        return self._loaded

    def packed(self, digest: str) -> tuple[str, int] | None:
        """Return (digest, bytes) of the gzip of an uncompressed blob, when there was one."""
        with self._lock:
            return self._record().packed.get(digest)

    def places(self, digest: str, domain: str, apart_from: str) -> list[str]:
        """Return repositories of a registry that a blob was seen in, the latest first."""
        with self._lock:
            names = self._record().places.get(digest, [])
        start = f"{domain}/"
        found = [name.removeprefix(start) for name in reversed(names) if name.startswith(start)]
        return [name for name in found if name != apart_from]

    def learn(
        self,
        places: dict[str, str] | None = None,
        packed: dict[str, tuple[str, int]] | None = None,
    ) -> None:
        """Remember.

        Args:
            places: blob -> ``registry/repository`` that has it.
            packed: uncompressed blob -> its gzip.
        """
        with self._lock:
            record = self._record()
            for digest, name in (places or {}).items():
                names = record.places.pop(digest, [])
                record.places[digest] = [*(one for one in names if one != name), name][-_PLACES:]
            for digest, twin in (packed or {}).items():
                record.packed.pop(digest, None)
                record.packed[digest] = twin
            for table in (record.places, record.packed):
                while len(table) > _ENTRIES:
                    del table[next(iter(table))]
            try:
                write_file(self._path, msgspec.json.encode(record))
            except SystemFailure:
                pass  # a full disk: the next push asks and packs again
