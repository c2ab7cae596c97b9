"""Docker's exit codes and the words around an engine's error.

    125  the engine refused a ``run`` (or an option was wrong)
    126  the command was found but may not be executed
    127  the command was not found in the container
    128+n  the process was ended by signal n
    130  Ctrl-C while nothing was attached

Everything else that fails ends with 1.
"""

from __future__ import annotations

import sys

from pyminidocker.errors import IntegrityError, MiniDockerError, Unavailable

RUN_FAILED = 125
NOT_EXECUTABLE = 126
NOT_FOUND = 127
GENERAL = 1

# The verb that Docker prefixes with the program's name and follows by a pointer to their help.
_RUN_LIKE = ("run", "container run")


def is_from_engine(error: MiniDockerError) -> bool:
    """Tell whether the engine sent ``error`` (or we could not even talk to it)."""
    return not isinstance(error, Unavailable | IntegrityError) and error.__cause__ is None


def sentence(error: MiniDockerError) -> str:
    """Return ``error`` as Docker's CLI words it."""
    return f"Error response from daemon: {error}" if is_from_engine(error) else str(error)


def of_start(message: str) -> int:
    """Return what ``run`` ends with when the engine could not start the process."""
    if "executable file not found" in message or "no such file or directory" in message:
        return NOT_FOUND
    if "permission denied" in message or "is a directory" in message:
        return NOT_EXECUTABLE
    return RUN_FAILED


def report(error: MiniDockerError, path: str) -> int:
    """Print ``error`` for the verb ``path`` and return the exit code."""
    text, code = sentence(error), GENERAL
    if path in _RUN_LIKE:
        text = f"minidocker: {text}"
        code = of_start(str(error))
    if error.hint:
        text += f"\nhint: {error.hint}"
    elif path in _RUN_LIKE and is_from_engine(error):
        text += f"\n\nRun 'minidocker {path} --help' for more information"
    sys.stdout.flush()
    print(text, file=sys.stderr)
    return code
