"""``network topology``: the lab's network as a tree, read from the kernel."""

from __future__ import annotations

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.failures import USAGE_ERROR, Failure
from pyminidocker.cli.output import pretty
from pyminidocker.client.lab_tree import lines


def topology(call: Invocation) -> int:
    """Print the picture, once or whenever it has changed."""
    form = call.options["format"]
    if form not in ("", "json"):
        raise Failure(f"unknown format {form!r}", USAGE_ERROR, hint="json, or none for a tree")
    if not call.options["follow"]:
        return _show(call, form)
    try:
        for number in call.engine.topology_changes():
            if number > 1:
                print()
            _show(call, form)
    except KeyboardInterrupt:
        pass
    return 0


def _show(call: Invocation, form: str) -> int:
    document = call.engine.topology()
    text = pretty(document) if form == "json" else "\n".join(lines(document))
    print(text, flush=True)
    return 0


TOPOLOGY = Command(
    "[OPTIONS]",
    (
        Option("-f, --follow", "bool", "Show it again whenever it has changed"),
        Option("--format", "string", "json: everything the kernel and the engine know"),
    ),
    topology,
    description=(
        "Show links, cables, addresses and routes of the lab and its containers. All of it is\n"
        "read from the kernel at this moment; only names are the engine's."
    ),
)
