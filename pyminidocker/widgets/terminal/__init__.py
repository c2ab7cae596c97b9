"""A terminal inside the page: xterm.js on one side, the engine's hijacked stream on the other."""

from typing import Any

__all__ = ["open_terminal"]


def __getattr__(name: str) -> Any:
    if name == "open_terminal":
        from pyminidocker.widgets.terminal.view import open_terminal

        return open_terminal
    raise AttributeError(f"module 'pyminidocker.widgets.terminal' has no attribute {name!r}")
