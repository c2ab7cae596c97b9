"""``attach``: take part in a running container's main process."""

from __future__ import annotations

from pyminidocker.cli import attached
from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.failures import Failure


def attach(call: Invocation) -> int:
    """Attach and return the container's exit code when it ends."""
    engine, options = call.engine, call.options
    facts = engine.container_inspect(call.arguments[0])
    container, state, config = str(facts["Id"]), facts["State"], facts["Config"]
    if not state["Running"]:
        raise Failure("You cannot attach to a stopped container, start it first")
    if state["Paused"]:
        raise Failure("You cannot attach to a paused container, unpause it first")
    if state["Restarting"]:
        raise Failure("You cannot attach to a restarting container, wait until it is running")
    tty, stdin = config["Tty"], config["OpenStdin"] and not options["no-stdin"]
    attached.check_input(call.path, call.arguments[0], [], tty=tty, stdin=stdin)
    keys = attached.detach_keys(options["detach-keys"])
    wait = engine.container_wait(container)
    stream = engine.container_attach(container, stdin=stdin, detach_keys=options["detach-keys"])
    proxied = options["sig-proxy"] and not tty
    return attached.converse(
        engine, container, stream, wait, tty=tty, stdin=stdin, keys=keys, proxied=proxied,
        redraw=True,
    )  # fmt: skip


ATTACH = Command(
    "[OPTIONS] CONTAINER",
    (
        Option("--detach-keys", "string", "Override the key sequence for detaching a container"),
        Option("--no-stdin", "bool", "Do not attach STDIN"),
        Option("--sig-proxy", "bool", "Proxy all received signals to the process", True),
    ),
    attach,
    1,
    1,
)
