"""What COPY and ADD refuse, in Docker's form."""

from pyminidocker.errors import InvalidArgument


class CopyError(InvalidArgument):
    """The instruction cannot be carried out; the caller adds file and line.

    Args:
        message: in Docker's form, ``COPY failed: ...``.
        source: the source (or flag) at fault, as written; empty for none.
        hint: the remedy.
    """

    def __init__(self, message: str, *, source: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source
