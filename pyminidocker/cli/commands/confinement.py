"""``confinement``: what holds a container's processes, or this shell."""

from __future__ import annotations

import json
import textwrap

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.help import columns


def confinement(call: Invocation) -> int:
    """Print the report, with the names of the system calls that are refused."""
    from pyminidocker.client.confinement import Confinement

    if call.arguments:
        found = Confinement.of(call.engine.container_confinement(call.arguments[0]))
    else:
        found = Confinement.here()
    if call.options["json"]:
        print(json.dumps(found.document(), indent=2))
        return 0
    width = min(columns(), 100)
    rows = found.rows()
    rows.append(["refused calls", " ".join(sorted(found.denied)) or "none"])
    rows.append(["not tried", " ".join(found.untried)])
    start = max(len(what) for what, _ in rows) + 2
    for what, text in rows:
        lines = textwrap.wrap(text, max(width - start, 30), break_on_hyphens=False) or [""]
        print(what.ljust(start) + ("\n" + " " * start).join(lines))
    return 0


CONFINEMENT = Command(
    "[OPTIONS] [CONTAINER]",
    (Option("--json", "bool", "Print the report as JSON"),),
    confinement,
    0,
    1,
    description="Namespaces, capabilities, user ids and covered paths are read from /proc.  Which\n"
    "system calls are refused is found out by making each of them once, with arguments\n"
    "that mean nothing.  Without a container the report is about this shell.",
)
