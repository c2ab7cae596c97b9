"""A registry of our own, as an object to hold in a notebook.

    registry = pyminidocker.serve_registry()
    engine.push(f"{registry.address}/app:1")
    print(registry.traffic())
    registry.stop()

See: docs/decisions/0019.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from pyminidocker.client import registry_start
from pyminidocker.client.registry_start import REGISTRIES, Plan
from pyminidocker.client.registry_traffic import Traffic, requests_table
from pyminidocker.client.table import Table, html_table
from pyminidocker.errors import InvalidArgument, NotFound
from pyminidocker.units import human_size


def running_registry(name: str) -> RegistryServer:
    """Return the registry of that name that runs; it is not started, nor held.

    Raises:
        NotFound: there is none.
    """
    return RegistryServer(REGISTRIES.ask(name))


def serve_registry(
    root: str | os.PathLike[str] | None = None,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    name: str = "",
    fresh: bool = False,
    read_only: bool = False,
    users: Mapping[str, str] | None = None,
    detached: bool = False,
) -> RegistryServer:
    """Start a registry; it ends with this process.

    Args:
        root: the directory of its content; by default an empty one that is removed at its end.
        port: TCP port; 0 takes a free one.
        host: address to listen at; ``"0.0.0.0"`` lets other machines in.
        name: what it is called.  Where a registry of that name runs, that one is returned.
        fresh: stop the one of that name first; one without ``root`` begins empty.
        read_only: refuse everything that changes it.
        users: name -> password of those who may use it; by default everybody may.
        detached: let it outlive this process.

    Raises:
        Conflict: the port is taken, or another registry changes that directory.
        InvalidArgument: a name or address that makes no sense.
        Unavailable: its process could not be started.
    """
    if name and fresh:
        registry_start.stop(name)
    elif name:
        with suppress(NotFound):
            return RegistryServer(REGISTRIES.ask(name) if detached else registry_start.join(name))
    plan = Plan(
        os.fspath(root) if root is not None else "",
        host=host,
        port=port,
        name=name,
        read_only=read_only,
        users=users or {},
    )
    return RegistryServer(registry_start.start(plan, detached=detached))


class RegistryServer:
    """A registry that runs.

    Attributes:
        name: what it is called.
        address: ``127.0.0.1:PORT``, the first part of the names of its images.
        root: the directory of its content.
        pid: its process.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self.name: str = state["Name"]
        self.address: str = state["Address"]
        self.root = Path(state["Root"])
        self.pid: int = state["Pid"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        try:
            return bool(self._ask()["Pid"] == self.pid)
        except NotFound:
            return False

    def _ask(self, request: Mapping[str, object] | None = None) -> dict[str, Any]:
        return REGISTRIES.ask(self.name, request)

    def stop(self) -> None:
        """End it; a directory of its own goes with it.  Once is enough, twice is fine."""
        if self.is_up:
            registry_start.stop(self.name)

    def clear(self) -> None:
        """Remove everything in it, so that what is pushed next is new to it.

        Raises:
            InvalidArgument: it is read-only.
            NotFound: it does not run any more.
        """
        self._ask({"clear": True})

    def path_of(self, digest: str) -> Path:
        """Return the file that holds the content with that digest.

        Raises:
            InvalidArgument: not a digest.
            NotFound: there is no such content.
        """
        algorithm, colon, hex_part = digest.partition(":")
        if not colon or not algorithm.isalnum() or not hex_part.isalnum():
            raise InvalidArgument(f"not a digest: {digest}")
        blobs = self.root / "docker/registry/v2/blobs"
        path = blobs / algorithm / hex_part[:2] / hex_part / "data"
        if not path.exists():
            raise NotFound(f"the registry {self.name} has no {digest}")
        return path

    def requests(self) -> Table[dict[str, Any]]:
        """Return what it was asked, oldest first, and how many bytes of content went each way."""
        return requests_table(self._ask({"requests": 0})["Requests"])

    def traffic(self) -> Traffic:
        """Return how many bytes of content went in and out since its start."""
        return Traffic(self._ask()["Traffic"])

    @contextmanager
    def counting(self) -> Iterator[Traffic]:
        """Count what goes in and out while the block runs; the figures are there at its end."""
        before = self._ask({"requests": 0})
        seen = max((one["Number"] for one in before["Requests"]), default=0)
        moved = Traffic([])
        try:
            yield moved
        finally:
            after = self._ask({"requests": seen})
            moved.become(Traffic(after["Traffic"]) - Traffic(before["Traffic"]))
            moved.requests = requests_table(after["Requests"])

    def repositories(self, user: str = "") -> Table[dict[str, Any]]:
        """Return what is in it, tag by tag; asking for it shows in ``requests``.

        Args:
            user: ``NAME:PASSWORD``, where the registry has users.
        """
        from pyminidocker.client.registry_list import contents

        return Table(
            contents(self.address, user),
            [
                ("REPOSITORY", lambda one: str(one["Repository"])),
                ("TAG", lambda one: str(one["Tag"])),
                ("DIGEST", lambda one: str(one["Digest"])[:19]),
                ("SIZE", lambda one: human_size(one["Size"])),
            ],
        )

    def __repr__(self) -> str:
        if not self.is_up:
            return f"<RegistryServer {self.name}: stopped>"
        how = ", read-only" if self._state["IsReadOnly"] else ""
        return f"<RegistryServer {self.name} at {self.address}: {self.root}{how}>"

    def _repr_html_(self) -> str:
        if not self.is_up:
            return html_table(["registry", self.name], [["", "stopped"]])
        traffic = self.traffic()
        rows = [
            ["address", self.address],
            ["directory", str(self.root)],
            ["pushed", human_size(traffic.pushed_bytes)],
            ["pulled", human_size(traffic.pulled_bytes)],
        ]
        return html_table(["registry", self.name], rows)
