"""``volume export`` and ``import``: keep what a volume holds in a file, and bring it back."""

from __future__ import annotations

import os

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.commands.archives import archive, write
from pyminidocker.cli.failures import Failure


def export(call: Invocation) -> int:
    """Write what a volume holds into an archive."""
    name, options = call.arguments[0], call.options
    pause = options["pause"]
    return write(options["output"], lambda: call.engine.volume_export(name, pause=pause))


def import_(call: Invocation) -> int:
    """Give a volume what an archive holds, and print its name."""
    name = call.arguments[0]
    path = call.arguments[1] if len(call.arguments) > 1 else "-"
    if path == "-" and os.isatty(0):
        raise Failure(
            "requested import from stdin, but stdin is empty",
            hint=f"name a file: minidocker volume import {name} FILE",
        )
    pieces = archive("" if path == "-" else path, None)
    made = call.engine.volume_import(name, pieces, replace=call.options["replace"])
    print(made["Name"])
    return 0


EXPORT = Command(
    "[OPTIONS] VOLUME",
    (
        Option("-o, --output", "string", "Write to a file, instead of STDOUT"),
        Option("-p, --pause", "bool", "Pause running containers that use the volume meanwhile"),
    ),
    export,
    1,
    1,
    description=(
        "Docker has no such verb: there, a container with the volume and a directory mounted\n"
        "runs tar. The archive is the same."
    ),
)
IMPORT = Command(
    "[OPTIONS] VOLUME [FILE|-]",
    (Option("--replace", "bool", "Lose what the volume holds now"),),
    import_,
    1,
    2,
    description=(
        "Makes the volume when there is none. It gets exactly what the archive holds, or stays\n"
        "as it was. Containers that use it must not run."
    ),
)
