"""``logs``: what a container has written so far, and goes on writing."""

from __future__ import annotations

import sys

from pyminidocker.cli.command import Command, Invocation, Option
from pyminidocker.cli.failures import Failure
from pyminidocker.cli.session import write_all
from pyminidocker.cli.times import timestamp
from pyminidocker.framing.stdcopy import STDERR, Demultiplexer


def _moment(call: Invocation, name: str) -> str:
    try:
        return timestamp(call.options[name])
    except ValueError as error:
        raise Failure(f'invalid value for "{name}": {error}') from None


def logs(call: Invocation) -> int:
    """Print a container's log."""
    options = call.options
    since, until = _moment(call, "since"), _moment(call, "until")
    facts = call.engine.container_inspect(call.arguments[0])
    with call.engine.container_logs(
        str(facts["Id"]),
        follow=options["follow"],
        timestamps=options["timestamps"],
        since=since,
        until=until,
        tail=options["tail"],
        details=options["details"],
    ) as response:
        sys.stdout.flush()
        split = Demultiplexer()
        for data in response.chunks():
            if facts["Config"]["Tty"]:
                write_all(1, data)
                continue
            for stream, piece in split.feed(data):
                write_all(2 if stream == STDERR else 1, piece)
    return 0


LOGS = Command(
    "[OPTIONS] CONTAINER",
    (
        Option("--details", "bool", "Show extra details provided to logs"),
        Option("-f, --follow", "bool", "Follow log output"),
        Option(
            "--since",
            "string",
            'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42'
            " minutes)",
        ),
        Option("-n, --tail", "string", "Number of lines to show from the end of the logs", "all"),
        Option("-t, --timestamps", "bool", "Show timestamps"),
        Option(
            "--until",
            "string",
            'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for'
            " 42 minutes)",
        ),
    ),
    logs,
    1,
    1,
)
