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
        made = call.engine.container_create(body, name=options["name"])
    except NotFound as error:
        if "No such image" not in str(error):
            raise
        if options["pull"] != "never":
            print(f"Unable to find image '{_tagged(call.arguments[0])}' locally", file=sys.stderr)
        raise _no_image(call.path, error) from None
    for warning in made.get("Warnings") or []:
        print(f"WARNING: {warning}", file=sys.stderr)
    container = str(made["Id"])
    if options["cidfile"]:
        with open(options["cidfile"], "x", encoding="ascii") as file:
            file.write(container)
    return container


def _check_cidfile(path: str) -> None:
    if os.path.lexists(path):
        raise Failure(
            f"minidocker: container ID file found, make sure the other container isn't running"
            f" or delete {path}",
            RUN_FAILED,
            usage="pointer",
        )


def _tagged(image: str) -> str:
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def _no_image(path: str, error: NotFound) -> Failure:
    """Return what to say instead of pulling."""
    from pyminidocker.cli.exit_codes import sentence

    if path.endswith("create"):
        return Failure(sentence(error), hint=error.hint)
    return Failure(f"minidocker: {sentence(error)}", RUN_FAILED, hint=error.hint)


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
