"""How a build ends without an image."""

from collections.abc import Sequence

from pyminidocker.errors import InvalidArgument, MiniDockerError, SystemFailure


class StepFailed(MiniDockerError):
    """A RUN's command ended with another code than 0.

    Args:
        message: moby's words.
        exit_code: the command's.
        hint: what to try.
    """

    def __init__(self, message: str, exit_code: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


class CopyError(InvalidArgument):
    """A COPY or ADD cannot be carried out; the caller adds file and line.

    Args:
        message: in Docker's form, ``COPY failed: ...``.
        source: the word of the instruction that is at fault, as far as it is one; to be marked.
        hint: the remedy.
    """

    def __init__(self, message: str, *, source: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.source = source


class BuildFailed(MiniDockerError):
    """A build ended in one of its steps; which one has been told already.

    Args:
        message: what happened.
        hint: what to try.
        exit_code: of the RUN, otherwise 1.
        line: in the Dockerfile, 0 when none is to blame.
        column: from 1, 0 for the whole line.
        excerpt: the line and its neighbours.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        exit_code: int = 1,
        line: int = 0,
        column: int = 0,
        excerpt: Sequence[str] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code
        self.line, self.column, self.excerpt = line, column, tuple(excerpt)


def named(error: MiniDockerError | OSError) -> MiniDockerError:
    """Return the error itself, or for one of the kernel's an error that names the file."""
    if isinstance(error, MiniDockerError):
        return error
    return SystemFailure(
        f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    )
