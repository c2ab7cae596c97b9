"""Which engine a command talks to."""

from __future__ import annotations

from pyminidocker.client.engine_client import EngineClient


def connect(host: str = "", *, autostart: bool = True) -> EngineClient:
    """Return a client of the engine that ``host`` (or ``MINIDOCKER_HOST``) names.

    Args:
        host: an engine's name, a socket's path or ``unix:///path``; empty for the default.
        autostart: start the engine when it is one of ours and does not run.

    Raises:
        MiniDockerError: the host makes no sense.
    """
    return EngineClient(host or None, autostart=autostart)
