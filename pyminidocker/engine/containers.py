"""The container service: what can be done to containers, one verb per method.

The verbs themselves live in ``containers_<verb>.py``; this file is their table of contents.
``ref`` is always a full id, a name, or the beginning of an id, as with Docker.

Errors all verbs share: ``NotFound`` ("No such container: x") and ``InvalidArgument`` when an id
prefix fits several containers.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyminidocker.engine import (
    containers_attach,
    containers_create,
    containers_filter,
    containers_load,
    containers_pause,
    containers_remove,
    containers_rename,
    containers_restart,
    containers_start,
    containers_stop,
    containers_top,
    containers_update,
)
from pyminidocker.engine.attachment import Attachment
from pyminidocker.engine.container import Container
from pyminidocker.engine.containers_files import ContainersFiles
from pyminidocker.engine.index import Index
from pyminidocker.engine.records import (
    ContainerConfig,
    EndpointRecord,
    HostOptions,
    LogRecord,
    RestartPolicy,
)
from pyminidocker.engine.resources import Resources
from pyminidocker.engine.results import (
    PruneReport,
    TopResult,
    WaitResult,
)
from pyminidocker.errors import NotFound
from pyminidocker.images.records import Image

if TYPE_CHECKING:
    from pyminidocker.engine.engine import Engine

Filters = Mapping[str, Sequence[str]]
ContainerList = list[Container]
Strings = list[str]


class Containers(ContainersFiles):
    """All containers of an engine."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.index = Index()

    def load(self) -> None:
        """Read all records from disk; sweep directories that have none (see containers_load)."""
        containers_load.load(self.engine)

    def remove_soon(self, container: Container) -> None:
        """Remove a ``--rm`` container as soon as whoever holds it lets go."""
        self.engine.background(containers_remove.auto_remove(self.engine, container))

    async def stop_all(self, timeout_s: float) -> None:
        """End all containers because the engine ends; policies start them again with the next."""
        await containers_stop.stop_all(self.engine, timeout_s)

    def restart_after(self, container: Container, delay_s: float) -> None:
        """Start a container again in ``delay_s`` seconds, as its policy wants."""
        containers_restart.schedule(self.engine, container, delay_s)

    def get(self, ref: str) -> Container:
        """Return the container ``ref`` means.

        Raises:
            NotFound: there is none.
            InvalidArgument: the prefix is not unique.
        """
        return self.index.find(ref)

    def list(
        self,
        *,
        all: bool = False,  # noqa: A002
        limit: int = 0,
        filters: Filters | None = None,
    ) -> ContainerList:
        """Return containers, newest first.

        Args:
            all: also those that do not run.
            limit: at most so many of the newest, running or not; 0 = no limit.
            filters: Docker's: status, name, id, label, ancestor, exited, network, volume, before,
                since, health, is-task, publish, expose.

        Raises:
            InvalidArgument: an unknown filter or value.
        """
        return containers_filter.select(self.engine, shows_all=all, limit=limit, filters=filters)

    async def create(
        self,
        config: ContainerConfig,
        host: HostOptions,
        *,
        endpoints: Mapping[str, EndpointRecord] | None = None,
        name: str = "",
        of: Image | None = None,
        purpose: str = "",
    ) -> tuple[Container, Strings]:
        """Make a container; returns it and Docker's warnings.

        ``config`` is what the user gave; the image's defaults are merged in here.  A build gives
        the image itself (``of``, see ``Images.lend``) and says so (``purpose``).

        Raises:
            NotFound: no such image.
            Conflict: the name is in use.
            InvalidArgument: contradicting or malformed options.
            NotImplementedHere: published ports, resource limits, other drivers.
        """
        more = (endpoints, name, of, purpose)
        return await containers_create.create(self.engine, config, host, *more)

    async def start(self, ref: str) -> None:
        """Start a created or exited container.

        Raises:
            NotModified: it runs already.
            Conflict: it is being removed, or is paused.
            InitError: the first process could not be started (exit code 126 or 127 recorded).
        """
        await containers_start.start(self.engine, self.get(ref), ref)

    async def stop(self, ref: str, *, timeout_s: float | None = None, signal: str = "") -> None:
        """Send the stop signal, wait ``timeout_s`` (default: the container's, else 10), SIGKILL.

        Raises:
            NotModified: it does not run.
        """
        await containers_stop.stop(self.engine, self.get(ref), timeout_s, signal)

    async def restart(self, ref: str, *, timeout_s: float | None = None, signal: str = "") -> None:
        """Stop if running, then start."""
        await containers_stop.restart(self.engine, self.get(ref), timeout_s, signal)

    async def kill(self, ref: str, *, signal: str = "SIGKILL") -> None:
        """Send ``signal`` (name with or without SIG, or number) to the first process.

        Returns when the signal was sent; for SIGKILL when the container ended (as dockerd).

        Raises:
            NotFound: there is none.
            Conflict: it does not run.
            InvalidArgument: no such signal.
        """
        try:
            container = self.get(ref)
        except NotFound as error:
            raise NotFound(f"Cannot kill container: {ref}: {error}") from error
        await containers_stop.kill(self.engine, container, signal, ref)

    async def pause(self, ref: str) -> None:
        """Freeze all processes of a container where they are.

        Raises:
            Conflict: it does not run, or is paused already.
            NotImplementedHere: this host has no freezer for us.
            SystemFailure: a process cannot be frozen.
        """
        await containers_pause.pause(self.engine, self.get(ref))

    async def unpause(self, ref: str) -> None:
        """Let a paused container go on.

        Raises:
            SystemFailure: it is not paused (moby answers so).
        """
        await containers_pause.unpause(self.engine, self.get(ref))

    async def remove(self, ref: str, *, force: bool = False, volumes: bool = False) -> None:
        """Delete a container with its log and its writable layer.

        Args:
            ref: which.
            force: kill it first when it runs.
            volumes: also its anonymous volumes.

        Raises:
            Conflict: it runs and ``force`` is not set, or its removal is in progress already.
        """
        await containers_remove.remove(self.engine, self.get(ref), force=force, volumes=volumes)

    def rename(self, ref: str, new_name: str) -> None:
        """Give a container another name.

        Raises:
            Conflict: the name is in use.
            InvalidArgument: empty, malformed or unchanged name.
        """
        containers_rename.rename(self.engine, self.get(ref), new_name)

    def wait(self, ref: str, *, condition: str = "not-running") -> "asyncio.Future[WaitResult]":
        """Return a future of the container's end; registered when this returns.

        Args:
            ref: which.
            condition: ``not-running`` (at once when it does not run), ``next-exit``, ``removed``.
        """
        return containers_attach.wait(self.get(ref), condition)

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
        return await containers_attach.attach(
            self.engine,
            self.get(ref),
            ref=ref,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            logs=logs,
            stream=stream,
            detach_keys=detach_keys,
        )

    def resize(self, ref: str, *, rows: int, cols: int) -> None:
        """Set the size of the container's terminal.

        Raises:
            Conflict: the container does not run.
        """
        containers_attach.resize(self.engine, self.get(ref), rows, cols)

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
        return containers_attach.logs(
            self.get(ref),
            stdout=stdout,
            stderr=stderr,
            since=since,
            until=until,
            tail=tail,
            follow=follow,
        )

    async def top(self, ref: str, ps_args: str = "") -> TopResult:
        """List the processes in a container, with ps's titles; default ``-ef``.

        Raises:
            Conflict: the container does not run.
            InvalidArgument: unsupported ps arguments.
        """
        return await containers_top.top(self.engine, self.get(ref), ps_args)

    async def update(
        self,
        ref: str,
        *,
        restart: RestartPolicy | None = None,
        resources: Resources | None = None,
    ) -> Strings:
        """Change a container's restart policy and limits, running or not; returns warnings.

        Raises:
            Conflict: ``auto_remove`` is set, or limits contradict those that are there.
            InvalidArgument: a limit makes no sense, or the kernel does not take it.
            NotImplementedHere: this host cannot enforce a limit.
        """
        asked = resources or Resources()
        return await containers_update.update(self.engine, self.get(ref), restart, asked)

    async def prune(self, filters: Filters | None = None) -> PruneReport:
        """Remove all containers that do not run (filters: until, label, label!)."""
        return await containers_remove.prune(self.engine, filters)
