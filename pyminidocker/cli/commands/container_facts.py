"""``top``, ``port`` and ``wait``: what a container is doing."""

from __future__ import annotations

import sys

from pyminidocker.cli.command import ANY, Command, Invocation
from pyminidocker.cli.commands.each import each
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.output import table


def top(call: Invocation) -> int:
    """Show the processes of a container, as the real host sees them."""
    name, *ps_options = call.arguments
    shown = call.engine.container_top(name, ps_args=" ".join(ps_options))
    rows = [shown["Titles"], *(shown["Processes"] or [])]
    sys.stdout.write(table(rows, least=20, gap=1) + "\n")
    return 0


def port(call: Invocation) -> int:
    """Show where a container's ports are published."""
    name = call.arguments[0]
    settings = call.engine.container_inspect(name)["NetworkSettings"]
    published = settings.get("Ports") or {}
    if len(call.arguments) > 1:
        wanted = call.arguments[1]
        wanted = wanted if "/" in wanted else f"{wanted}/tcp"
        bindings = published.get(wanted)
        if not bindings:
            raise Failure(f"Error: No public port '{call.arguments[1]}' published for {name}")
        for binding in bindings:
            print(_address(binding))
        return 0
    for private in sorted(published):
        for binding in published[private] or []:
            print(f"{private} -> {_address(binding)}")
    return 0


def _address(binding: dict[str, str]) -> str:
    host = binding.get("HostIp", "")
    return f"[{host}]:{binding['HostPort']}" if ":" in host else f"{host}:{binding['HostPort']}"


def wait(call: Invocation) -> int:
    """Block until containers have stopped; print their exit codes."""
    return each(call.arguments, lambda name: str(call.engine.container_exit_code(name)))


TOP = Command("CONTAINER [ps OPTIONS]", (), top, 1, ANY, stop_at_argument=True)
PORT = Command("CONTAINER [PRIVATE_PORT[/PROTO]]", (), port, 1, 2)
WAIT = Command("CONTAINER [CONTAINER...]", (), wait, 1, ANY)
