"""The argv calculator as a live view."""

from typing import Any

from pyminidocker.widgets.base import LearningView


class ArgvCalculator(LearningView):
    """ENTRYPOINT, CMD and the words after the image: what is executed, and what really happens."""


def argv_calculator(
    entrypoint: str = "",
    cmd: str = "",
    args: str = "",
    *,
    image: str = "busybox",
    engine: Any = None,
) -> ArgvCalculator:
    """Show what ENTRYPOINT, CMD and the arguments of ``run`` make of each other.

    Args:
        entrypoint: what stands behind ENTRYPOINT in the Dockerfile, in either form; "" for none.
        cmd: the same for CMD.
        args: the words after the image's name.
        image: the base image.
        engine: where it is tried; ``pyminidocker.connect()`` by default.

    Returns:
        The widget.  ``.run()`` tries the combination in a container.
    """
    raise NotImplementedError
