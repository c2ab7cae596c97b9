"""Start the engine when a client finds none."""

from __future__ import annotations


def start_engine(name: str = "default", *, timeout_s: float = 30.0) -> None:
    """Start engine ``name`` in the background and return when it answers.

    Safe when several clients do it at once: one starts it, the others wait for that one.

    Args:
        name: the engine's name.
        timeout_s: how long to wait for it.

    Raises:
        Unavailable: it did not start; the message has the end of its log.
    """
    raise NotImplementedError
