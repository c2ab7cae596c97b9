"""``.dockerignore``: which files stay behind.

See: https://docs.docker.com/build/concepts/context/#dockerignore-files; moby/patternmatcher.
"""

from __future__ import annotations

from pyminidocker.errors import NotImplementedHere


class Ignore:
    """The patterns of a ``.dockerignore`` file, or of ``COPY --exclude``.

    Args:
        text: the file's content.

    Attributes:
        patterns: cleaned, in order; exceptions begin with ``!``.

    Raises:
        InvalidArgument: a pattern is malformed.
    """

    def __init__(self, text: str | bytes) -> None:
        self.patterns: tuple[str, ...] = ()
        raise NotImplementedHere(f"cannot be read yet: {len(text)}")

    @classmethod
    def of(cls, patterns: list[str] | tuple[str, ...]) -> Ignore:
        """Return the same for patterns that do not come from a file."""
        return cls("\n".join(patterns))

    def __bool__(self) -> bool:
        """Whether there are patterns at all."""
        return bool(self.patterns)

    def excludes(self, path: str) -> bool:
        """Tell whether the file or directory ``path`` (relative, with slashes) stays behind.

        A path whose parent stays behind does too, unless a later ``!`` pattern brings it back.
        """
        raise NotImplementedHere(f"cannot be judged yet: {path}")

    def may_hold_exceptions(self, directory: str) -> bool:
        """Tell whether something beneath the excluded ``directory`` may be brought back by ``!``."""
        raise NotImplementedHere(f"cannot be judged yet: {directory}")
