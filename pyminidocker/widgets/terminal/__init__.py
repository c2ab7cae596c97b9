"""A terminal inside the page: xterm.js on one side, the engine's hijacked stream on the other."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyminidocker.widgets.terminal.view import open_terminal as open_terminal

__all__ = ["open_terminal"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from pyminidocker.widgets.terminal.view import open_terminal

        return open_terminal
    raise AttributeError(f"module 'pyminidocker.widgets.terminal' has no attribute {name!r}")
