"""``exec``: another process in a running container."""

from __future__ import annotations

from pyminidocker.cli import attached
from pyminidocker.cli.command import ANY, Command, Invocation, Option
from pyminidocker.cli.environment import check_variable, variables
from pyminidocker.cli.failures import checked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = dict[str, Any]


def _body(call: Invocation) -> Json:
    options = call.options
    detach = options["detach"]
    body: Json = {
        "Cmd": call.arguments[1:],
        "AttachStdin": options["interactive"] and not detach,
        "AttachStdout": not detach,
        "AttachStderr": not detach,
        "Tty": options["tty"],
        "Env": variables(
            [checked("-e, --env", text, check_variable) for text in options["env"]],
            options["env-file"],
        ),
        "DetachKeys": options["detach-keys"],
    }
    for key, name in (("User", "user"), ("WorkingDir", "workdir"), ("Privileged", "privileged")):
        if options[name]:
            body[key] = options[name]
    if options["tty"]:
        from pyminidocker.cli.terminal import size

        body["ConsoleSize"] = list(size())
    return body


def run(call: Invocation) -> int:
    """Run a command in a container and return its exit code."""
    engine, options = call.engine, call.options
    container, *command = call.arguments
    tty, stdin = options["tty"], options["interactive"] and not options["detach"]
    attached.check_input(call.path, container, command, tty=tty, stdin=stdin)
    keys = attached.detach_keys(options["detach-keys"])
    exec_id = str(engine.exec_create(container, _body(call))["Id"])
    if options["detach"]:
        engine.exec_start_detached(exec_id)
        return 0
    from pyminidocker.cli.session import DETACHED, Session

    stream = engine.exec_start(exec_id, tty=tty)
    resizes: Any = None
    if tty:
        resizes = lambda rows, columns: engine.exec_resize(exec_id, rows, columns)  # noqa: E731
        attached.resize_quietly(resizes)
    session = Session(
        stream, tty=tty, stdin=stdin, detach_keys=keys if tty else b"", resize=resizes
    )
    if session.run() == DETACHED:
        attached.say_detached()
        return 0
    stream.close()
    return int(engine.exec_inspect(exec_id).get("ExitCode") or 0)


EXEC = Command(
    "[OPTIONS] CONTAINER COMMAND [ARG...]",
    (
        Option("-d, --detach", "bool", "Detached mode: run command in the background"),
        Option("--detach-keys", "string", "Override the key sequence for detaching a container"),
        Option("-e, --env", "list", "Set environment variables"),
        Option("--env-file", "list", "Read in a file of environment variables"),
        Option("-i, --interactive", "bool", "Keep STDIN open even if not attached"),
        Option("--privileged", "bool", "Give extended privileges to the command"),
        Option("-t, --tty", "bool", "Allocate a pseudo-TTY"),
        Option("-u, --user", "string", 'Username or UID (format: "<name|uid>[:<group|gid>]")'),
        Option("-w, --workdir", "string", "Working directory inside the container"),
    ),
    run,
    2,
    ANY,
    stop_at_argument=True,
)
