"""Clients of the engine: plain calls (``engine_client``) and friendly objects (``connect``)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyminidocker.client.engine import Engine as Engine

__all__ = ["connect"]


def connect(host: "str | None" = None, *, name: str = "default") -> "Engine":
    """Return the engine, after starting it when none runs.

    Args:
        host: ``unix:///path`` of a socket (then nothing is started), an engine's name, or None
            for what the variable ``MINIDOCKER_HOST`` says.
        name: which of your engines, when there is no ``host``.

    Raises:
        Unavailable: there is none and it could not be started; the message says why.
    """
    from pyminidocker.client.engine import Engine

    return Engine(host or (name if name != "default" else None))
