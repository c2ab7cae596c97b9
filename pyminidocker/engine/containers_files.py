"""What can be done to the files of containers; a part of ``Containers``, which see."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine import containers_commit, containers_copy, containers_diff
from pyminidocker.engine.container import Container
from pyminidocker.engine.records import ContainerConfig
from pyminidocker.engine.results import Change, ContainerSize, PathStat

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

ChangeList = list[Change]


class ContainersFiles:
    """Methods of ``Containers`` about writable layers and root file systems."""

    engine: "Engine"

    @abstractmethod
    def get(self, ref: str) -> Container:
        """Return the container ``ref`` means."""

    async def diff(self, ref: str) -> ChangeList:
        """Return what the container changed relative to its image, sorted by path."""
        return await containers_diff.diff(self.engine, self.get(ref))

    async def commit(
        self,
        ref: str,
        *,
        repository: str = "",
        tag: str = "",
        author: str = "",
        comment: str = "",
        changes: Sequence[str] = (),
        config: ContainerConfig | None = None,
        pause: bool = True,
    ) -> str:
        """Make an image from a container; returns its id (``sha256:...``).

        Args:
            ref: which.
            repository: name to tag it with; may be empty.
            tag: defaults to ``latest`` when there is a repository.
            author: for the image's config.
            comment: for the image's history.
            changes: Dockerfile lines: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD,
                STOPSIGNAL, USER, VOLUME, WORKDIR.
            config: overrides parts of the container's config.
            pause: a running container stands still until its files are read.

        Raises:
            Conflict: it is dead or being removed.
            InvalidArgument: a malformed change or name.
        """
        return await containers_commit.commit(
            self.engine,
            self.get(ref),
            repository=repository,
            tag=tag,
            author=author,
            comment=comment,
            changes=changes,
            overrides=config,
            pause=pause,
        )

    async def export(self, ref: str) -> AsyncIterator[bytes]:
        """Return the whole root file system as a tar stream."""
        return await containers_copy.export(self.engine, self.get(ref))

    async def stat_path(self, ref: str, path: str) -> PathStat:
        """Describe ``path`` in the container, running or not; the last link is not followed.

        Raises:
            NotFound: "Could not find the file <path> in container <ref>".
        """
        return await containers_copy.stat_path(self.engine, self.get(ref), path, ref)

    async def get_archive(self, ref: str, path: str) -> tuple[PathStat, AsyncIterator[bytes]]:
        """Return ``path`` as a tar stream, named by its last component.

        Raises:
            NotFound: as ``stat_path``.
        """
        return await containers_copy.get_archive(self.engine, self.get(ref), path, ref)

    async def put_archive(
        self,
        ref: str,
        path: str,
        chunks: AsyncIterator[bytes],
        *,
        no_overwrite_dir_non_dir: bool = False,
        copy_uid_gid: bool = False,
    ) -> None:
        """Unpack a tar stream (plain, gzip, bzip2 or xz) into directory ``path`` of the container.

        Never leaves the container's root, whatever links are there or are exchanged meanwhile.

        Raises:
            NotFound: no such directory.
            InvalidArgument: not a directory, not a tar, or a forbidden overwrite.
            PermissionDenied: the root file system or the mount is read-only.
        """
        await containers_copy.put_archive(
            self.engine,
            self.get(ref),
            path,
            chunks,
            ref=ref,
            no_overwrite_dir_non_dir=no_overwrite_dir_non_dir,
            copy_uid_gid=copy_uid_gid,
        )

    async def size(self, ref: str) -> ContainerSize:
        """Measure the writable layer and the whole root file system."""
        return await containers_diff.size(self.engine, self.get(ref))
