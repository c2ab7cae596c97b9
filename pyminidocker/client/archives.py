"""The part of ``Engine`` that moves images as files."""

import os
from collections.abc import Callable, Iterable

from pyminidocker.client.archive_files import loaded, read_archive, write_archive
from pyminidocker.client.container import split_tag
from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.image import Image
from pyminidocker.errors import MiniDockerError

_PATH = (str, os.PathLike)


class Archived:
    """Methods of ``Engine`` about archives."""

    api: EngineClient

    def save(self, *refs: str, path: "str | os.PathLike[str]") -> str:
        """Write images into one archive that this and other engines load; return its path.

        Args:
            refs: names or ids; a name without a tag takes all its tags.
            path: the file; it is there in full or not at all.

        Raises:
            NotFound: no such image.
        """
        return write_archive(self.api.image_save(refs), path)

    def load(
        self,
        source: "str | os.PathLike[str] | bytes | Iterable[bytes]",
        *,
        progress: Callable[[int, int], object] | None = None,
    ) -> list[Image]:
        """Take in the images of an archive: Docker's, or an OCI layout in a tar.

        Args:
            source: a file's path, or the archive itself; plain or compressed.
            progress: called with bytes sent and bytes in all, for a file.

        Raises:
            NotFound: no such file.
            MiniDockerError: the archive is damaged or holds no images; nothing of it is kept.
        """
        archive = read_archive(source, progress) if isinstance(source, _PATH) else source
        return [Image(self.api, name) for name in loaded(self.api.image_load(archive))]

    def import_image(
        self,
        source: "str | os.PathLike[str] | bytes | Iterable[bytes]",
        name: str = "",
        *,
        message: str = "",
        changes: Iterable[str] = (),
    ) -> Image:
        """Make an image of a root file system, such as ``container.export`` wrote.

        Args:
            source: a tar file's path, an http(s) URL, or the archive itself.
            name: name of the image.
            message: for its history.
            changes: Dockerfile instructions, such as ``CMD ["sh"]``.

        Raises:
            NotFound: no such file.
            MiniDockerError: the archive is damaged, or a change is malformed.
        """
        is_url = isinstance(source, str) and source.startswith(("http://", "https://"))
        is_file = isinstance(source, _PATH) and not is_url
        archive = read_archive(source) if is_file and isinstance(source, _PATH) else source
        repo, tag = split_tag(name)
        image_id = ""
        assert not isinstance(archive, os.PathLike)
        for said in self.api.image_import(
            archive, repo=repo, tag=tag, message=message, changes=changes
        ):
            if "error" in said:
                raise MiniDockerError(str(said["error"]), hint=str(said.get("hint", "")))
            image_id = str(said.get("status", image_id))
        return Image(self.api, image_id)
