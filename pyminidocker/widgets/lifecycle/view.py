"""The life of a container as a live view."""

from typing import Any

from pyminidocker.errors import NotImplementedHere


def lifecycle(container: Any, *, engine: Any = None, live: bool = True) -> Any:
    """Draw the states of a container and follow what happens to it.

    Args:
        container: a container, or its name.
        engine: whose, when a name is given; ``pyminidocker.connect()`` by default.
        live: follow its events from the beginning.

    Returns:
        The widget.  ``.life`` is the data, ``.refresh()`` asks again, ``.live`` (a bool) follows,
        ``str(widget)`` is the text twin.

    Raises:
        NotFound: no such container.
    """
    raise NotImplementedHere("lifecycle is being written")
