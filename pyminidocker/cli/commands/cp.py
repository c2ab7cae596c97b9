"""``cp``: files between a container and here, both ways, running or not."""

from __future__ import annotations

import os
import stat
import sys

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.local_files import pack, unpack
from pyminidocker.cli.session import write_all
from pyminidocker.errors import NotFound
from pyminidocker.units import human_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from pyminidocker.client.engine_client import EngineClient

_CHUNK = 1 << 16
_GO_DIRECTORY = 1 << 31  # os.ModeDir of Go's os.FileMode, which the API sends
_GO_LINK = 1 << 27


def split(argument: str) -> tuple[str, str]:
    """Return (container or "", path) of "web:/etc/hosts", "./a:b" or "/a:b"."""
    if argument.startswith("/"):
        return "", argument
    container, colon, path = argument.partition(":")
    if not colon or container.startswith("."):
        return "", argument
    return container, path


def cp(call: Invocation) -> int:
    """Copy, in the direction that the container's name shows."""
    (source_container, source), (target_container, target) = map(split, call.arguments)
    if not source:
        raise Failure("source can not be empty")
    if not target:
        raise Failure("destination can not be empty")
    if source_container and target_container:
        raise Failure("copying between containers is not supported")
    if source_container:
        size = _from_container(call, source_container, source, target)
    elif target_container:
        size = _to_container(call, target_container, source, target)
    else:
        raise Failure("must specify at least one container source")
    if os.isatty(1) and not call.options["quiet"] and "-" not in (source, target):
        print(f"Successfully copied {human_size(size)} to {call.arguments[1]}", file=sys.stderr)
    return 0


def base_name(path: str) -> str:
    """Return what an archive of ``path`` calls it: "." for "dir/." (its contents)."""
    if path in (".", "..") or path.endswith(("/.", "/..")):
        return "."
    return os.path.basename(path.rstrip("/")) or "/"


def plan(
    base: str, target: str, *, source_is_dir: bool, exists: bool, is_dir: bool
) -> tuple[str, str]:
    """Decide as ``cp -r`` does; return (directory to unpack in, name to give the source there).

    Raises:
        Failure: a directory cannot replace a file, or the directory asked for is not there.
    """
    if exists and is_dir:
        return target, base
    parent, name = os.path.split(target.rstrip("/"))
    if exists and source_is_dir:
        raise Failure("cannot copy directory")
    if not exists and target.endswith("/") and not source_is_dir:
        raise Failure("no such directory")
    return parent or ("/" if target.startswith("/") else "."), name


def _from_container(call: Invocation, container: str, source: str, target: str) -> int:
    engine, options = call.engine, call.options
    if options["follow-link"]:
        source = _followed(engine, container, source)
    facts, response = engine.archive_get(container, source)
    with response:
        if target == "-":
            sys.stdout.flush()
            for piece in response.chunks():
                write_all(1, piece)
            return 0
        base = base_name(source)
        is_dir = bool(int(facts["mode"]) & _GO_DIRECTORY)
        directory, name = plan(
            base,
            target,
            source_is_dir=is_dir,
            exists=os.path.lexists(target),
            is_dir=os.path.isdir(target),
        )
        if not os.path.isdir(directory):
            raise Failure(
                f'invalid output path: directory "{os.path.abspath(directory)}" does not exist'
            )
        owners = bool(options["archive"]) and os.getuid() == 0
        return unpack(response.chunks(), directory, base, name, owners=owners)


def _followed(engine: EngineClient, container: str, path: str) -> str:
    facts = engine.archive_stat(container, path)
    link = str(facts.get("linkTarget") or "")
    if not int(facts["mode"]) & _GO_LINK or not link:
        return path
    return link if link.startswith("/") else os.path.join(os.path.dirname(path), link)


def _to_container(call: Invocation, container: str, source: str, target: str) -> int:
    engine, options = call.engine, call.options
    target = target if target.startswith("/") else f"/{target}"
    facts = _target_facts(engine, container, target)
    if source == "-":
        if facts is None or not int(facts["mode"]) & _GO_DIRECTORY:
            raise Failure(f'destination "{container}:{target}" must be a directory')
        engine.archive_put(container, target, _stdin(), copy_uid_gid=options["archive"])
        return 0
    follow = bool(options["follow-link"]) or source.endswith("/")
    try:
        mode = (os.stat(source) if follow else os.lstat(source)).st_mode
    except OSError as error:
        why = (error.strerror or "").lower()
        raise Failure(f"lstat {os.path.abspath(source)}: {why}") from error
    base = base_name(source)
    directory, name = plan(
        base,
        target,
        source_is_dir=stat.S_ISDIR(mode),
        exists=facts is not None,
        is_dir=facts is not None and bool(int(facts["mode"]) & _GO_DIRECTORY),
    )
    counted = _Counted(pack(source, name, follow=follow))
    engine.archive_put(
        container,
        directory,
        counted,
        no_overwrite_dir_non_dir=True,
        copy_uid_gid=options["archive"],
    )
    return counted.size


def _target_facts(engine: EngineClient, container: str, path: str) -> dict[str, Any] | None:
    """Return what stands at ``path``, through a link; None when nothing does.

    Raises:
        NotFound: there is no such container.
    """
    try:
        facts = engine.archive_stat(container, path)
        if int(facts["mode"]) & _GO_LINK and facts.get("linkTarget"):
            facts = engine.archive_stat(container, str(facts["linkTarget"]))
    except NotFound:
        engine.container_inspect(container)  # a HEAD cannot say which of the two is missing
        return None
    return facts


def _stdin() -> Iterator[bytes]:
    while data := os.read(0, _CHUNK):
        yield data


class _Counted:
    """Pieces, and how many bytes went through."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size += len(piece)
            yield piece


CP = Command(
    "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
    (
        Option("-a, --archive", "bool", "Archive mode (copy all uid/gid information)"),
        Option("-L, --follow-link", "bool", "Always follow symbol link in SRC_PATH"),
        Option("-q, --quiet", "bool", "Suppress the line about what was copied"),
    ),
    cp,
    2,
    2,
    description=(
        "Use '-' as the source to read a tar archive from stdin\n"
        "and extract it to a directory destination in a container.\n"
        "Use '-' as the destination to stream a tar archive of a\n"
        "container source to stdout."
    ),
)
