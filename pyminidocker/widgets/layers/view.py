"""The layer microscope as a live view."""

from typing import Any


def layer_microscope(a: Any, b: Any = None, *, engine: Any = None) -> Any:
    """Show what ``b`` changed relative to ``a``: files added, changed, deleted, hidden, copied up.

    Args:
        a: an image, a container, ``image@N`` (its first N layers) or "" (nothing).
        b: the same; without it, ``a`` is compared with what it stands on: a container with its
            image, an image with nothing.
        engine: whose images; ``pyminidocker.connect()`` by default.

    Returns:
        The widget.  ``.model`` is the data, ``.resurrect(path)`` reads a deleted file out of the
        layer that still holds it, ``str(widget)`` is the text twin.

    Raises:
        NotFound: no such image or container.
    """
    raise NotImplementedError
