"""Which names point at which images: ``images/repositories.json``.

A name is a complete reference (``docker.io/library/busybox:latest``), its value an image id.  Names
are the only thing about images that changes; everything else is addressed by content.
"""

import os

import msgspec

from pyminidocker.errors import IntegrityError
from pyminidocker.images.atomic import write_file
from pyminidocker.oci.digest import is_digest
from pyminidocker.oci.reference import Reference, parse


class Names:
    """The table of names, in memory and on disk.

    Attributes:
        problem: why the table on disk could not be read; it was then put aside, not overwritten.
    """

    def __init__(self, path: str) -> None:
        """Load the table from ``path``; a missing file is an empty table."""
        self.problem: IntegrityError | None = None
        self._path = path
        self._ids: dict[str, str] = {}
        self._by_id: dict[str, list[Reference]] = {}
        try:
            with open(path, "rb") as file:
                ids = msgspec.json.decode(file.read(), type=dict[str, str])
            if not all(is_digest(image_id) for image_id in ids.values()):
                raise ValueError("an image id is no sha256 digest")
            self._ids = ids
        except FileNotFoundError:
            pass
        except ValueError as error:
            os.rename(path, f"{path}.damaged")
            self.problem = IntegrityError(
                f"{path} is damaged: {error}; it was put aside as {path}.damaged",
                hint="the images are still there ('minidocker images'): name them again with "
                "'minidocker tag'",
            )
        self._index()

    def _index(self) -> None:
        self._by_id = {}
        for name, image_id in sorted(self._ids.items()):
            self._by_id.setdefault(image_id, []).append(parse(name))

    def _save(self, ids: dict[str, str]) -> None:
        write_file(self._path, msgspec.json.encode(dict(sorted(ids.items()))))
        self._ids = ids
        self._index()

    def get(self, reference: Reference) -> str:
        """Return the id that a complete reference points at, empty when there is none."""
        return self._ids.get(str(reference), "")

    def of(self, image_id: str) -> list[Reference]:
        """Return all names of an image, sorted."""
        return self._by_id.get(image_id, [])

    def in_repository(self, name: str) -> list[Reference]:
        """Return the references to images in the repository ``name`` (``docker.io/library/x``)."""
        starts = (f"{name}:", f"{name}@")
        found = [parse(text) for text in self._ids if text.startswith(starts)]
        return sorted((one for one in found if one.name == name), key=str)

    def set(self, reference: Reference, image_id: str) -> None:
        """Point a complete reference at an image.

        Raises:
            SystemFailure: disk full; the table is as before.
        """
        self._save({**self._ids, str(reference): image_id})

    def remove(self, references: "list[Reference]") -> None:
        """Forget names; unknown ones do not matter."""
        gone = {str(reference) for reference in references}
        self._save({name: value for name, value in self._ids.items() if name not in gone})
