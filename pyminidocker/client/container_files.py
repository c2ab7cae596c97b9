"""Single files of a container, read and written from outside."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from pyminidocker.errors import NotFound
from pyminidocker.ids import short_id

if TYPE_CHECKING:
    from pyminidocker.client.engine_client import EngineClient


class ContainerFiles:
    """Methods of ``Container`` about files."""

    api: EngineClient
    id: str

    def read_file(self, path: str) -> bytes:
        """Return the bytes of a file inside."""
        _, response = self.api.archive_get(self.id, path)
        with response, tarfile.open(fileobj=io.BytesIO(response.read())) as archive:
            for member in archive:
                if (file := archive.extractfile(member)) is not None:
                    return file.read()
        raise NotFound(f"{path} in {short_id(self.id)} is not a file")

    def write_file(self, path: str, data: bytes | str, *, mode: int = 0o644) -> None:
        """Write a file inside (its directory must exist)."""
        content = data.encode() if isinstance(data, str) else data
        directory, _, name = path.rpartition("/")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
        self.api.archive_put(self.id, directory or "/", packed.getvalue())
