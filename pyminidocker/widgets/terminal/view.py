"""The terminal as a live view."""

from collections.abc import Sequence
from typing import Any


def open_terminal(
    engine: Any, target: Any, command: str | Sequence[str] = "sh", *, screen_reader: bool = False
) -> Any:
    """Open an interactive terminal in the page.

    Args:
        engine: the client (``pyminidocker.connect()``).
        target: a running container (name or object): the command runs in it; or an image: a new
            container is made and removed when the command ends.
        command: what to run; a string is split as a shell would.
        screen_reader: make the terminal's lines readable to a screen reader.

    Returns:
        The widget.  ``.send(text)`` types, ``.wait(timeout_s)`` waits for the end, ``.exit_code``
        is None until then, ``.transcript`` is all output as plain text, ``.close()`` ends it.

    Raises:
        NotFound: neither a container nor an image has this name.
    """
    raise NotImplementedError
