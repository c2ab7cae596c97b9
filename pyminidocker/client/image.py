"""Images as objects to hold in a notebook."""

import os
from typing import Any, Self

from pyminidocker.client.archive_files import write_archive
from pyminidocker.client.container import split_tag
from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.table import Table, html_table
from pyminidocker.client.waste import Waste
from pyminidocker.ids import short_id
from pyminidocker.units import human_size


class Image:
    """An image of an engine.

    Args:
        api: the calls of its engine.
        ref: a name or an id.
        attrs: what ``inspect`` says, when that is known already.
    """

    def __init__(self, api: EngineClient, ref: str, attrs: dict[str, Any] | None = None) -> None:
        self.api = api
        self.ref = ref
        self._attrs = attrs

    @property
    def attrs(self) -> dict[str, Any]:
        """What ``image inspect`` says."""
        if self._attrs is None:
            self._attrs = self.api.image_inspect(self.ref)
        return self._attrs

    def reload(self) -> Self:
        """Ask the engine again and return self."""
        self._attrs = self.api.image_inspect(self.ref)
        return self

    @property
    def id(self) -> str:
        """``sha256:`` and the digest of the image's configuration."""
        return str(self.attrs["Id"])

    @property
    def short_id(self) -> str:
        """The first 12 digits of the id."""
        return short_id(self.id)

    @property
    def tags(self) -> list[str]:
        """Its names."""
        return list(self.attrs.get("RepoTags") or [])

    @property
    def size_bytes(self) -> int:
        """What its layers hold together."""
        return int(self.attrs["Size"])

    def history(self) -> Table[dict[str, Any]]:
        """Return the steps that made it, newest first."""
        columns = [
            ("CREATED BY", lambda step: _cut(step["CreatedBy"], 60)),
            ("SIZE", lambda step: human_size(step["Size"])),
            ("COMMENT", lambda step: step["Comment"]),
        ]
        return Table(self.api.image_history(self.ref), columns)

    def layers(self) -> Table[dict[str, Any]]:
        """Return its layers, lowest first."""
        columns = [
            ("LAYER", lambda layer: short_id(layer["DiffId"])),
            ("SIZE", lambda layer: human_size(layer["Size"])),
            ("CREATED BY", lambda layer: _cut(layer["CreatedBy"], 60)),
        ]
        return Table(self.api.layers(self.ref), columns)

    def save(self, path: "str | os.PathLike[str]") -> str:
        """Write it into an archive that ``load`` reads, here or elsewhere; return the path.

        See: ``Engine.save``.
        """
        return write_archive(self.api.image_save([self.ref]), path)

    def waste(self) -> Waste:
        """Return what its layers carry in vain: files that later layers replaced or deleted."""
        return Waste((self.tags or [self.short_id])[0], self.api.image_waste(self.ref))

    def tag(self, name: str) -> Self:
        """Give it another name; return self."""
        repo, tag = split_tag(name)
        self.api.image_tag(self.ref, repo, tag)
        return self

    def remove(self, *, force: bool = False) -> list[dict[str, Any]]:
        """Untag it, and delete it when that was its last name."""
        return self.api.image_remove(self.ref, force=force)

    def _facts(self) -> list[list[str]]:
        return [
            ["id", self.short_id],
            ["tags", ", ".join(self.tags) or "<none>"],
            ["size", human_size(self.size_bytes)],
            ["layers", str(len(self.attrs["RootFS"].get("Layers") or []))],
        ]

    def __repr__(self) -> str:
        return "<Image " + ", ".join(f"{key}: {value}" for key, value in self._facts()) + ">"

    def _repr_html_(self) -> str:
        return html_table(["image", ""], self._facts())


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
