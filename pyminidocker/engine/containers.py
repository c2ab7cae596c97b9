"""The container service: what can be done to containers, one verb per method.

The verbs themselves live in ``containers_<verb>.py``; this file is their table of contents.
``ref`` is always a full id, a name, or the beginning of an id, as with Docker.

Errors all verbs share: ``NotFound`` ("No such container: x") and ``InvalidArgument`` when an id
prefix fits several containers.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine.container import Container
from pyminidocker.engine.records import (
    ContainerConfig,
    EndpointRecord,
    HostOptions,
    LogRecord,
    RestartPolicy,
)
from pyminidocker.engine.results import (
    Change,
    ContainerSize,
    PathStat,
    PruneReport,
    TopResult,
    WaitResult,
)
from pyminidocker.engine.streams import Attachment

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]


class Containers:
    """All containers of an engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine

    def get(self, ref: str) -> Container:
        """Return the container ``ref`` means.

        Raises:
            NotFound: there is none.
            InvalidArgument: the prefix is not unique.
        """
        raise NotImplementedError

    def list(
        self, *, all: bool = False, limit: int = 0, filters: Filters | None = None
    ) -> "list[Container]":
        """Return containers, newest first.

        Args:
            all: also those that do not run.
            limit: at most so many of the newest, running or not; 0 = no limit.
            filters: Docker's: status, name, id, label, ancestor, exited, network, volume, before,
                since, health, is-task, publish, expose.

        Raises:
            InvalidArgument: an unknown filter or value.
        """
        raise NotImplementedError

    async def create(
        self,
        config: ContainerConfig,
        host: HostOptions,
        *,
        endpoints: Mapping[str, EndpointRecord] | None = None,
        name: str = "",
    ) -> tuple[Container, "list[str]"]:
        """Make a container; returns it and Docker's warnings.

        ``config`` is what the user gave; the image's defaults are merged in here.

        Raises:
            NotFound: no such image.
            Conflict: the name is in use.
            InvalidArgument: contradicting or malformed options.
            NotImplementedHere: published ports, resource limits, other drivers.
        """
        raise NotImplementedError

    async def start(self, ref: str) -> None:
        """Start a created or exited container.

        Raises:
            NotModified: it runs already.
            Conflict: it is being removed, or is paused.
            InitError: the first process could not be started (exit code 126 or 127 recorded).
        """
        raise NotImplementedError

    async def stop(self, ref: str, *, timeout_s: float | None = None, signal: str = "") -> None:
        """Send the stop signal, wait ``timeout_s`` (default: the container's, else 10), SIGKILL.

        Raises:
            NotModified: it does not run.
        """
        raise NotImplementedError

    async def restart(self, ref: str, *, timeout_s: float | None = None, signal: str = "") -> None:
        """Stop if running, then start."""
        raise NotImplementedError

    async def kill(self, ref: str, *, signal: str = "SIGKILL") -> None:
        """Send ``signal`` (name with or without SIG, or number) to the first process.

        Returns when the signal was sent; for SIGKILL when the container ended (as dockerd).

        Raises:
            Conflict: it does not run.
            InvalidArgument: no such signal.
        """
        raise NotImplementedError

    async def remove(self, ref: str, *, force: bool = False, volumes: bool = False) -> None:
        """Delete a container with its log and its writable layer.

        Args:
            ref: which.
            force: kill it first when it runs.
            volumes: also its anonymous volumes.

        Raises:
            Conflict: it runs and ``force`` is not set, or its removal is in progress already.
        """
        raise NotImplementedError

    def rename(self, ref: str, new_name: str) -> None:
        """Give a container another name.

        Raises:
            Conflict: the name is in use.
            InvalidArgument: empty, malformed or unchanged name.
        """
        raise NotImplementedError

    def wait(self, ref: str, *, condition: str = "not-running") -> "asyncio.Future[WaitResult]":
        """Return a future of the container's end; registered when this returns.

        Args:
            ref: which.
            condition: ``not-running`` (at once when it does not run), ``next-exit``, ``removed``.
        """
        raise NotImplementedError

    async def attach(
        self,
        ref: str,
        *,
        stdin: bool = False,
        stdout: bool = True,
        stderr: bool = True,
        logs: bool = False,
        stream: bool = True,
        detach_keys: str = "",
    ) -> Attachment:
        """Connect to a container's streams; nothing written after this returned is lost.

        Args:
            ref: which; may not run yet.
            stdin: take input (needs the container's ``open_stdin``).
            stdout: give out stdout.
            stderr: give out stderr.
            logs: first replay the log.
            stream: then follow the running process; False ends after the log.
            detach_keys: e.g. ``ctrl-p,ctrl-q`` (the default with an empty string).

        Raises:
            Conflict: the container is paused.
            InvalidArgument: malformed detach keys.
        """
        raise NotImplementedError

    def resize(self, ref: str, *, rows: int, cols: int) -> None:
        """Set the size of the container's terminal.

        Raises:
            Conflict: the container does not run.
        """
        raise NotImplementedError

    def logs(
        self,
        ref: str,
        *,
        stdout: bool = True,
        stderr: bool = True,
        since: float = 0.0,
        until: float = 0.0,
        tail: int = -1,
        follow: bool = False,
    ) -> AsyncIterator[LogRecord]:
        """Iterate over the log; ``LogRecord.data`` ends with a newline unless it is a partial line.

        The container is looked up when this is called, not at the first iteration.

        Args:
            ref: which.
            stdout: include stdout.
            stderr: include stderr.
            since: only from this time on, seconds since the epoch; 0 = all.
            until: only up to this time; 0 = no end.
            tail: only the last so many lines before following; -1 = all.
            follow: go on until the container ends.

        Raises:
            InvalidArgument: neither stdout nor stderr wanted.
        """
        raise NotImplementedError

    async def top(self, ref: str, ps_args: str = "") -> TopResult:
        """List the processes in a container, with ps's titles; default ``-ef``.

        Raises:
            Conflict: the container does not run.
            InvalidArgument: unsupported ps arguments.
        """
        raise NotImplementedError

    async def diff(self, ref: str) -> "list[Change]":
        """Return what the container changed relative to its image, sorted by path."""
        raise NotImplementedError

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
    ) -> str:
        """Make an image from a container; returns its id (``sha256:...``).

        Args:
            ref: which.
            repository: name to tag it with; may be empty.
            tag: defaults to ``latest`` when there is a repository.
            author: for the image's config.
            comment: for the image's history.
            changes: Dockerfile lines: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, USER, VOLUME,
                WORKDIR.
            config: overrides parts of the container's config.

        Raises:
            InvalidArgument: a malformed change or name.
        """
        raise NotImplementedError

    async def export(self, ref: str) -> AsyncIterator[bytes]:
        """Return the whole root file system as a tar stream."""
        raise NotImplementedError

    async def stat_path(self, ref: str, path: str) -> PathStat:
        """Describe ``path`` in the container, running or not; the last link is not followed.

        Raises:
            NotFound: "Could not find the file <path> in container <ref>".
        """
        raise NotImplementedError

    async def get_archive(self, ref: str, path: str) -> tuple[PathStat, AsyncIterator[bytes]]:
        """Return ``path`` as a tar stream, named by its last component.

        Raises:
            NotFound: as ``stat_path``.
        """
        raise NotImplementedError

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
        raise NotImplementedError

    def update(self, ref: str, *, restart: RestartPolicy | None = None) -> "list[str]":
        """Change a container's restart policy; returns warnings.

        Raises:
            Conflict: ``auto_remove`` is set.
        """
        raise NotImplementedError

    async def size(self, ref: str) -> ContainerSize:
        """Measure the writable layer and the whole root file system."""
        raise NotImplementedError

    async def prune(self, filters: Filters | None = None) -> PruneReport:
        """Remove all containers that do not run (filters: until, label, label!)."""
        raise NotImplementedError
