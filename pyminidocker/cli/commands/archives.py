"""``save``, ``load``, ``export`` and ``import``: images and file systems as tar archives."""

from __future__ import annotations

import os
import sys

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.commands.image_names import split_name
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.session import write_all
from pyminidocker.client.archive_files import read_archive, write_archive
from pyminidocker.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from pyminidocker.cli.progress import Progress
    from pyminidocker.client.connection import Response

_CHUNK = 1 << 18
_TO_TERMINAL = (
    "cowardly refusing to save to a terminal. Use the -o flag or redirect"  # Docker's words
)


def save(call: Invocation) -> int:
    """Write images into one archive."""
    return write(call.options["output"], lambda: call.engine.image_save(call.arguments))


def export(call: Invocation) -> int:
    """Write a container's file system into an archive."""
    name = call.arguments[0]
    return write(call.options["output"], lambda: call.engine.container_export(name))


def write(path: str, ask: Callable[[], Response]) -> int:
    """Write an answer to a file, or to standard output when ``path`` is empty.

    Raises:
        Failure: standard output is a terminal, or the file cannot be written.
    """
    if not path:
        if os.isatty(1):
            raise Failure(_TO_TERMINAL)
        with ask() as response:
            for chunk in response.chunks():
                write_all(1, chunk)
        return 0
    directory = os.path.dirname(path) or "."
    if not os.path.isdir(directory):
        raise Failure(
            f'invalid output path: directory "{os.path.abspath(directory)}" does not exist'
        )
    if os.path.isdir(path):
        raise Failure(f'invalid output path: "{path}" is a directory')
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # /dev/stdout, a pipe
            fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            with ask() as response:
                for chunk in response.chunks():
                    write_all(fd, chunk)
            os.close(fd)
        else:
            write_archive(ask(), path)
    except OSError as error:
        raise Failure(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
    return 0


def load(call: Invocation) -> int:
    """Take in the images of an archive."""
    from pyminidocker.cli.progress import Progress, follow

    options = call.options
    path = options["input"]
    if not path and os.isatty(0):
        raise Failure("requested load from stdin, but stdin is empty")
    with Progress(verb="Loading") as progress:
        pieces = archive(path, None if options["quiet"] or not path else progress)
        messages = call.engine.image_load(pieces, quiet=True)
        first = next(messages, None)
    if first is not None:
        follow(_from(first, messages))
    return 0


def _from(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def archive(path: str, progress: Progress | None) -> Iterator[bytes]:
    """Return a file's pieces, showing how much has gone out; standard input's for no path.

    Raises:
        Failure: there is no such file.
    """
    if not path:
        return _stdin()
    name = os.path.basename(path)

    def tell(done: int, size: int) -> None:
        if progress is not None and progress.mode != "plain":
            detail = {"current": done, "total": size}
            progress.show({"id": name, "status": "Loading", "progressDetail": detail})

    try:
        return read_archive(path, tell)
    except NotFound:
        raise Failure(f"open {path}: no such file or directory") from None
    except OSError as error:
        raise Failure(f"open {path}: {(error.strerror or str(error)).lower()}") from error


def _stdin() -> Iterator[bytes]:
    while data := os.read(0, _CHUNK):
        yield data


def import_(call: Invocation) -> int:
    """Make an image of a root file system."""
    from pyminidocker.cli.progress import Progress

    options = call.options
    source = call.arguments[0]
    repository, tag = split_name(call.arguments[1]) if len(call.arguments) > 1 else ("", "")
    given: Any = source
    if source == "-":
        given = archive("", None)
    elif not source.startswith(("http://", "https://")):
        given = archive(source, None)
    messages = call.engine.image_import(
        given,
        repo=repository,
        tag=tag,
        message=options["message"],
        changes=options["change"],
        platform=options["platform"],
    )
    with Progress(verb="Importing") as progress:
        for message in messages:
            progress.show(message)
    sys.stdout.flush()
    return 0


_OUTPUT = Option("-o, --output", "string", "Write to a file, instead of STDOUT")
SAVE = Command("[OPTIONS] IMAGE [IMAGE...]", (_OUTPUT,), save, 1, ANY)
EXPORT = Command("[OPTIONS] CONTAINER", (_OUTPUT,), export, 1, 1)
LOAD = Command(
    "[OPTIONS]",
    (
        Option("-i, --input", "string", "Read from tar archive file, instead of STDIN"),
        Option("-q, --quiet", "bool", "Suppress the load output"),
    ),
    load,
    description=(
        "Reads what 'save' of this and of other engines writes, OCI layouts in a tar,\n"
        "and both compressed by gzip, bzip2, xz or zstd."
    ),
)
IMPORT = Command(
    "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
    (
        Option("-c, --change", "list", "Apply Dockerfile instruction to the created image"),
        Option("-m, --message", "string", "Set commit message for imported image"),
        Option("--platform", "string", "Set platform if the image is for another machine"),
    ),
    import_,
    1,
    2,
)
