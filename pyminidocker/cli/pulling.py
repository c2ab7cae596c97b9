"""Getting images for ``pull``, and for ``run`` and ``create`` when they are missing."""

from __future__ import annotations

import sys

from pyminidocker.errors import MiniDockerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from pyminidocker.client.engine_client import EngineClient

# The engine makes these from what the machine has; no network is asked unless ``pull`` names them.
MADE_HERE = ("hello-world", "busybox", "python", "alpine")


def base_image(name: str) -> str:
    """Return which image that can be made here ``name`` means, or ""."""
    short = name.removeprefix("docker.io/").removeprefix("library/").removesuffix(":latest")
    return short if short in MADE_HERE else ""


def tagged(name: str) -> str:
    """Return ``name`` with the tag it stands for without one."""
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


def is_reference(name: str) -> bool:
    """Tell whether a registry could have ``name``: an image's id is nobody's name."""
    from pyminidocker.errors import InvalidArgument
    from pyminidocker.oci.reference import Reference, parse_any

    try:
        return isinstance(parse_any(name), Reference)
    except InvalidArgument:
        return False


def pull(
    engine: EngineClient,
    name: str,
    *,
    platform: str = "",
    quiet: bool = False,
    out: TextIO | None = None,
) -> None:
    """Pull one image, or all tags of a repository when ``name`` has neither tag nor digest.

    Raises:
        MiniDockerError: what the registry or the way to it said.
    """
    from pyminidocker.cli.progress import Progress, error_of
    from pyminidocker.client.credentials import find, key_of_image

    records = engine.image_pull(name, platform=platform, credentials=find(key_of_image(name)))
    with Progress(out, verb="Pulling") as progress:
        for record in records:
            if not quiet:
                progress.show(record)
            elif (error := error_of(record)) is not None:
                raise error


def obtain(engine: EngineClient, name: str, *, platform: str = "", quiet: bool = False) -> None:
    """Make or pull an image that ``run`` or ``create`` misses; progress goes to standard error.

    Raises:
        MiniDockerError: it cannot be had; says why, and what to do.
    """
    base = base_image(name)
    why_not = ""
    if base and not platform:
        why_not = _make(engine, base, quiet=quiet)
        if not why_not:
            return
    try:
        pull(engine, tagged(name), platform=platform, quiet=quiet, out=sys.stderr)
    except MiniDockerError as error:
        if why_not:
            error.hint = why_not
        raise


def _make(engine: EngineClient, name: str, *, quiet: bool) -> str:
    """Make a base image; return why it cannot be made, or ""."""
    for record in engine.image_bootstrap([name]):
        if "error" in record:
            return f"{record['error']}; {record.get('hint', '')}".rstrip("; ")
        if not quiet and str(record.get("status", "")).startswith("Ready"):
            print(f"{name}: made on this machine, without a registry", file=sys.stderr)
    return ""
