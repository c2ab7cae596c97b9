"""``start``: run a container's process again."""

from __future__ import annotations

import sys

from pyminidocker.cli import attached
from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.commands.each import each
from pyminidocker.cli.failures import Failure
from pyminidocker.errors import MiniDockerError, NotModified


def start(call: Invocation) -> int:
    """Start containers; with ``-a`` or ``-i`` take part in the one."""
    options = call.options
    if options["attach"] or options["interactive"]:
        if len(call.arguments) > 1:
            raise Failure("you cannot start and attach multiple containers at once")
        return _take_part(call, call.arguments[0])
    failed: list[str] = []

    def act(name: str) -> None:
        try:
            call.engine.container_start(name)
        except NotModified:
            pass  # it runs: what was asked for holds
        except MiniDockerError:
            failed.append(name)
            raise

    code = each(call.arguments, act)
    if failed:
        sys.stdout.flush()
        print(f"Error: failed to start containers: {', '.join(failed)}", file=sys.stderr)
    return code


def _take_part(call: Invocation, name: str) -> int:
    engine, options = call.engine, call.options
    facts = engine.container_inspect(name)
    container, config = str(facts["Id"]), facts["Config"]
    tty, stdin = config["Tty"], options["interactive"] and config["OpenStdin"]
    attached.check_input(call.path, name, [], tty=tty, stdin=stdin)
    keys = attached.detach_keys(options["detach-keys"])
    removed = facts["HostConfig"].get("AutoRemove")
    stream = engine.container_attach(container, stdin=stdin, detach_keys=options["detach-keys"])
    wait = engine.container_wait(container, condition="removed" if removed else "next-exit")
    try:
        engine.container_start(container)
    except NotModified:
        pass
    except MiniDockerError:
        stream.close()
        wait.close()
        raise
    return attached.converse(
        engine, container, stream, wait, tty=tty, stdin=stdin, keys=keys, proxied=not tty
    )


START = Command(
    "[OPTIONS] CONTAINER [CONTAINER...]",
    (
        Option("-a, --attach", "bool", "Attach STDOUT/STDERR and forward signals"),
        Option("--detach-keys", "string", "Override the key sequence for detaching a container"),
        Option("-i, --interactive", "bool", "Attach container's STDIN"),
    ),
    start,
    1,
    ANY,
)
