"""The build tree as a live view."""

from typing import Any

from pyminidocker.widgets.base import LearningView


class BuildTree(LearningView):
    """Stages and steps of a build, and why each was or was not taken from the cache."""


def build_tree(build: Any = None, previous: Any = None) -> BuildTree:
    """Show a build as a tree of stages and steps: what came from the cache, and why the rest not.

    Args:
        build: what ``engine.build`` returned, or its records; nothing for a tree that waits for a
            build: ``tree = build_tree()``, then ``engine.build(..., progress=tree)``.
        previous: the build to compare it with.

    Returns:
        The widget.  ``str(widget)`` is the text twin, ``.run`` the data.
    """
    raise NotImplementedError
