"""The namespace lens as a live view."""

from collections.abc import Sequence
from typing import Any


def namespace_lens(
    *targets: Any, engine: Any = None, labels: Sequence[str] = (), numbers: bool = False
) -> Any:
    """Show up to four processes side by side with their eight namespaces.

    Args:
        targets: what to look at: ``"notebook"`` (this Python), a host pid, a container's name or
            a container object of the client.  One target is compared with the notebook.
        engine: whose containers names refer to; ``pyminidocker.connect()`` by default.
        labels: what to call the targets; their own names by default.
        numbers: also print inode numbers and host pids in the text twin and the still picture
            (they differ from run to run).

    Returns:
        The widget.  ``.model`` is the data, ``.refresh()`` reads the kernel again,
        ``.follow`` (a bool) does so every second, ``str(widget)`` is the text twin.

    Raises:
        NotFound: no such process or container.
        Conflict: the container does not run.
    """
    raise NotImplementedError
