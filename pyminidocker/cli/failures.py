"""What ends a command early: a message for people and the exit code Docker would give."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

USAGE_ERROR = 125  # what pflag errors end with in Docker


class Failure(Exception):
    """The command cannot go on.

    Args:
        message: one line (or a few) that names the thing.
        exit_code: what the process ends with.
        hint: what to try next; printed on its own line.
        usage: ``"full"`` (or ``"full, see"``) adds the verb's usage, as Docker does for wrong
            options; ``"pointer"`` only says where help is.
    """

    def __init__(
        self, message: str, exit_code: int = 1, *, hint: str = "", usage: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.hint = hint
        self.usage = usage


class HelpWanted(Exception):
    """``--help`` was among the options."""


def checked(names: str, text: str, check: Callable[[str], Any]) -> Any:
    """Return what ``check`` makes of an option's value.

    Args:
        names: the option's, for the message.
        text: its value.
        check: raises ValueError for what it does not like.

    Raises:
        Failure: in Docker's words; exit code 125.
    """
    try:
        return check(text)
    except ValueError as error:
        message = f'invalid argument "{text}" for "{names}" flag: {error}'
        raise Failure(message, USAGE_ERROR, usage="full") from None
