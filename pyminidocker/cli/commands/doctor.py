"""``system doctor``: what this host allows."""

from __future__ import annotations

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.help import columns
from pyminidocker.client.transport import socket_of


def doctor(call: Invocation) -> int:
    """Try everything containers need and print the findings; 0 when containers can run."""
    from pyminidocker.doctor import can_run_containers, examine, render, to_json

    engine = socket_of(call.host or None)[1]
    findings = examine(engine or "default")
    print(to_json(findings) if call.options["json"] else render(findings, min(columns(), 100)))
    return 0 if can_run_containers(findings) else 1


DOCTOR = Command(
    "[OPTIONS]",
    (Option("--json", "bool", "Print the findings as JSON"),),
    doctor,
    description="Every facility is tried, not guessed from settings.  The exit code is 0 when\n"
    "containers can run on this host and 1 when they cannot.",
)
