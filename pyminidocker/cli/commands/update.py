"""``update``: change the limits of containers, also while they run."""

from __future__ import annotations

import sys

from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.commands.each import each
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.limits import resources
from pyminidocker.cli.run_config import restart_policy
from pyminidocker.cli.run_options import LIMITS


def update(call: Invocation) -> int:
    """Change the same for each container."""
    if not call.given:
        text = "you must provide one or more flags when using this command"
        raise Failure(text)
    changes = resources(call.options, call.given)
    if "restart" in call.given:
        try:
            changes["RestartPolicy"] = restart_policy(call.options["restart"])
        except Failure as failure:
            raise Failure(failure.message.removeprefix("minidocker: ")) from None
    warnings: list[str] = []

    def act(name: str) -> None:
        answer = call.engine.container_update(name, changes)
        warnings.extend(answer.get("Warnings") or [])

    code = each(call.arguments, act)
    for warning in warnings:
        print(warning, file=sys.stderr)
    return code


_RESTART = Option("--restart", "string", "Restart policy to apply when a container exits")
UPDATE = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    tuple(sorted((*LIMITS, _RESTART), key=lambda one: one.long)),
    update,
    1,
    ANY,
)
