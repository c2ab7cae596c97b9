"""One container, as an object to hold in a notebook."""

import os
import select
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack

from pyminidocker.client.archive_files import write_archive
from pyminidocker.client.container_files import ContainerFiles
from pyminidocker.client.create_config import Command, pairs, words
from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.limited import Limited
from pyminidocker.client.network import Network, Place, places_of, ports_of
from pyminidocker.client.network_config import EndpointOptions, endpoint_config
from pyminidocker.client.results import RunResult
from pyminidocker.client.table import Table, html_table
from pyminidocker.client.watched import Watched
from pyminidocker.errors import NotFound, NotImplementedHere, NotModified
from pyminidocker.framing.stdcopy import STDERR, STDOUT, Demultiplexer
from pyminidocker.ids import short_id

if TYPE_CHECKING:
    from pyminidocker.client.confinement import Confinement
    from pyminidocker.client.image import Image


class Container(Limited, Watched, ContainerFiles):
    """A container of an engine.

    Works as a context manager that removes it at the end:
    ``with engine.create("busybox", "sleep 60") as box: ...``

    Args:
        api: the calls of its engine.
        container_id: its full id.
        attrs: what ``inspect`` says, when that is known already.
    """

    def __init__(
        self, api: EngineClient, container_id: str, attrs: dict[str, Any] | None = None
    ) -> None:
        self.api = api
        self.id = container_id
        self._attrs = attrs

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.remove(force=True, volumes=True)
        except NotFound:
            pass

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Container) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    # -- what is known -------------------------------------------------------------------------

    @property
    def attrs(self) -> dict[str, Any]:
        """What ``inspect`` said last; see ``reload``."""
        if self._attrs is None:
            self.reload()
        assert self._attrs is not None
        return self._attrs

    def reload(self) -> Self:
        """Ask the engine again and return self."""
        self._attrs = self.api.container_inspect(self.id)
        return self

    @property
    def short_id(self) -> str:
        """The first 12 digits of the id."""
        return short_id(self.id)

    @property
    def name(self) -> str:
        """Its name, without Docker's leading slash."""
        return str(self.reload().attrs["Name"]).removeprefix("/")

    @property
    def image(self) -> str:
        """The image it was made from, as it was named then."""
        return str(self.attrs["Config"]["Image"])

    @property
    def status(self) -> str:
        """created, running, paused, restarting, removing, exited or dead: asked now."""
        return str(self.reload().attrs["State"]["Status"])

    @property
    def exit_code(self) -> int:
        """The exit code of its last run: asked now."""
        return int(self.reload().attrs["State"]["ExitCode"])

    @property
    def pid(self) -> int:
        """Its first process as the host numbers it; 0 while it does not run."""
        return int(self.reload().attrs["State"]["Pid"])

    @property
    def networks(self) -> "Table[Place]":
        """Its networks, with its address on each: asked now."""
        return places_of(self.reload().attrs)

    @property
    def ip(self) -> str:
        """Its address on its first network; empty while it does not run."""
        return next((place.ip or place.ip6 for place in self.networks if place.ip or place.ip6), "")

    @property
    def ip_address(self) -> str:
        """The same as ``ip``."""
        return self.ip

    @property
    def ports(self) -> "Table[list[str]]":
        """Its published and exposed ports: asked now."""
        return ports_of(self.reload().attrs)

    def connect(self, network: "Network | str", **options: Unpack[EndpointOptions]) -> Self:
        """Connect it to a network and return self; see ``Network.connect``."""
        ref = network if isinstance(network, str) else network.id
        self.api.network_connect(ref, self.id, endpoint_config(options))
        return self

    def disconnect(self, network: "Network | str", *, force: bool = False) -> Self:
        """Disconnect it from a network and return self."""
        ref = network if isinstance(network, str) else network.id
        self.api.network_disconnect(ref, self.id, force=force)
        return self

    # -- its life ------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start it and return self; NotModified when it runs already."""
        try:
            self.api.container_start(self.id)
        except NotModified:  # 304 has no text
            raise NotModified(f"Container {self.name} is already started") from None
        return self

    def stop(self, timeout_s: int | None = None) -> Self:
        """Ask it to end (SIGTERM), after ``timeout_s`` (10) seconds end it; return self.

        Raises:
            NotModified: it does not run.
        """
        try:
            self.api.container_stop(self.id, timeout_s=timeout_s)
        except NotModified:
            raise NotModified(f"Container {self.name} is already stopped") from None
        return self

    def restart(self, timeout_s: int | None = None) -> Self:
        """Stop and start it; return self."""
        self.api.container_restart(self.id, timeout_s=timeout_s)
        return self

    def kill(self, signal: str = "SIGKILL") -> Self:
        """Send its first process a signal; return self."""
        self.api.container_kill(self.id, signal=signal)
        return self

    def wait(self, timeout_s: float | None = None) -> int:
        """Wait until it does not run and return its exit code.

        Raises:
            TimeoutError: it still runs after ``timeout_s`` seconds.
        """
        if timeout_s is None:
            return self.api.container_exit_code(self.id)
        pending = self.api.container_wait(self.id)
        try:
            poll = select.poll()
            poll.register(pending.fileno(), select.POLLIN)
            if not pending.answered and not poll.poll(timeout_s * 1000):
                raise TimeoutError(f"container {self.short_id} still runs after {timeout_s} s")
            return pending.result()
        finally:
            pending.close()

    def rename(self, name: str) -> Self:
        """Give it another name; return self."""
        self.api.container_rename(self.id, name)
        return self

    def remove(self, *, force: bool = False, volumes: bool = False) -> None:
        """Delete it; ``force`` kills it first, ``volumes`` deletes its anonymous volumes too."""
        self.api.container_remove(self.id, force=force, volumes=volumes)

    # -- what goes on inside -------------------------------------------------------------------

    def exec(
        self,
        command: Command,
        *,
        user: str = "",
        workdir: str = "",
        env: "dict[str, str] | list[str] | None" = None,
        tty: bool = False,
        privileged: bool = False,
        stdin: "bytes | str | None" = None,
    ) -> RunResult:
        """Run another command in the running container and wait for it.

        Args:
            command: a list, or a string that is split as a shell would.
            user: ``name``, ``uid`` or ``uid:gid``.
            workdir: where.
            env: additional environment.
            tty: give it a terminal.
            privileged: with all capabilities.
            stdin: what to feed its standard input.

        Raises:
            Conflict: the container does not run.
        """
        args = words(command) or []
        config: dict[str, Any] = {"Cmd": args, "AttachStdout": True, "AttachStderr": True}
        config.update({"User": user, "WorkingDir": workdir, "Tty": tty, "Privileged": privileged})
        config["AttachStdin"] = stdin is not None
        if env:
            config["Env"] = pairs(env)
        exec_id = self.api.exec_create(self.id, config)["Id"]
        with self.api.exec_start(exec_id, tty=tty) as stream:
            if stdin is not None:
                stream.send(stdin.encode() if isinstance(stdin, str) else stdin)
                stream.close_stdin()
            out, err = collect(stream.frames())
        exit_code = self.api.exec_inspect(exec_id)["ExitCode"]
        return RunResult(out, err, int(exit_code or 0), args)

    def logs(
        self,
        *,
        stdout: bool = True,
        stderr: bool = True,
        tail: "int | str" = "all",
        since: str = "",
        until: str = "",
        timestamps: bool = False,
    ) -> RunResult:
        """Return what it wrote so far."""
        with self.api.container_logs(
            self.id,
            stdout=stdout,
            stderr=stderr,
            tail=str(tail),
            since=since,
            until=until,
            timestamps=timestamps,
        ) as response:
            out, err = split_log(response.read(), tty=self.attrs["Config"]["Tty"])
        return RunResult(out, err)

    def follow(self) -> Iterator[str]:
        """Yield its output line by line, from the beginning, until it ends."""
        tty = self.attrs["Config"]["Tty"]
        demultiplexer, rest = Demultiplexer(), b""
        with self.api.container_logs(self.id, follow=True) as response:
            for chunk in response.chunks():
                pieces = [(STDOUT, chunk)] if tty else demultiplexer.feed(chunk)
                *lines, rest = (rest + b"".join(data for _, data in pieces)).split(b"\n")
                for line in lines:
                    yield line.decode("utf-8", "replace").rstrip("\r")
        if rest:
            yield rest.decode("utf-8", "replace")

    def confinement(self) -> "Confinement":
        """Return what holds its processes, tried now by one of them.

        Raises:
            Conflict: it does not run.
        """
        from pyminidocker.client.confinement import Confinement

        return Confinement.of(self.api.container_confinement(self.id))

    def diff(self) -> Table[dict[str, Any]]:
        """Return what differs from its image: C changed, A added, D deleted."""
        columns = [("KIND", lambda change: "CAD"[change["Kind"]]), ("PATH", lambda c: c["Path"])]
        return Table(self.api.container_diff(self.id), columns)

    def commit(
        self,
        repository: str = "",
        *,
        message: str = "",
        author: str = "",
        changes: Sequence[str] = (),
        pause: bool = True,
    ) -> "Image":
        """Make an image of its files and its configuration, without volumes.

        Args:
            repository: ``name[:tag]``; empty leaves it without one.
            message: for the image's history.
            author: who made it.
            changes: Dockerfile instructions for the image's configuration: ``CMD``, ``ENV``, ...
            pause: a running container stands still meanwhile, so that all files come from one
                moment.
        """
        from pyminidocker.client.image import Image

        repo, tag = split_tag(repository)
        made = self.api.commit(
            self.id,
            repo=repo,
            tag=tag,
            comment=message,
            author=author,
            changes=changes,
            pause=pause,
        )
        return Image(self.api, made["Id"])

    def checkpoint(self, name: str = "") -> NoReturn:
        """Refuse to write its processes' memory to disk, and say what stands in the way here.

        Docker's experimental ``checkpoint create`` has CRIU do it; asks ``criu check`` once.

        Raises:
            NotImplementedHere: always; see docs/decisions/0024-snapshots.md.
        """
        from pyminidocker.doctor.checkpoint import refusal

        why, instead = refusal()
        what = f"checkpoint {name} of" if name else "a checkpoint of"
        raise NotImplementedHere(f"{what} container {self.short_id}: {why}", hint=instead)

    def export(self, path: "str | os.PathLike[str]") -> str:
        """Write its whole file system into a tar file, without volumes; return the path.

        ``Engine.import_image`` makes an image of one layer of it.
        """
        return write_archive(self.api.container_export(self.id), path)

    def terminal(self, command: Command = None, **options: Any) -> Any:
        """Return an interactive terminal in this running container; see ``Engine.terminal``."""
        from pyminidocker.client.engine import Engine

        return Engine.of(self.api).terminal(self, command, **options)

    # -- how it looks --------------------------------------------------------------------------

    def _facts(self) -> list[list[str]]:
        try:
            attrs = self.reload().attrs
        except NotFound:
            return [["id", self.short_id], ["status", "removed"]]
        state = attrs["State"]
        status = state["Status"]
        if status == "exited":
            status += f" ({state['ExitCode']})"
        command = " ".join([attrs["Path"], *(attrs["Args"] or [])])
        return [
            ["id", self.short_id],
            ["name", attrs["Name"].removeprefix("/")],
            ["image", attrs["Config"]["Image"]],
            ["command", command],
            ["status", status],
        ]

    def __repr__(self) -> str:
        return "<Container " + ", ".join(f"{key}: {value}" for key, value in self._facts()) + ">"

    def _repr_html_(self) -> str:
        return html_table(["container", ""], self._facts())


def collect(frames: "Iterator[tuple[int, bytes]]") -> tuple[bytes, bytes]:
    """Return all of stdout and all of stderr."""
    out: list[bytes] = []
    err: list[bytes] = []
    for stream, data in frames:
        (err if stream == STDERR else out).append(data)
    return b"".join(out), b"".join(err)


def split_log(body: bytes, *, tty: bool) -> tuple[bytes, bytes]:
    """Return stdout and stderr of a log answer; with a terminal everything is stdout."""
    if tty:
        return body, b""
    return collect(iter(Demultiplexer().feed(body)))


def split_tag(reference: str) -> tuple[str, str]:
    """Cut ``host:5000/name:tag`` into name and tag ("" when it has none)."""
    name, colon, tag = reference.rpartition(":")
    if not colon or "/" in tag:
        return reference, ""
    return name, tag
