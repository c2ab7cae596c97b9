"""``system start`` and ``system stop``: the engine itself."""

from __future__ import annotations

from pyminidocker.cli.command import Command, Invocation
from pyminidocker.cli.hosts import connect
from pyminidocker.errors import Unavailable


def start(call: Invocation) -> int:
    """Start the engine unless it runs."""
    client = connect(call.host, autostart=False)
    try:
        client.ping()
    except Unavailable:
        if client.engine_name is None:
            raise
        from pyminidocker.client.autostart import start_engine

        start_engine(client.engine_name)
        print(f"The engine has started: unix://{client.socket_path}")
    else:
        print(f"The engine is running: unix://{client.socket_path}")
    return 0


def stop(call: Invocation) -> int:
    """Stop all containers, then the engine; its images, volumes and records stay."""
    client = connect(call.host, autostart=False)
    try:
        client.ping()
    except Unavailable:
        print("The engine is not running.")
        return 0
    client.shutdown()
    print("The engine has stopped.")
    return 0


START = Command("", (), start)
STOP = Command(
    "",
    (),
    stop,
    description=(
        "Containers get 10 seconds to end.  Images, volumes, containers and their logs\n"
        "are kept; the next command starts the engine again."
    ),
)
