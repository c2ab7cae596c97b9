"""Why a processor came back from the guest, and the devices that answer it."""

from collections.abc import Callable
from typing import NamedTuple

from pyminidocker.vm.tiny.programs import CONSOLE, KEYBOARD, SCREEN

OUT, IN, WRITE, READ = "out", "in", "write", "read"
HALT, SHUTDOWN, TIME, ERROR = "halt", "shutdown", "time", "error"
ENDS = {HALT, SHUTDOWN, TIME, ERROR}
REASONS = {
    OUT: "the guest sent a byte to a port",
    IN: "the guest wants a byte from a port",
    WRITE: "the guest wrote to an address where it has no memory",
    READ: "the guest read from an address where it has no memory",
    HALT: "the guest halted its processor",
    SHUTDOWN: "the guest's processor failed: a fault while handling a fault in a fault",
    TIME: "our time was up: a timer's signal took the processor back",
    ERROR: "the processor could not go on",
}


class Exit(NamedTuple):
    """The guest's processor gave back control.

    Attributes:
        reason: one of ``REASONS``.
        where: the port or the address; 0 when there is none.
        value: the byte that was sent or written.
        seconds: from entering the guest to this exit.
        detail: more about an error.
    """

    reason: str
    where: int = 0
    value: int = 0
    seconds: float = 0.0
    detail: str = ""

    def __str__(self) -> str:
        if self.reason in (OUT, WRITE):
            mark = f" {chr(self.value)!r}" if 32 <= self.value < 127 else ""
            return f"{self.reason} {self.where:#x}, {self.value:#04x}{mark}"
        if self.reason in (IN, READ):
            return f"{self.reason} {self.where:#x}"
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


Device = Callable[[Exit], int | None]
"""Gets an exit; returns the byte when one is wanted (None counts as 0)."""


class Devices:
    """A PC's devices, as far as our guests go: serial port, keyboard, text screen.

    Args:
        keys: what the keyboard will say.
    """

    def __init__(self, keys: str = "") -> None:
        self.console = ""
        self._keys = list(keys.encode("latin-1"))
        self._screen: dict[int, str] = {}

    @property
    def screen(self) -> str:
        """The text on the screen."""
        if not self._screen:
            return ""
        return "".join(self._screen.get(n, " ") for n in range(max(self._screen) + 1))

    def __call__(self, exit_: Exit) -> int | None:
        """Answer one exit."""
        if exit_.reason == OUT and exit_.where == CONSOLE:
            self.console += chr(exit_.value)
        elif exit_.reason == IN and exit_.where == KEYBOARD:
            return self._keys.pop(0) if self._keys else 0
        elif exit_.reason == WRITE and 0 <= exit_.where - SCREEN < 4000:
            place, is_colour = divmod(exit_.where - SCREEN, 2)
            if not is_colour:
                self._screen[place] = chr(exit_.value)
        return None
