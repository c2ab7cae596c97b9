"""``run`` and ``create``."""

from __future__ import annotations

import os
import sys

from pyminidocker.cli import attached
from pyminidocker.cli.command import ANY, Command, Invocation
from pyminidocker.cli.exit_codes import RUN_FAILED
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.run_config import attached_streams, create_body
from pyminidocker.cli.run_options import COMMON, ONLY_RUN
from pyminidocker.errors import MiniDockerError, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]

_POLICIES = 'must be one of "always", "missing" or "never"'
ARGUMENTS = "[OPTIONS] IMAGE [COMMAND] [ARG...]"


def create(call: Invocation) -> int:
    """Make a container and print its id."""
    print(_create(call))
    return 0


def run(call: Invocation) -> int:
    """Make a container, start it, and unless ``-d`` stay with it to its end."""
    options = call.options
    detach = options["detach"]
    streams = attached_streams(options)
    if not detach:
        image, *command = call.arguments
        attached.check_input(
            call.path, image, command, tty=options["tty"], stdin="stdin" in streams
        )
    container = _create(call)
    if detach or not streams:
        call.engine.container_start(container)
        print(container)
        return 0
    return _take_part(call, container, streams)


def _create(call: Invocation) -> str:
    options = call.options
    body = create_body(options, call.given, call.arguments)
    if options["cidfile"]:
        _check_cidfile(options["cidfile"])
    if options["tty"]:
        from pyminidocker.cli.terminal import size

        body["HostConfig"]["ConsoleSize"] = list(size())
    try:
        made = _make(call, body)
    except NotFound as error:
        if not is_about_image(error):
            raise
        raise _no_image(call.path, error) from None
    for warning in made.get("Warnings") or []:
        print(f"WARNING: {warning}", file=sys.stderr)
    container = str(made["Id"])
    if options["cidfile"]:
        with open(options["cidfile"], "x", encoding="ascii") as file:
            file.write(container)
    return container


def _make(call: Invocation, body: Json) -> Json:
    """Make the container, after getting its image where that is wanted."""
    options, image = call.options, call.arguments[0]
    pull, platform = options["pull"], options["platform"]
    if pull not in ("always", "missing", "never"):
        raise _refuse(call.path, f"invalid pull option: '{pull}': {_POLICIES}")
    if pull == "always":
        _obtain(call, image)
    try:
        return call.engine.container_create(body, name=options["name"], platform=platform)
    except NotFound as error:
        if pull != "missing" or not is_about_image(error):
            raise
        from pyminidocker.cli.pulling import is_reference, tagged

        if not is_reference(image):
            raise
        if not options["quiet"]:
            print(f"Unable to find image '{tagged(image)}' locally", file=sys.stderr)
    _obtain(call, image)
    return call.engine.container_create(body, name=options["name"], platform=platform)


def _obtain(call: Invocation, image: str) -> None:
    from pyminidocker.cli.exit_codes import sentence
    from pyminidocker.cli.pulling import obtain, pull, tagged

    options = call.options
    platform, quiet = options["platform"], options["quiet"]
    try:
        if options["pull"] == "always":
            pull(call.engine, tagged(image), platform=platform, quiet=quiet, out=sys.stderr)
        else:
            obtain(call.engine, image, platform=platform, quiet=quiet)
    except MiniDockerError as error:
        raise _refuse(call.path, sentence(error), error.hint) from None


def _refuse(path: str, text: str, hint: str = "") -> Failure:
    """Return what ends ``run``, or ``create``, before there is a container."""
    if path.endswith("create"):
        return Failure(text, hint=hint)
    return Failure(f"minidocker: {text}", RUN_FAILED, hint=hint)


def is_about_image(error: NotFound) -> bool:
    """Tell whether it is the image that was not found: missing, or for another platform."""
    text = str(error)
    return "No such image" in text or "does not match the specified platform" in text


def _check_cidfile(path: str) -> None:
    if os.path.lexists(path):
        raise Failure(
            f"minidocker: container ID file found, make sure the other container isn't running"
            f" or delete {path}",
            RUN_FAILED,
            usage="pointer",
        )


def _no_image(path: str, error: NotFound) -> Failure:
    """Return what to say when nothing was pulled."""
    from pyminidocker.cli.exit_codes import sentence

    return _refuse(path, sentence(error), error.hint)


def _take_part(call: Invocation, container: str, streams: list[str]) -> int:
    """Attach, start, move bytes to the end, return the exit code.

    The order matters: attached and waiting before the start, so that a process that lives for a
    millisecond loses neither its output nor its exit code.
    """
    engine, options = call.engine, call.options
    tty, keys = options["tty"], options["detach-keys"]
    stream = engine.container_attach(
        container,
        stdin="stdin" in streams,
        stdout="stdout" in streams,
        stderr="stderr" in streams,
        detach_keys=keys,
    )
    wait = engine.container_wait(container, condition="removed" if options["rm"] else "next-exit")
    try:
        engine.container_start(container)
    except MiniDockerError:
        stream.close()
        wait.close()
        raise
    return attached.converse(
        engine,
        container,
        stream,
        wait,
        tty=tty,
        stdin="stdin" in streams,
        keys=attached.detach_keys(keys),
        proxied=options["sig-proxy"],
    )


RUN = Command(ARGUMENTS, tuple(sorted((*COMMON, *ONLY_RUN), key=lambda one: one.long)), run, 1, ANY,
              stop_at_argument=True)  # fmt: skip
CREATE = Command(ARGUMENTS, COMMON, create, 1, ANY, stop_at_argument=True)
