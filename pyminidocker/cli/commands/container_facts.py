"""``top``, ``port`` and ``wait``: what a container is doing."""

from __future__ import annotations

import sys

from pyminidocker.cli.command import ANY, Command, Invocation
from pyminidocker.cli.commands.each import each
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.output import table
from pyminidocker.client.ports_text import at_port


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
    wanted = _private_port(call.arguments[1]) if len(call.arguments) > 1 else ""
    published = call.engine.container_inspect(name)["NetworkSettings"].get("Ports") or {}
    if wanted:
        if not published.get(wanted):
            raise Failure(f"Error: No public port '{call.arguments[1]}' published for {name}")
        for binding in published[wanted]:
            print(_address(binding))
        return 0
    lines = [
        (int(number), protocol, _address(binding))
        for private, bindings in published.items()
        for number, _, protocol in [private.partition("/")]
        for binding in bindings or []
    ]
    for number, protocol, address in sorted(lines, key=lambda line: line[:2]):
        print(f"{number}/{protocol} -> {address}")
    return 0


def _private_port(text: str) -> str:
    """Return ``80/tcp`` for ``80``.

    Raises:
        Failure: not a port; the text is Go's.
    """
    number, _, protocol = text.partition("/")
    if not number.isdecimal():
        why = "invalid syntax"
    elif int(number) > 65535:
        why = "value out of range"
    else:
        return f"{number}/{protocol or 'tcp'}"
    raise Failure(f'Error: invalid port ({number}): strconv.ParseUint: parsing "{number}": {why}')


def _address(binding: dict[str, str]) -> str:
    return at_port(binding.get("HostIp", ""), binding["HostPort"])


def wait(call: Invocation) -> int:
    """Block until containers have stopped; print their exit codes."""
    return each(call.arguments, lambda name: str(call.engine.container_exit_code(name)))


TOP = Command("CONTAINER [ps OPTIONS]", (), top, 1, ANY, stop_at_argument=True)
PORT = Command("CONTAINER [PRIVATE_PORT[/PROTO]]", (), port, 1, 2)
WAIT = Command("CONTAINER [CONTAINER...]", (), wait, 1, ANY)
