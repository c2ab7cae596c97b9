"""``attach``: take part in a running container's main process."""

from __future__ import annotations

from pyminidocker.cli import attached
from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.session import DETACHED, GIVEN_UP, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
    resizes: Any = None
    if tty:
        resizes = lambda rows, columns: engine.container_resize(container, rows, columns)  # noqa: E731
        # A change of size makes full-screen programs draw themselves again.
        attached.resize_quietly(lambda rows, columns: resizes(rows + 1, columns + 1))
        attached.resize_quietly(resizes)
    proxied = options["sig-proxy"] and not tty
    session = Session(
        stream,
        tty=tty,
        stdin=stdin,
        detach_keys=keys if tty else b"",
        proxy=attached.proxy_to(engine, container) if proxied else None,
        resize=resizes,
    )
    end = session.run()
    if end == DETACHED:
        attached.say_detached()
        return 0
    if end == GIVEN_UP:
        return attached.say_given_up()
    stream.close()
    return wait.result()


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
