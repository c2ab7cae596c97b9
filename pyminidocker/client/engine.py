"""The engine, as an object to hold in a notebook.

engine = pyminidocker.connect()
print(engine.run("busybox", "echo hello"))
web = engine.run("busybox", "httpd -f -p 80", detach=True, name="web")
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal, Self, Unpack, overload

from pyminidocker.client.archives import Archived
from pyminidocker.client.builds import Builds
from pyminidocker.client.container import Container, collect, split_log
from pyminidocker.client.create_config import Command, CreateOptions, create_config, words
from pyminidocker.client.engine_client import EngineClient
from pyminidocker.client.image import Image
from pyminidocker.client.lab_limits import LabLimited
from pyminidocker.client.listing import CONTAINER_COLUMNS, IMAGE_COLUMNS
from pyminidocker.client.networked import Networked
from pyminidocker.client.registries import Registries
from pyminidocker.client.results import RunResult
from pyminidocker.client.table import Table, html_table
from pyminidocker.client.volume import Volume
from pyminidocker.client.wired import Wired
from pyminidocker.errors import NotFound


class Engine(Archived, Builds, LabLimited, Networked, Registries, Wired):
    """A running engine.

    Attributes:
        api: every call of the Engine API, with plain dictionaries (``EngineClient``).

    Args:
        host: an engine's name or ``unix:///path``; see ``EngineClient``.
    """

    def __init__(self, host: str | None = None) -> None:
        self.api = EngineClient(host)
        try:
            self.api.ping()
        except BaseException:
            self.api.close()
            raise

    @classmethod
    def of(cls, api: EngineClient) -> Self:
        """Return the engine behind calls that are there already."""
        self = cls.__new__(cls)
        self.api = api
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the engine and its containers go on."""
        self.api.close()

    # -- containers ----------------------------------------------------------------------------

    @overload
    def run(
        self,
        image: str,
        command: Command = None,
        *,
        detach: Literal[False] = False,
        remove: bool = True,
        stdin: bytes | str | None = None,
        **options: Unpack[CreateOptions],
    ) -> RunResult: ...

    @overload
    def run(
        self,
        image: str,
        command: Command = None,
        *,
        detach: Literal[True],
        remove: bool = False,
        **options: Unpack[CreateOptions],
    ) -> Container: ...

    def run(
        self,
        image: str,
        command: Command = None,
        *,
        detach: bool = False,
        remove: bool | None = None,
        stdin: bytes | str | None = None,
        **options: Unpack[CreateOptions],
    ) -> RunResult | Container:
        """Create a container, start it, and wait for what it says.

        Args:
            image: name or id.
            command: instead of the image's own; a list, or a string split as a shell would.
            detach: do not wait; return the Container.
            remove: delete the container when it has ended (by default when not detached).
            stdin: what to feed its standard input.
            options: as the CLI's, see ``CreateOptions``: name, env, volumes, workdir, user ...

        Returns:
            The output with ``.stdout``, ``.stderr`` and ``.exit_code``; or the Container.

        Raises:
            NotFound: no such image.
            InitError: the command could not be started.
        """
        config = create_config(image, command, options)
        if detach:
            if remove:
                config.setdefault("HostConfig", {})["AutoRemove"] = True
            container_id = self._create(config, options)
            container = Container(self.api, container_id)
            try:
                return container.start()
            except BaseException:
                container.remove(force=True, volumes=True)
                raise
        if stdin is not None:
            config.update({"OpenStdin": True, "StdinOnce": True, "AttachStdin": True})
        container_id = self._create(config, options)
        ended = False
        try:
            if stdin is None:
                out, err, exit_code = self._run_quietly(container_id, bool(config.get("Tty")))
            else:
                data = stdin.encode() if isinstance(stdin, str) else stdin
                out, err, exit_code = self._run_feeding(container_id, data)
            ended = True
        finally:
            if remove is not False or not ended:
                self.api.container_remove(container_id, force=not ended, volumes=True)
        return RunResult(out, err, exit_code, words(command))

    def _create(self, config: dict[str, Any], options: CreateOptions) -> str:
        """Create the container, in place of an older one when ``fresh``; return its id."""
        name = options.get("name", "")
        if name and options.get("fresh"):
            with suppress(NotFound):
                older = self.api.container_inspect(name)
                if older["Name"] == f"/{name}":  # and not one whose id begins like that
                    self.api.container_remove(older["Id"], force=True, volumes=True)
        return str(self.api.container_create(config, name=name)["Id"])

    def _run_quietly(self, container_id: str, tty: bool) -> tuple[bytes, bytes, int]:
        """Start, wait, then read the log: all on one connection."""
        self.api.container_start(container_id)
        exit_code = self.api.container_exit_code(container_id)
        body = self.api.call_bytes(
            f"/containers/{container_id}/logs", {"stdout": True, "stderr": True}
        )
        return *split_log(body, tty=tty), exit_code

    def _run_feeding(self, container_id: str, data: bytes) -> tuple[bytes, bytes, int]:
        """Attach before the start, so that the process finds its input waiting."""
        with self.api.container_attach(container_id, stdin=True) as stream:
            self.api.container_start(container_id)
            stream.send(data)
            stream.close_stdin()
            out, err = collect(stream.frames())
        return out, err, self.api.container_exit_code(container_id)

    def create(
        self, image: str, command: Command = None, **options: Unpack[CreateOptions]
    ) -> Container:
        """Create a container without starting it; options as for ``run``."""
        config = create_config(image, command, options)
        return Container(self.api, self._create(config, options))

    def container(self, ref: str) -> Container:
        """Return the container named ``ref`` (or with that id, or its beginning).

        Raises:
            NotFound: no such container.
        """
        attrs = self.api.container_inspect(ref)
        return Container(self.api, attrs["Id"], attrs)

    def containers(
        self,
        *,
        all: bool = False,  # noqa: A002 - as in docker ps --all
        filters: Mapping[str, list[str]] | None = None,
    ) -> Table[Container]:
        """Return the running containers, or all, newest first; shows itself as ``docker ps``."""
        listed = self.api.container_list(all=all, filters=filters)
        rows = {row["Id"]: row for row in listed}
        columns = [(title, _from(rows, cell)) for title, cell in CONTAINER_COLUMNS]
        return Table([Container(self.api, row["Id"]) for row in listed], columns)

    # -- images, volumes --------------------------------------------------------------------

    def image(self, ref: str) -> Image:
        """Return image ``ref``.

        Raises:
            NotFound: no such image.
        """
        return Image(self.api, ref, self.api.image_inspect(ref))

    def images(self) -> Table[dict[str, Any]]:
        """Return the images; shows itself as ``docker images``."""
        rows = [
            {**image, "Tag": tag}
            for image in self.api.image_list()
            for tag in image.get("RepoTags") or ["<none>:<none>"]
        ]
        return Table(rows, IMAGE_COLUMNS)

    def bootstrap(self, *names: str) -> Table[dict[str, Any]]:
        """Make base images here, without any registry (by default hello-world and busybox)."""
        for record in self.api.image_bootstrap(names or ("hello-world", "busybox")):
            if "error" in record:
                from pyminidocker.errors import MiniDockerError

                raise MiniDockerError(str(record["error"]), hint=str(record.get("hint", "")))
        return self.images()

    def compare(self, a: str, b: str, *, kind: str = "auto") -> dict[str, Any]:
        """Return what differs between two images, containers or stacks of layers."""
        return self.api.compare(a, b, kind=kind)

    def volume(self, name: str) -> Volume:
        """Return volume ``name``; made when it does not exist, as ``-v name:/path`` would."""
        return Volume(self.api, self.api.volume_create(name))

    def volumes(self) -> Table[Volume]:
        """Return the volumes."""
        columns = [("DRIVER", lambda v: v.attrs["Driver"]), ("VOLUME NAME", lambda v: v.name)]
        return Table([Volume(self.api, attrs) for attrs in self.api.volume_list()], columns)

    # -- the engine itself ---------------------------------------------------------------------

    def events(
        self, *, since: str = "", until: str = "", filters: Mapping[str, list[str]] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield what happens, from ``since`` until ``until`` (seconds since the epoch)."""
        return self.api.events(since=since, until=until, filters=filters)

    def info(self) -> dict[str, Any]:
        """Return facts about the engine and its host."""
        return self.api.info()

    def version(self) -> dict[str, Any]:
        """Return the versions of the engine and of its API."""
        return self.api.version()

    def terminal(self, target: Container | str, command: Command = None, **options: Any) -> Any:
        """Return an interactive terminal to show in the page.

        Args:
            target: a running container (a new process there), or an image's name (a new container,
                removed when the terminal ends).
            command: what to run; a shell by default.
            options: see ``widgets.open_terminal``.
        """
        from pyminidocker.widgets import open_terminal

        return open_terminal(self, target, words(command) or "sh", **options)

    def shutdown(self) -> None:
        """Stop all containers and the engine; the next call starts it again."""
        self.api.shutdown()
        self.close()

    def __repr__(self) -> str:
        return f"<Engine at unix://{self.api.socket_path}>"

    def _repr_html_(self) -> str:
        info = self.api.info()
        facts = [
            ["socket", f"unix://{self.api.socket_path}"],
            ["version", str(info["ServerVersion"])],
            ["containers", f"{info['Containers']} ({info['ContainersRunning']} running)"],
            ["images", str(info["Images"])],
        ]
        return html_table(["engine", ""], facts)


def _from(rows: dict[str, dict[str, Any]], cell: Any) -> Any:
    """Let a column read the listing's row of a container."""
    return lambda container: cell(rows[container.id])
