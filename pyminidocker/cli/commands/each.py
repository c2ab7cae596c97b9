"""Do something to each of several things, as Docker does: go on after a failure."""

from __future__ import annotations

import sys

from pyminidocker.cli.exit_codes import sentence
from pyminidocker.errors import MiniDockerError, NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def each(names: list[str], act: Callable[[str], str | None], *, forgive: bool = False) -> int:
    """Call ``act`` for every name, print what it returns, and return 1 if one of them failed.

    Args:
        names: what the user listed.
        act: does it to one; returns a line to print (None for the name itself, "" for nothing).
        forgive: what is not there makes no bad exit code (``rm -f``), only a message.

    Raises:
        Unavailable: there is no engine to ask.
    """
    failed = False
    for name in names:
        try:
            line = act(name)
        except Unavailable:
            raise
        except MiniDockerError as error:
            failed = failed or not (forgive and isinstance(error, NotFound))
            sys.stdout.flush()
            print(sentence(error), file=sys.stderr)
            if error.hint:
                print(f"hint: {error.hint}", file=sys.stderr)
        else:
            line = name if line is None else line
            if line:
                print(line)
    return 1 if failed else 0
