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
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pyminidocker.client.table import Table
from pyminidocker.errors import NotImplementedHere


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
        fresh: stop the one of that name first, and begin with an empty one.
        read_only: refuse everything that changes it.
        users: name -> password of those who may use it; by default everybody may.
        detached: let it outlive this process.

    Raises:
        Conflict: the port is taken, or another registry uses that directory.
        InvalidArgument: a name or address that makes no sense.
        Unavailable: its process could not be started.
    """
    raise NotImplementedHere("this release has no registry server yet")


class RegistryServer:
    """A registry that runs.

    Attributes:
        name: what it is called.
        address: ``127.0.0.1:PORT``, the first part of the names of its images.
        root: the directory of its content.
    """

    name: str
    address: str
    root: Path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        raise NotImplementedHere("this release has no registry server yet")

    def stop(self) -> None:
        """End it; a directory of its own goes with it."""
        raise NotImplementedHere("this release has no registry server yet")

    def path_of(self, digest: str) -> Path:
        """Return the file that holds the content with that digest, e.g. to damage it."""
        raise NotImplementedHere("this release has no registry server yet")

    def requests(self) -> Table[dict[str, Any]]:
        """Return what it was asked, oldest first: METHOD, PATH, STATUS, and bytes each way."""
        raise NotImplementedHere("this release has no registry server yet")

    def traffic(self) -> Traffic:
        """Return how many bytes of content went in and out since its start."""
        raise NotImplementedHere("this release has no registry server yet")

    @contextmanager
    def counting(self) -> Iterator[Traffic]:
        """Count what goes in and out while the block runs; the figures are there at its end."""
        raise NotImplementedHere("this release has no registry server yet")
        yield Traffic([])

    def repositories(self) -> Table[dict[str, Any]]:
        """Return what is in it: repository, tag, digest, size."""
        raise NotImplementedHere("this release has no registry server yet")


class Traffic:
    """Bytes of content by kind of request; heads and lines of HTTP do not count.

    Attributes:
        pushed_bytes: into the registry.
        pulled_bytes: out of the registry.
        count: number of requests.
    """

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.pushed_bytes = sum(row["Received"] for row in rows)
        self.pulled_bytes = sum(row["Sent"] for row in rows)
        self.count = sum(row["Requests"] for row in rows)
