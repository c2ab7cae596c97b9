"""Volumes as objects to hold in a notebook."""

import os
from typing import Any, Self

from pyminidocker.client.archive_files import read_archive, write_archive
from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.table import html_table


class Volume:
    """A volume of an engine: a named place for data that outlives containers."""

    def __init__(self, api: EngineClient, attrs: dict[str, Any]) -> None:
        self.api = api
        self.attrs = attrs

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.attrs["Name"])

    @property
    def mountpoint(self) -> str:
        """The directory with its data."""
        return str(self.attrs["Mountpoint"])

    def backup(self, path: "str | os.PathLike[str]", *, pause: bool = False) -> str:
        """Write what it holds into a tar file; return the path.

        Args:
            path: the file; it is there in full or not at all.
            pause: running containers that use the volume stand still meanwhile, so that all files
                come from one moment.
        """
        return write_archive(self.api.volume_export(self.name, pause=pause), path)

    def restore(self, path: "str | os.PathLike[str]") -> Self:
        """Give it exactly what a tar file holds, in place of what it holds now; return self.

        It changes as a whole: when the file turns out to be damaged, the volume is as it was.

        Raises:
            NotFound: no such file.
            Conflict: a running container uses the volume.
            InvalidArgument: not a tar archive.
        """
        self.attrs = self.api.volume_import(self.name, read_archive(path), replace=True)
        return self

    def remove(self, *, force: bool = False) -> None:
        """Delete it and its data."""
        self.api.volume_remove(self.name, force=force)

    def __repr__(self) -> str:
        return f"<Volume {self.name}>"

    def _repr_html_(self) -> str:
        facts = [["name", self.name], ["mountpoint", self.mountpoint]]
        return html_table(["volume", ""], facts)
